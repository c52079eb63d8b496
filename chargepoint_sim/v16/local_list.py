"""The local authorization list and its upkeep by the central system (sections 3.5.2, 5.10 and 5.15).

How the list counts against the cache stands in `tokens.py`; what follows from it in `authorization.py`.
"""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.v16 import configuration, tokens
from chargepoint_sim.v16.state import ChargePointState
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import local_auth_list
from ocpp_core.v16.local_auth_list import AuthorizationData, UpdateStatus, UpdateType

NOT_SUPPORTED = -1


def version(state: ChargePointState) -> int:
    """The version of the list; 0 when it is empty, whatever number came with the update that emptied it."""
    return state.local_list_version if state.local_list else 0


def on_get_local_list_version(
    turn: Turn, request: local_auth_list.GetLocalListVersion.Request
) -> local_auth_list.GetLocalListVersion.Response:
    has_list = configuration.offers(turn.state, local_auth_list.PROFILE)
    return local_auth_list.GetLocalListVersion.Response(
        list_version=version(turn.state) if has_list else NOT_SUPPORTED
    )


def on_send_local_list(
    turn: Turn, request: local_auth_list.SendLocalList.Request
) -> local_auth_list.SendLocalList.Response:
    """All of the update or nothing of it. A list that is switched off is kept up to date all the same."""
    return local_auth_list.SendLocalList.Response(status=_update(turn, request))


def _update(turn: Turn, request: local_auth_list.SendLocalList.Request) -> UpdateStatus:
    state = turn.state
    if not configuration.offers(state, local_auth_list.PROFILE):
        return UpdateStatus.NOT_SUPPORTED
    is_full = request.update_type is UpdateType.FULL
    if not is_full and request.list_version <= version(state):
        return UpdateStatus.VERSION_MISMATCH
    entries = request.local_authorization_list or ()
    problem = _problem(turn, request.list_version, entries, is_full=is_full)
    if problem:
        turn.log(f"local list refused: {problem}")
        return UpdateStatus.FAILED
    changed = {} if is_full else dict(state.local_list)
    for entry in entries:
        key = entry.id_tag.casefold()
        if entry.id_tag_info is None:
            changed.pop(key, None)
        else:
            changed[key] = tokens.to_info(turn, entry.id_tag, entry.id_tag_info, is_listed=True)
    if len(changed) > configuration.number(state, "LocalAuthListMaxLength"):
        turn.log(f"local list refused: {len(changed)} entries are too many")
        return UpdateStatus.FAILED
    state.local_list, state.local_list_version = changed, request.list_version
    for key in changed.keys() & state.cache.keys():
        del state.cache[key]  # what stands in the list is not in the cache
        turn.touch(f"token:{key}")
    turn.touch("list")
    return UpdateStatus.ACCEPTED


def _problem(turn: Turn, number: int, entries: tuple[AuthorizationData, ...], *, is_full: bool) -> str:
    """Why an update cannot be taken; empty when it can."""
    if number <= 0:
        return f"version {number}"
    if len(entries) > configuration.number(turn.state, "SendLocalListMaxLength"):
        return f"{len(entries)} entries in one message"
    if len({entry.id_tag.casefold() for entry in entries}) < len(entries):
        return "a token twice"
    if is_full and any(entry.id_tag_info is None for entry in entries):
        return "a full list with something to delete"
    return ""


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {
    "GetLocalListVersion": on_get_local_list_version,
    "SendLocalList": on_send_local_list,
}
