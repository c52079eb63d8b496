"""A charge point, simulated: the physics, the person, the wire. See README.md."""

from chargepoint_sim.driver import Driver, Habits
from chargepoint_sim.fleet import Fleet, Summary
from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.models import MODELS, Model
from chargepoint_sim.runtime import ChargePoint
from chargepoint_sim.shell import Frame

__all__ = ["MODELS", "ChargePoint", "Driver", "Fleet", "Frame", "Habits", "Model", "Summary", "Vehicle"]
