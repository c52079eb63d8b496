"""What may be said against a command, from what is known of its charge point.

The outbox asks these before it records a command, on the newest state of the stream, so that the API, the
back office and the command line refuse the same things for the same reasons. settings.COMMAND_CONDITIONS are
asked always, settings.COMMAND_VETOES not of a command that is sent as given.
A veto is `(state, command) -> None` and raises Refused.
"""

from __future__ import annotations

from csms.charging.models import ChargePoint, ChargePointSetting, Transaction
from csms.charging.projections import ENDED
from csms.charging.tables import CONNECTORS, TRANSACTIONS
from csms.domain import commands
from csms.domain.errors import Reason, Refused
from csms.eventlog.state import StreamState


def is_registered(state: StreamState, _: commands.Command) -> None:
    """Nothing is asked of strangers in the lobby, nor of charge points out of service for good."""
    if not ChargePoint.objects.filter(identity=state.stream, archived_at=None).exists():
        raise Refused(Reason.UNKNOWN_CHARGE_POINT, state.stream)


def connector_exists(state: StreamState, command: commands.Command) -> None:
    """As far as the charge point reported its connectors."""
    evse = getattr(command, "evse", None)
    if not evse:
        return
    reported = sorted({row.evse for row in state.rows.all(CONNECTORS) if row.evse})
    if reported and evse not in reported:
        known = ", ".join(map(str, reported))
        raise Refused(Reason.UNKNOWN_CONNECTOR, f"evse {evse}: {state.stream} has {known}", member="evse")


OUT_OF_ORDER = frozenset({"Faulted", "Unavailable"})


def connector_works(state: StreamState, command: commands.Command) -> None:
    """Nobody is promised a connector that was reported to be out of order."""
    if not isinstance(command, commands.ReserveConnector):
        return
    for row in state.rows.all(CONNECTORS):
        if row.evse == command.evse and row.status in OUT_OF_ORDER:
            raise Refused(Reason.CONNECTOR_OUT_OF_ORDER, f"evse {row.evse}: {row.status}", member="evse")


def local_list_fits(state: StreamState, command: commands.Command) -> None:
    """One message holds as many entries as the charge point said (1.6 9.3, SendLocalListMaxLength)."""
    if not isinstance(command, commands.UpdateLocalList):
        return
    reported = ChargePointSetting.objects.filter(
        charge_point=state.stream, key__iexact="SendLocalListMaxLength"
    ).first()
    limit = reported.value if reported is not None and reported.value else ""
    if limit.isascii() and limit.isdigit() and len(command.entries) > int(limit):
        raise Refused(
            Reason.INVALID_PARAMETERS,
            f"entries: {len(command.entries)}, but {state.stream} takes {limit} in one message",
            member="entries",
        )


def transaction_runs(state: StreamState, command: commands.Command) -> None:
    """A transaction that is only presumed to have ended may still be stopped: the charge point knows."""
    if not isinstance(command, commands.RemoteStop):
        return
    if state.rows.get(TRANSACTIONS, state.stream, command.transaction_id) is not None:
        return
    detail = f"transaction {command.transaction_id} at {state.stream}"
    known = Transaction.objects.filter(
        charge_point=state.stream, transaction_id=command.transaction_id
    ).first()
    if known is None:
        raise Refused(Reason.UNKNOWN_TRANSACTION, detail, member="transaction_id")
    if known.state == ENDED:
        raise Refused(Reason.TRANSACTION_NOT_RUNNING, detail, member="transaction_id")
