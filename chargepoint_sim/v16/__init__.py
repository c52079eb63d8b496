"""The charge point's behaviour under OCPP 1.6."""

from chargepoint_sim.v16.engine import HANDLERS, power_off, step
from chargepoint_sim.v16.state import ChargePointState
from chargepoint_sim.v16.storage import new_state, restore

__all__ = ["HANDLERS", "ChargePointState", "new_state", "power_off", "restore", "step"]
