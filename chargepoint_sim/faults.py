"""What goes wrong between a charge point and its wire, by rules and a seed.

    cp.faults.add(Delay(direction="out", action="StatusNotification", seconds=5, chance=0.2))
    cp.faults.add(Answer(action="Reset", reply="Rejected"))

Every frame, in and out, passes through `Faults`, which asks each rule that fits whether it strikes. The same
seed and the same frames give the same faults. A rule that names an action means its calls and the answers to
them, or what `of` says of these. Rules do not touch the engine: what a charge point believes to have said
and what was heard of it are two things here, as they are in the field.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import msgspec

from chargepoint_sim import randomness

Direction = Literal["out", "in"]
CALL, RESULT, ERROR = 2, 3, 4
REMEMBERED = 1000
"""Calls whose action is kept until their answer comes by."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Which frames are meant, and how often it happens to them."""

    direction: Direction = "out"
    """Seen from the charge point."""
    action: str = ""
    """Empty = whatever it is about."""
    of: Literal["call", "answer", "both"] = "both"
    chance: float = 1.0
    after: int = 0
    """The first so many are spared."""
    times: int | None = None
    """So often at most; None = always."""


class Delay(Rule, frozen=True, kw_only=True):
    """Arrives later; what follows may overtake it."""

    seconds: float


class Drop(Rule, frozen=True):
    """Never arrives."""


class Duplicate(Rule, frozen=True, kw_only=True):
    """Arrives several times.    with_new_id: a call's copies have message ids of their own."""

    copies: int = 1
    with_new_id: bool = False


class Reorder(Rule, frozen=True, kw_only=True):
    """Changes places with the next frame of its direction, or arrives after so many seconds if none comes."""

    seconds: float = 5.0


class Corrupt(Rule, frozen=True):
    """Loses its end, somewhere."""


class HalfOpen(Rule, frozen=True, kw_only=True):
    """From this frame on nothing gets through either way; after so many seconds the connection breaks."""

    seconds: float = 60.0


class Extra(Rule, frozen=True, kw_only=True):
    """Another frame comes right after it."""

    text: str


class Rewrite(Rule, frozen=True, kw_only=True):
    """A field of the payload says something else.

    field: names with dots between, * for every item of a list.    where: only in objects with these values
    beside the field.    value: the new one; in a text, {} stands for the old.
    """

    field: str
    value: str | int | float | bool | None
    where: dict[str, str] = {}


class Unzoned(Rule, frozen=True):
    """Times are written without their zone."""


class Answer(Rule, frozen=True, kw_only=True):
    """What a call of the central system gets instead of the answer.

    Rejected, error, and a payload: the charge point never hears of the call. malformed, wrong id, twice,
    never: it does what was asked, and only its answer suffers.
    """

    action: str
    reply: Literal["Rejected", "error", "malformed", "wrong id", "twice", "never"] | dict[str, Any]
    code: str = "InternalError"
    """Of the CALLERROR."""


class Passage(NamedTuple):
    """A frame that gets through, and when."""

    text: str
    seconds: float = 0.0


class Outcome(msgspec.Struct):
    """What becomes of one frame."""

    passages: list[Passage] = []
    replies: list[str] = []
    """Sent back to where it came from, without the charge point knowing."""
    break_after: float | None = None
    """The connection is half open now, and breaks after so many seconds."""


