"""Characters of charge points, as data: what they are, what they can, and how they deviate.

A new character is a new row in `MODELS`. Deviations that real products show stand in `habits`; the code that
plays one asks for it by name (see `Habit`), so that the ordinary path stays the standard's.
"""

import enum

import msgspec

from chargepoint_sim.hardware import SocketType

ENERGY = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
EVERYTHING_AC = f"{ENERGY},Current.Offered,Power.Offered,Temperature,Frequency"
EVERYTHING_DC = f"{ENERGY},Current.Offered,Power.Offered,SoC,Temperature"


class Habit(enum.Enum):
    """A deviation that a central system has to live with."""

    KILOWATT_HOURS = "energy and power in kWh and kW"
    REPEATS_STATUS = "repeats the status of every connector with each heartbeat"
    NO_STATUS_TIME = "statuses carry no timestamp"
    BARE_BOOT = "the boot notification has the vendor and the model only"
    IGNORES_TIME = "its clock is not set by the central system"
    EAGER_HEARTBEAT = "sends heartbeats also while other messages flow"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A product: identity plate, sockets, factory settings, habits."""

    name: str
    vendor: str
    model: str
    description: str
    connectors: int
    socket: SocketType
    firmware: str = "1.0.0"
    meter_type: str = "class B, MID"
    configuration: dict[str, str] = {}
    """Factory settings that differ from the defaults of `v16/configuration.py`."""
    habits: frozenset[Habit] = frozenset()
    boot_seconds: float = 5.0
    install_seconds: float = 20.0
    """How long the installation of new firmware takes."""
    has_security_extension: bool = True
    grid_a: float | None = None
    """Ampere a phase that all sockets have together; None = as much as they can use."""


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="ac11",
            vendor="Ampero",
            model="Wall 11",
            description="AC wall box, 11 kW, one fixed cable",
            connectors=1,
            socket=SocketType(max_power_w=11_040.0, max_current_a=16.0, is_cable_fixed=True),
            configuration={"MeterValuesSampledData": ENERGY},
        ),
        Model(
            name="ac22",
            vendor="Ampero",
            model="Post 22 Duo",
            description="AC post, two sockets of 22 kW",
            connectors=2,
            socket=SocketType(max_power_w=22_080.0, max_current_a=32.0),
            configuration={
                "MeterValuesSampledData": ENERGY,
                "StopTxnSampledData": "Energy.Active.Import.Register",
            },
        ),
        Model(
            name="dc50",
            vendor="Gleichstrom AG",
            model="Quick 50",
            description="DC fast charger, 50 kW, one fixed cable",
            connectors=1,
            socket=SocketType(max_power_w=50_000.0, phases=0, max_current_a=125.0, is_cable_fixed=True),
            firmware="3.2.1",
            configuration={"MeterValuesSampledData": EVERYTHING_DC, "MeterValueSampleInterval": "30"},
        ),
        Model(
            name="dc150",
            vendor="Gleichstrom AG",
            model="Hyper 150",
            description="DC fast charger, two fixed cables of 150 kW",
            connectors=2,
            socket=SocketType(max_power_w=150_000.0, phases=0, max_current_a=400.0, is_cable_fixed=True),
            firmware="4.0.0-rc2",
            configuration={
                "MeterValuesSampledData": EVERYTHING_DC,
                "MeterValueSampleInterval": "15",
                "StopTxnSampledData": "Energy.Active.Import.Register,SoC",
            },
        ),
        Model(
            name="grumpy",
            vendor="OLDE",
            model="EV-Box MkI",
            description="an old one: kWh and kW, sparse boot, repeated statuses without time, talks a lot",
            connectors=2,
            socket=SocketType(max_power_w=3_680.0, phases=1, max_current_a=16.0, standby_w=4.0),
            firmware="0.9.17b",
            meter_type="",
            configuration={
                "MeterValuesSampledData": EVERYTHING_AC,
                "ClockAlignedDataInterval": "900",
                "StopTransactionOnInvalidId": "false",
                "SupportedFeatureProfiles": "Core,RemoteTrigger",
            },
            habits=frozenset(Habit) - {Habit.IGNORES_TIME},
            has_security_extension=False,
            boot_seconds=20.0,
        ),
    )
}
DEFAULT_MODEL = "ac22"
