"""People of each role, signed in."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from csms.backoffice import roles


@pytest.fixture
def signed_in(db: None) -> Callable[..., Client]:
    """signed_in("viewer") -> the client of a new person with that role; "" has none, "superuser" all."""

    def sign_in(role: str = "superuser") -> Client:
        roles.create()
        people = get_user_model().objects
        person = people.create_user(username=f"{role or 'nobody'}-person", is_staff=True)
        if role == "superuser":
            person.is_superuser = True
            person.save()
        elif role:
            person.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(person)
        return client

    return sign_in
