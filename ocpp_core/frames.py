"""Frames of OCPP-J: JSON text <-> Call, CallResult, CallError. Knows no action.

Reading is tolerant where the meaning is plain (a CALLERROR with four items, details that are a string, a
payload that is null); everything else raises RemoteProtocolError, which says whether it can be answered.
Writing is compact JSON. The usual frame is read in one go by a typed decoder; the rest is taken apart.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ocpp_core.errors import Rejection, RemoteProtocolError, Violation, tidy

UNIQUE_ID_LIMIT: Final = 36
"""Longest message id (OCPP-J 4.1.4)."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """`[2, uniqueId, action, payload]`"""

    unique_id: str
    action: str
    payload: msgspec.Raw

    @property
    def text(self) -> str:
        return render_call(self.unique_id, self.action, bytes(self.payload).decode())


class CallResult(msgspec.Struct, frozen=True, gc=False):
    """`[3, uniqueId, payload]`"""

    unique_id: str
    payload: msgspec.Raw

    @property
    def text(self) -> str:
        return render_result(self.unique_id, bytes(self.payload).decode())


class CallError(msgspec.Struct, frozen=True, gc=False):
    """`[4, uniqueId, errorCode, errorDescription, errorDetails]`"""

    unique_id: str
    code: str
    description: str = ""
    details: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return render_error(self.unique_id, self.code, self.description, self.details)


Frame = Call | CallResult | CallError


def parse(text: str) -> Frame:
    """Read one frame.

    Raises RemoteProtocolError. Its unique_id is set where one can be read; is_answer tells that a CALLRESULT
    or CALLERROR is broken, which is only recorded. No other exception leaves it, whatever the text.
    """
    try:
        if not text.endswith("}]"):
            pass  # a payload that is no object, or unusual spaces
        elif text.startswith("[2,"):
            _, unique_id, action, payload = _decode_call(text)
            if 0 < len(unique_id) <= UNIQUE_ID_LIMIT and "\0" not in unique_id and "\0" not in action:
                return Call(unique_id, action, payload)
        elif text.startswith("[3,"):
            _, unique_id, payload = _decode_result(text)
            if "\0" not in unique_id:
                return CallResult(unique_id, payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass  # taken apart below, to say what is wrong
    return _take_apart(text)


def render_call(unique_id: str, action: str, payload_json: str) -> str:
    """The text of a CALL."""
    return f"[2,{_quote(unique_id)},{_quote(action)},{payload_json}]"


def render_result(unique_id: str, payload_json: str) -> str:
    """The text of a CALLRESULT."""
    return f"[3,{_quote(unique_id)},{payload_json}]"


def render_error(
    unique_id: str, code: str, description: str = "", details: dict[str, Any] | None = None
) -> str:
    """The text of a CALLERROR. description: made one line of at most 255 characters."""
    return _encode((4, unique_id, code, tidy(description), details or {})).decode()


_decode_call: Final = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw]).decode
_decode_result: Final = msgspec.json.Decoder(tuple[int, str, msgspec.Raw]).decode
_decode_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_plainly: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_EMPTY: Final = msgspec.Raw(b"{}")
_UNREADABLE: Final = object()


def _quote(text: str) -> str:
    return _encode(text).decode()


def _take_apart(text: str) -> Frame:
    try:
        items = _decode_items(text)
    except msgspec.ValidationError:
        raise _broken("the frame is not an array", Rejection.NOT_A_FRAME) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _not_json(text) from None
    kind = _value(items[0]) if items else _UNREADABLE
    if type(kind) is not int:
        raise _broken("the frame does not start with a message type number", Rejection.NOT_A_FRAME)
    if kind not in _READERS:
        raise _broken(f"message type {str(kind)[:20]} is not known", Rejection.UNKNOWN_MESSAGE_TYPE)
    unique_id = _value(items[1]) if len(items) > 1 else _UNREADABLE
    if not isinstance(unique_id, str) or "\0" in unique_id:
        raise _broken("the message id is not a readable string", Rejection.NOT_A_FRAME, is_answer=kind != 2)
    return _READERS[kind](unique_id, items)


def _not_json(text: str) -> RemoteProtocolError:
    """Near JSON (half a surrogate pair, NaN) may have a readable id; then its sender gets an answer."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    match items:
        case [(2 | 3 | 4) as kind, str(unique_id), *_] if unique_id.isprintable() and unique_id.isascii():
            return RemoteProtocolError(
                Violation.FORMATION,
                "not JSON in the strict sense",
                rejection=Rejection.BAD_CALL if kind == 2 else Rejection.BAD_ANSWER,
                unique_id=unique_id,
                is_answer=kind != 2,
            )
    return _broken("not JSON", Rejection.NOT_JSON)


