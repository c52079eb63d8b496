"""A client of the API, and charge points with a history that went through the real log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from csms.api import tokens
from csms.api.scopes import Scope


class Api:
    """Calls with a token; answers are plain responses, with `.json()`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **names},
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def person(db: None) -> Any:
    return get_user_model().objects.create_user("ada", is_staff=True)


@pytest.fixture
def api_with(person: Any) -> Callable[..., Api]:
    """api_with("read", "command") -> a client with these scopes."""

    def make(*scopes: str) -> Api:
        return Api(tokens.create(person, name="test", scopes=[Scope(s) for s in scopes])[1])

    return make


@pytest.fixture
def api(api_with: Callable[..., Api]) -> Api:
    """A client that may do everything."""
    return api_with(*Scope)
