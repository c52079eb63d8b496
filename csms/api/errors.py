"""Everything that can go wrong, as problem+json (RFC 9457).

`type` is a stable URN, `reason` its last word for programs, `title` the sentence for people, `detail` names
the thing and the value. `errors` names each member that is not valid.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import ValidationError as ModelInvalid
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from csms.domain.errors import Reason, Refused
from csms.eventlog.store import StreamContended

logger = logging.getLogger(__name__)

# The status of each refusal; 409 (it does not fit the state of things) for those that are not named.
STATUS = {
    Reason.EXPIRED: 422,
    Reason.INVALID_PARAMETERS: 422,
    Reason.SECRET_SETTING: 422,
    Reason.UNKNOWN_CHARGE_POINT: 404,
    Reason.UNKNOWN_COMMAND: 404,
}
TITLES = {
    400: "The request cannot be read.",
    401: "Who calls is not known.",
    403: "This caller may not do that.",
    404: "There is no such thing.",
    405: "This resource has no such method.",
    422: "Some members are not valid.",
    500: "A fault on our side.",
    503: "Try again later.",
}
REASONS = {
    400: "unreadable",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    422: "invalid",
    500: "fault",
    503: "unavailable",
}


class MemberError(Schema):
    """member: where it is, joined by dots. message: what is wrong with it."""

    member: str
    message: str


class ProblemOut(Schema):
    type: str
    title: str
    status: int
    detail: str
    reason: str
    errors: list[MemberError] = []


class Problem(Exception):
    """Raise it anywhere below an operation to answer with it."""

    def __init__(
        self,
        status: int,
        reason: str,
        title: str,
        detail: str = "",
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(f"{title} {detail}")
        self.status = status
        self.reason = reason
        self.title = title
        self.detail = detail
        self.errors = errors or []


def problem(
    status: int,
    *,
    reason: str = "",
    title: str = "",
    detail: str = "",
    errors: list[dict[str, str]] | None = None,
) -> HttpResponse:
    reason = reason or REASONS[status]
    body = {
        "type": f"urn:pyrocpp:problem:{reason.replace('_', '-')}",
        "title": title or TITLES[status],
        "status": status,
        "detail": detail,
        "reason": reason,
        "errors": errors or [],
    }
    response = HttpResponse(json.dumps(body), content_type="application/problem+json", status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="PyROCPP"'
    if status == 503:
        response["Retry-After"] = "1"
    return response


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", TITLES[404], what)


def invalid(member: str, message: str) -> Problem:
    return Problem(
        422, "invalid", TITLES[422], f"{member}: {message}", [{"member": member, "message": message}]
    )


def register(api: NinjaAPI) -> None:
    """Give the API a handler for each kind of error."""
    handlers: dict[type[Exception], Any] = {
        Problem: _problem,
        Refused: _refused,
        ValidationError: _invalid,
        ModelInvalid: _model_invalid,
        AuthenticationError: _unauthenticated,
        HttpError: _http_error,
        Http404: _no_such_thing,
        StreamContended: _unavailable,
        OperationalError: _unavailable,
        Exception: _fault,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _problem(_: HttpRequest, raised: Problem) -> HttpResponse:
    return problem(
        raised.status, reason=raised.reason, title=raised.title, detail=raised.detail, errors=raised.errors
    )


def _refused(_: HttpRequest, refused: Refused) -> HttpResponse:
    message = refused.detail.removeprefix(f"{refused.member}: ")
    errors = [{"member": refused.member, "message": message}] if refused.member else []
    return problem(
        STATUS.get(refused.reason, 409),
        reason=refused.reason.name.lower(),
        title=refused.reason.value,
        detail=refused.detail,
        errors=errors,
    )


def _invalid(_: HttpRequest, raised: ValidationError) -> HttpResponse:
    errors = [
        {"member": _path(error["loc"]), "message": str(error["msg"]).removeprefix("Value error, ")}
        for error in raised.errors
    ]
    return problem(422, detail=f"{errors[0]['member']}: {errors[0]['message']}", errors=errors)


def _path(location: tuple[Any, ...]) -> str:
    """Without the parts that only say where ninja found it: ("body", "data", "name") -> "name"."""
    words = [str(word) for word in location]
    if words and words[0] in ("body", "query", "path", "header", "form"):
        words = words[1:]
    if len(words) > 1 and words[0] in ("body", "filters"):
        words = words[1:]
    return ".".join(words) or "body"


def _model_invalid(_: HttpRequest, raised: ModelInvalid) -> HttpResponse:
    errors = [
        {"member": "" if member == "__all__" else member, "message": message}
        for member, messages in raised.message_dict.items()
        for message in messages
    ]
    return problem(422, detail=f"{errors[0]['member']}: {errors[0]['message']}", errors=errors)


def _unauthenticated(_: HttpRequest, __: AuthenticationError) -> HttpResponse:
    return problem(401, detail="send Authorization: Bearer with an API token, or sign in")


def _http_error(_: HttpRequest, raised: HttpError) -> HttpResponse:
    cause = raised.__cause__
    said = cause if isinstance(cause, HttpError) else raised  # ninja hides what our parser said
    return problem(said.status_code if said.status_code in TITLES else 400, detail=str(said))


def _no_such_thing(_: HttpRequest, raised: Http404) -> HttpResponse:
    return problem(404, detail=str(raised))


def _unavailable(_: HttpRequest, raised: Exception) -> HttpResponse:
    logger.warning("answered 503: %r", raised)
    return problem(503)


def _fault(request: HttpRequest, raised: Exception) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=raised)
    return problem(500)