def _read_call(unique_id: str, items: list[msgspec.Raw]) -> Call:
    action = _value(items[2]) if len(items) > 2 else _UNREADABLE
    action_name = tidy(action) if isinstance(action, str) else ""

    def bad(description: str) -> RemoteProtocolError:
        return RemoteProtocolError(
            Violation.FORMATION,
            description,
            rejection=Rejection.BAD_CALL,
            unique_id=unique_id,
            action_name=action_name,
        )

    if len(items) != 4:
        raise bad(f"a CALL has 4 items, this one {len(items)}")
    if not unique_id:
        raise bad("the message id is empty")
    if len(unique_id) > UNIQUE_ID_LIMIT:
        raise bad(f"the message id has {len(unique_id)} characters, {UNIQUE_ID_LIMIT} are allowed")
    if not isinstance(action, str) or "\0" in action:
        raise bad("the action is not a readable string")
    return Call(unique_id, action, _payload(items[3]))


def _read_result(unique_id: str, items: list[msgspec.Raw]) -> CallResult:
    if len(items) != 3:
        raise _bad_answer(unique_id, f"a CALLRESULT has 3 items, this one {len(items)}")
    return CallResult(unique_id, _payload(items[2]))


def _read_error(unique_id: str, items: list[msgspec.Raw]) -> CallError:
    code = _readable(items[2]) if len(items) > 2 else None
    if not isinstance(code, str) or len(items) > 5:
        raise _bad_answer(
            unique_id, f"a CALLERROR has 5 items, the third a code; this one {len(items)} items"
        )
    description = _readable(items[3]) if len(items) > 3 else ""
    details = _readable(items[4]) if len(items) > 4 else {}
    if not isinstance(details, dict):
        details = {"details": details} if details else {}
    return CallError(unique_id, code, description if isinstance(description, str) else "", details)


_READERS: Final[dict[int, Callable[[str, list[msgspec.Raw]], Frame]]] = {
    2: _read_call,
    3: _read_result,
    4: _read_error,
}


def _broken(description: str, rejection: Rejection, *, is_answer: bool = False) -> RemoteProtocolError:
    return RemoteProtocolError(
        Violation.PROTOCOL_ERROR, description, rejection=rejection, is_answer=is_answer
    )


def _bad_answer(unique_id: str, description: str) -> RemoteProtocolError:
    return RemoteProtocolError(
        Violation.FORMATION, description, rejection=Rejection.BAD_ANSWER, unique_id=unique_id, is_answer=True
    )


def _payload(raw: msgspec.Raw) -> msgspec.Raw:
    return _EMPTY if bytes(raw) == b"null" else raw


def _value(raw: msgspec.Raw) -> Any:
    """The JSON value of an item, or _UNREADABLE."""
    try:
        return _decode_plainly(raw)
    except (msgspec.DecodeError, RecursionError):
        return _UNREADABLE


def _readable(raw: msgspec.Raw) -> Any:
    """Like _value, for people and databases: a NUL is replaced; what is unreadable is None."""
    value = _value(msgspec.Raw(bytes(raw).replace(b"\\u0000", b"\\ufffd")))
    return None if value is _UNREADABLE else value
