"""What is known here about id tokens: local list and authorization cache (1.6 3.4 and 3.5)."""

from chargepoint_sim.v16 import configuration
from chargepoint_sim.v16.state import TokenInfo
from chargepoint_sim.v16.turn import Turn, utc_of
from ocpp_core.v16.types import IdTagInfo

CACHE_LIMIT = 1000


def look_up(turn: Turn, id_token: str) -> tuple[TokenInfo | None, bool]:
    """What is known here about a token, and whether the local list says so; the list has priority."""
    state = turn.state
    listed = state.local_list.get(id_token.casefold())
    if listed is not None and is_list_used(turn):
        return listed, True
    if configuration.flag(state, "AuthorizationCacheEnabled"):
        return state.cache.get(id_token.casefold()), False
    return None, False


def is_list_used(turn: Turn) -> bool:
    return configuration.flag(turn.state, "LocalAuthListEnabled")


def contradicts_list(turn: Turn, id_token: str, info: IdTagInfo) -> bool:
    """Does the central system say otherwise than the list it gave us?"""
    listed = turn.state.local_list.get(id_token.casefold())
    if listed is None or not is_list_used(turn):
        return False
    return listed.is_valid(turn.utc) is not to_info(turn, id_token, info, is_listed=True).is_valid(turn.utc)


def learn(turn: Turn, id_token: str, info: IdTagInfo) -> None:
    """Put into the cache what the central system said about a token; ids of the local list stay out of it."""
    state, key = turn.state, id_token.casefold()
    if not configuration.flag(state, "AuthorizationCacheEnabled") or key in state.local_list:
        return
    if key not in state.cache and len(state.cache) >= CACHE_LIMIT:
        # Entries that are not valid go first, then the oldest (section 3.5.1).
        oldest = min(
            state.cache, key=lambda k: (state.cache[k].is_valid(turn.utc), state.cache[k].learned_utc)
        )
        del state.cache[oldest]
        turn.touch(f"token:{oldest}")
    state.cache[key] = to_info(turn, id_token, info)
    turn.touch(f"token:{key}")


def to_info(turn: Turn, id_token: str, info: IdTagInfo, *, is_listed: bool = False) -> TokenInfo:
    return TokenInfo(
        id_token=id_token,
        status=info.status,
        expires_utc=utc_of(info.expiry_date) if info.expiry_date is not None else None,
        parent=info.parent_id_tag,
        learned_utc=turn.utc,
        is_listed=is_listed,
    )


def is_same(one: str | None, other: str | None) -> bool:
    """Tokens compare without regard to case; None is never the same as anything."""
    return one is not None and other is not None and one.casefold() == other.casefold()
