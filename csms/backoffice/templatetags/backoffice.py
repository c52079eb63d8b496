"""Figures, times and words as the screens show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from csms.backoffice import navigation, personal, words

register = template.Library()

NOTHING = words.NOTHING


@register.simple_tag
def badge(word: str, tone: str = words.PLAIN, icon: str = "") -> SafeString:
    """A word with a colour. The colour never says more than the word."""
    symbol = (
        format_html('<span class="material-symbols-outlined" aria-hidden="true">{}</span>', icon)
        if icon
        else ""
    )
    return format_html('<span class="bo-badge bo-{}">{}{}</span>', tone, symbol, word)


@register.simple_tag
def online_badge(is_online: object) -> SafeString:
    return badge("Online", words.GOOD, "link") if is_online else badge("Offline", words.OFF, "link_off")


@register.simple_tag
def connector_badge(status: Any, with_number: bool = False) -> SafeString:
    """The status of a connector; with its number where several stand side by side."""
    tone = words.CONNECTOR_TONES.get(status.status, words.PLAIN)
    text = f"{status.evse} {status.status}" if with_number else status.status
    return format_html(
        '<span class="bo-badge bo-{}" title="{}: {}">{}</span>',
        tone,
        words.connector_name(status.evse, status.connector),
        status.status,
        text,
    )


@register.filter
def connector_tone(status: str) -> str:
    return words.CONNECTOR_TONES.get(status, words.PLAIN)


@register.simple_tag
def connector_name(row: Any) -> str:
    return words.connector_name(row.evse, row.connector)


@register.simple_tag
def transaction_badge(transaction: Any) -> SafeString:
    word = {"running": "Running", "ended": "Ended"}.get(transaction.state, "Presumed ended")
    return badge(word, words.TRANSACTION_TONES.get(transaction.state, words.PLAIN))


@register.simple_tag
def command_badge(command: Any) -> SafeString:
    """What the charge point said, or how far the command has come."""
    if command.state == "answered":
        word = command.status or "Answered"
        return badge(word, words.ANSWER_TONES.get(word, words.GOOD))
    if command.state == "refused":
        return badge(command.error_code or "Refused", words.BAD)
    return badge(
        command.get_state_display().capitalize(), words.COMMAND_TONES.get(command.state, words.PLAIN)
    )


@register.simple_tag
def effect_badge(command: Any) -> SafeString | str:
    if not command.effect:
        return ""
    word = {"awaited": "Effect awaited", "seen": "Effect seen", "missing": "No effect seen"}[command.effect]
    return badge(word, words.EFFECT_TONES[command.effect])


@register.simple_tag
def charge_point_url(identity: str, screen: str = "charge_point") -> str:
    return navigation.charge_point_url(identity, screen)


@register.filter
def quoted(identity: str) -> str:
    return quote(identity)


@register.simple_tag
def token(value: str, sees_personal: bool) -> str:
    """An id token, for those who may see it."""
    if not value:
        return NOTHING
    return value if sees_personal else personal.MASK


@register.filter
def parameters(command: Any, sees_personal: bool) -> str:
    """The parameters of a command in one line."""
    given = command.parameters if sees_personal else personal.masked(command.parameters)
    shown = [f"{name} {_flat(value)}" for name, value in given.items() if value not in (None, "", [])]
    return " · ".join(shown)


def _flat(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


# ---- figures


@register.filter
def kilowatts(power_w: float | None) -> str:
    return NOTHING if power_w is None else f"{power_w / 1000:.1f} kW"


@register.filter
def kilowatt_hours(energy_wh: float | None) -> str:
    return NOTHING if energy_wh is None else f"{energy_wh / 1000:.2f} kWh"


@register.filter
def milliseconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f} ms" if value < 10_000 else f"{value / 1000:.0f} s"


# ---- times


@register.simple_tag
def moment(at: datetime | None, milliseconds: bool = False) -> SafeString | str:
    """A time of today, or a date with it; the whole of it in UTC on hover."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    clock = local.strftime("%H:%M:%S")
    if milliseconds:
        clock += f".{local.microsecond // 1000:03d}"
    text = clock if local.date() == timezone.localdate() else f"{local:%Y-%m-%d} {clock}"
    utc = timezone.localtime(at, timezone.get_fixed_timezone(0))
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', utc.isoformat(), f"{utc:%Y-%m-%d %H:%M:%S}", text
    )


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """How long ago, roughly; the time itself on hover."""
    if at is None:
        return NOTHING
    utc = timezone.localtime(at, timezone.get_fixed_timezone(0))
    text = "now" if (passed := timezone.now() - at) < timedelta(seconds=2) else f"{roughly(passed)} ago"
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', utc.isoformat(), f"{utc:%Y-%m-%d %H:%M:%S}", text
    )


@register.simple_tag
def duration(begin: datetime | None, end: datetime | None = None) -> str:
    return NOTHING if begin is None else roughly((end or timezone.now()) - begin)


def roughly(span: timedelta) -> str:
    """The two largest units: 45 s, 12 min 5 s, 3 h 20 min, 4 d 2 h."""
    seconds = max(0, int(span.total_seconds()))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
