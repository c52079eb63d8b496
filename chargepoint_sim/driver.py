"""People and their cars: automatic charging on a charge point, in inner time, by chance that a seed decides.

Each connector gets a visitor after a pause: the car comes, is plugged in, a token is presented, it charges
for the time planned or until the battery is full, and it leaves; some just pull the plug. Works on any
`Shell`, real or virtual.
"""

import random
from collections.abc import Callable, Sequence

import msgspec

from chargepoint_sim.hardware import Vehicle
from chargepoint_sim.shell import Shell

TRIES = 3
"""How often a person presents the token before giving up."""


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What the visitors are like; all times in inner seconds, drawn around these means."""

    first_arrival: float = 20.0
    pause: float = 300.0
    """Between two visitors."""
    session: float = 1800.0
    patience: float = 30.0
    """Before the token is presented again when nothing happened."""
    rudeness: float = 0.15
    """Share of those who pull the plug instead of presenting the token again."""


class Driver:
    """Visitors of one charge point."""

    def __init__(
        self,
        shell: Shell,
        id_tokens: Sequence[str],
        *,
        seed: int = 0,
        habits: Habits | None = None,
        busy: set[str] | None = None,
    ) -> None:
        """id_tokens: what the visitors carry.

        busy: the tokens in use, shared by a fleet's drivers: nobody takes one while another is free.
        """
        self._shell = shell
        self._tokens = list(id_tokens)
        self._habits = habits or Habits()
        self._random = random.Random(f"{seed}/{shell.identity}")
        self._cancel: dict[int, Callable[[], None]] = {}
        self._busy = set() if busy is None else busy
        self._carried: dict[int, str] = {}
        """Who is at which connector."""
        self._is_running = False

    def start(self) -> None:
        """Let the first visitors come; connectors that a car was left on are freed first."""
        self._is_running = True
        for connector in self._shell.state.outlets:
            self._after(connector.number, self._habits.first_arrival, self._arrive)

    def stop(self) -> None:
        """Nobody comes any more; those who charge end in good order and leave."""
        self._is_running = False
        for cancel in self._cancel.values():
            cancel()
        self._cancel.clear()
        for connector in self._shell.state.outlets:
            if connector.transaction is not None:
                self._shell.press_stop(connector.number)
            self._shell.unplug(connector.number)

    def _after(self, number: int, mean: float, what: Callable[[int], None]) -> None:
        """Do something on a connector after a time around the mean (half to one and a half)."""
        if self._is_running:
            seconds = mean * self._random.uniform(0.5, 1.5)
            self._cancel[number] = self._shell.later(seconds, lambda: what(number))

    def _arrive(self, number: int) -> None:
        connector = self._shell.connector(number)
        if connector.socket is None or connector.socket.is_plugged or not self._shell.state.is_on:
            self._shell.unplug(number)
            self._after(number, self._habits.pause, self._arrive)
            return
        self._shell.plug_in(number, self.vehicle())
        free = [token for token in self._tokens if token not in self._busy]
        token = self._random.choice(free or self._tokens)
        self._busy.add(token)
        self._carried[number] = token
        self._after(number, 8.0, lambda n: self._present(n, token, TRIES))

    def _present(self, number: int, token: str, tries: int) -> None:
        connector = self._shell.connector(number)
        if connector.transaction is not None:  # by remote start, or the answer was slow
            self._after(number, self._habits.session, lambda n: self._finish(n, token))
        elif tries == 0 or connector.is_finishing:  # refused, before or after the start
            self._leave(number)
        else:
            if connector.authorization is None:
                self._shell.present(number, token)
            self._after(number, self._habits.patience, lambda n: self._present(n, token, tries - 1))

    def _finish(self, number: int, token: str) -> None:
        is_charging = self._shell.connector(number).transaction is not None
        if is_charging and self._random.random() >= self._habits.rudeness:
            self._shell.present(number, token)
        self._after(number, 15.0, self._leave)

    def _leave(self, number: int) -> None:
        self._busy.discard(self._carried.pop(number, ""))
        self._shell.unplug(number)
        self._after(number, self._habits.pause, self._arrive)

    def vehicle(self) -> Vehicle:
        """A car as they come: size, charger, how empty."""
        battery = self._random.choice((28_000.0, 40_000.0, 52_000.0, 64_000.0, 77_000.0, 100_000.0))
        phases, ac_power = self._random.choice(((1, 7_360.0), (3, 11_040.0), (3, 11_040.0), (3, 22_080.0)))
        return Vehicle(
            battery_wh=battery,
            charge_wh=battery * self._random.uniform(0.1, 0.6),
            ac_phases=phases,
            ac_power_w=ac_power,
            dc_power_w=battery * self._random.uniform(1.2, 2.6),
            target=self._random.choice((0.8, 0.9, 1.0, 1.0)),
        )