class Faults:
    """See the module."""

    def __init__(self, seed: int, rules: Iterable[Rule], new_id: Callable[[], str]) -> None:
        """new_id: makes message ids; not from the seed, or the same run twice would look like resends."""
        _, self._random = randomness.draw(seed & randomness.MASK)
        self._new_id = new_id
        self._rules: list[Rule] = list(rules)
        self._seen: dict[int, int] = {}
        self._struck: dict[int, int] = {}
        self._actions: dict[str, dict[str, str]] = {"out": {}, "in": {}}
        self._held: dict[str, str] = {}
        self.is_half_open = False

    @property
    def is_idle(self) -> bool:
        """Nothing goes wrong now; frames need not be shown."""
        return not self._rules and not self._held and not self.is_half_open

    def add(self, rule: Rule) -> None:
        self._rules.append(rule)

    def clear(self) -> None:
        """Nothing goes wrong any more (frames that are under way stay late or lost)."""
        self._rules.clear()
        self._seen.clear()
        self._struck.clear()

    def reconnected(self) -> None:
        """A new connection: what was held back is lost with the old one."""
        self._held.clear()
        self.is_half_open = False

    def release(self, direction: Direction, text: str) -> list[str]:
        """A frame held for reordering has waited long enough; empty when it has gone meanwhile."""
        if self._held.get(direction) != text:
            return []
        del self._held[direction]
        return [text]

    def holds(self, direction: Direction) -> str | None:
        return self._held.get(direction)

    def hold_seconds(self) -> float:
        """How long a frame is held at most."""
        return max((rule.seconds for rule in self._rules if isinstance(rule, Reorder)), default=5.0)

    def carry(self, direction: Direction, text: str) -> Outcome:
        """Let a frame pass, or not."""
        if self.is_half_open:
            return Outcome()
        outcome = self._strike(direction, text)
        held = self._held.get(direction)
        if held is not None and outcome.passages and held not in (p.text for p in outcome.passages):
            del self._held[direction]
            outcome.passages.append(Passage(held))
        return outcome

    def _strike(self, direction: Direction, text: str) -> Outcome:
        kind, action = self._about(direction, text)
        passages, outcome = [Passage(text)], Outcome()
        for index, rule in enumerate(self._rules):
            if not passages or not self._is_hit(index, rule, direction, kind, action):
                continue
            match rule:
                case Delay():
                    passages = [Passage(p.text, p.seconds + rule.seconds) for p in passages]
                case Drop():
                    passages = []
                case Duplicate():
                    copies = [self._copy(kind, text, rule) for _ in range(rule.copies)]
                    passages += [Passage(copy) for copy in copies]
                case Reorder():
                    if direction not in self._held:
                        self._held[direction] = passages.pop(0).text
                case Corrupt():
                    passages = [self._cut(passage) for passage in passages]
                case HalfOpen():
                    self.is_half_open = True
                    return Outcome(break_after=rule.seconds)
                case Extra():
                    passages.append(Passage(rule.text))
                case Rewrite():
                    passages = [Passage(_rewritten(p.text, rule), p.seconds) for p in passages]
                case Unzoned():
                    passages = [Passage(_unzoned(p.text), p.seconds) for p in passages]
                case Answer():
                    passages, outcome.replies = self._answer(rule, kind, passages, outcome.replies)
        outcome.passages = passages
        return outcome

    def _about(self, direction: Direction, text: str) -> tuple[int, str]:
        """Message type and action of a frame; 0 and nothing for what is none."""
        try:
            frame = msgspec.json.decode(text, type=list)
            kind, unique_id = int(frame[0]), str(frame[1])
        except (msgspec.DecodeError, IndexError, TypeError, ValueError):
            return 0, ""
        if kind == CALL and len(frame) > 2:
            calls = self._actions[direction]
            calls[unique_id] = str(frame[2])
            if len(calls) > REMEMBERED:
                del calls[next(iter(calls))]
            return kind, str(frame[2])
        return kind, self._actions["in" if direction == "out" else "out"].get(unique_id, "")

    def _is_hit(self, index: int, rule: Rule, direction: Direction, kind: int, action: str) -> bool:
        if isinstance(rule, Answer):
            is_call = rule.reply in ("Rejected", "error") or isinstance(rule.reply, dict)
            wanted: tuple[Direction, str] = ("in", "call") if is_call else ("out", "answer")
        else:
            wanted = (rule.direction, rule.of)
        is_of = wanted[1] == "both" or (kind == CALL) is (wanted[1] == "call")
        if wanted[0] != direction or not is_of or rule.action not in ("", action):
            return False
        self._seen[index] = self._seen.get(index, 0) + 1
        if self._seen[index] <= rule.after or self._struck.get(index, 0) >= (rule.times or 1 << 62):
            return False
        if rule.chance < 1.0 and self._chance() >= rule.chance:
            return False
        self._struck[index] = self._struck.get(index, 0) + 1
        return True

    def _answer(
        self, rule: Answer, kind: int, passages: list[Passage], replies: list[str]
    ) -> tuple[list[Passage], list[str]]:
        text = passages[0].text
        frame = msgspec.json.decode(text, type=list)
        match rule.reply:
            case "Rejected":
                return [], [json.dumps([RESULT, frame[1], {"status": "Rejected"}])]
            case "error":
                return [], [json.dumps([ERROR, frame[1], rule.code, "", {}])]
            case "malformed":
                return [Passage(text[:-2])], replies
            case "wrong id":
                return [Passage(json.dumps([frame[0], f"{frame[1]}-?"[-36:], *frame[2:]]))], replies
            case "twice":
                return [*passages, Passage(text)], replies
            case "never":
                return [], replies
            case payload:
                return [], [json.dumps([RESULT, frame[1], payload])]

    def _cut(self, passage: Passage) -> Passage:
        return passage._replace(text=passage.text[: int(len(passage.text) * self._chance())])

    def _copy(self, kind: int, text: str, rule: Duplicate) -> str:
        if not rule.with_new_id or kind != CALL:
            return text
        frame = msgspec.json.decode(text, type=list)
        frame[1] = self._new_id()
        return json.dumps(frame)

    def _chance(self) -> float:
        self._random, number = randomness.unit(self._random)
        return number


ZONED = re.compile(r'("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z"')


def _unzoned(text: str) -> str:
    return ZONED.sub(r'\1"', text)


def _rewritten(text: str, rule: Rewrite) -> str:
    try:
        frame = json.loads(text)
    except ValueError:
        return text
    if not isinstance(frame, list) or len(frame) < 3:
        return text
    _set(frame[-1], rule.field.split("."), rule)
    return json.dumps(frame)


def _set(place: Any, names: list[str], rule: Rewrite) -> None:
    name, *rest = names
    if name == "*":
        for item in place if isinstance(place, list) else []:
            _set(item, rest, rule)
    elif isinstance(place, dict) and rest:
        if name in place:
            _set(place[name], rest, rule)
    elif isinstance(place, dict) and name in place and rule.where.items() <= place.items():
        old, new = place[name], rule.value
        place[name] = new.replace("{}", str(old)) if isinstance(new, str) else new
