"""Forms for commands, made from the commands' own parameters: a new command needs no form of its own."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from csms.access.models import IdToken
from csms.backoffice.queries.charge_points import Now
from csms.backoffice.words import connector_name
from csms.charging.models import ChargePointSetting
from csms.domain.commands import KINDS, Command, build, parameters_of
from csms.domain.parameters import Parameter
from csms.outbox.request import MAX_REASON

SUGGESTED = 200

LABELS = {
    "evse": "Connector",
    "id_token": "Id token",
    "transaction_id": "Transaction",
    "kind": "How",
    "operative": "Service",
    "keys": "Names",
    "key": "Name",
    "group_id_token": "Group",
    "retries": "Tries after the first",
    "retry_interval_s": "Seconds between tries",
    "duration_s": "Seconds",
}

MULTILINE = 500  # texts that may be longer get a field with lines


class CommandForm(forms.Form):
    """One field for each parameter, filled and limited by what is known of the charge point, and a reason."""

    def __init__(self, kind: str, here: Now, *, sees_personal: bool, **arguments: Any) -> None:
        super().__init__(**arguments, prefix=None, auto_id="command_%s")
        self.kind = kind
        self._parameters = parameters_of(KINDS[kind])
        for parameter in self._parameters:
            self.fields[parameter.name] = field_for(parameter, here)
        self.fields["reason"] = forms.CharField(
            required=False,
            max_length=MAX_REASON,
            help_text="Why; it is kept with the command.",
            widget=UnfoldAdminTextInputWidget(),
        )
        self.suggestions: dict[str, list[tuple[str, str]]] = {}
        for name, suggest in SUGGESTIONS.items():
            if name in self.fields and (found := suggest(here, sees_personal)):
                self.suggestions[name] = found
                self.fields[name].widget.attrs["list"] = f"suggestions_{name}"

    def command(self) -> Command:
        """The command that the fields make up. Raises Refused."""
        given = {}
        for parameter in self._parameters:
            value = self.cleaned_data[parameter.name]
            if value is not None and (value != "" or parameter.required):
                given[parameter.name] = value
        return build(self.kind, given)


class NamesField(forms.CharField):
    """Several names, divided by commas or line ends."""

    def clean(self, value: Any) -> tuple[str, ...]:
        text = super().clean(value)
        return tuple(name.strip() for name in text.replace("\n", ",").split(",") if name.strip())


class JsonField(forms.CharField):
    """JSON; what it has to be, the command itself says."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"not JSON: {error}") from None


class LinesField(forms.CharField):
    """A text of several lines, which browsers end in a way of their own."""

    def clean(self, value: Any) -> str:
        return super().clean(value).replace("\r\n", "\n")


def field_for(parameter: Parameter, here: Now) -> forms.Field:
    common: dict[str, Any] = {
        "label": LABELS.get(parameter.name, parameter.name.replace("_", " ").capitalize()),
        "help_text": parameter.help,
        "required": parameter.required,
        "initial": parameter.default,
    }
    if parameter.name == "evse" and here.connectors:
        return _choice(_connectors(parameter, here), coerce=_number_or_none, **common)
    if parameter.name == "transaction_id" and here.running:
        running = [(t.transaction_id, f"{t.transaction_id}, connector {t.evse}") for t in here.running]
        return _choice(running, coerce=str, **common)
    if parameter.choices:
        anything = [] if parameter.required or parameter.default else [("", "Any")]
        words = [(choice, choice) for choice in parameter.choices]
        return _choice([*anything, *words], coerce=str, **common)
    if parameter.type == "boolean":
        words = [("true", "In service"), ("false", "Out of service")]
        return _choice(words, coerce=lambda text: text == "true", **common | {"initial": "true"})
    if parameter.type == "integer":
        return forms.IntegerField(
            min_value=parameter.minimum,
            max_value=parameter.maximum,
            widget=UnfoldAdminIntegerFieldWidget(),
            **common,
        )
    if parameter.type == "list of texts":
        return NamesField(widget=UnfoldAdminTextareaWidget({"rows": 3}), **common | {"initial": ""})
    if parameter.type in ("JSON object", "list of JSON objects"):
        return JsonField(widget=UnfoldAdminTextareaWidget({"rows": 8}), **common | {"initial": ""})
    if (parameter.max_length or 0) > MULTILINE:
        widget = UnfoldAdminTextareaWidget({"rows": 5})
        return LinesField(max_length=parameter.max_length, widget=widget, **common)
    if parameter.type == "time":
        common["help_text"] += " Like 2027-12-31T18:00:00+01:00; without a zone, UTC."
    # An empty text is a value too: whether it may be one, the command itself decides.
    return forms.CharField(
        max_length=parameter.max_length,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        **common | {"required": parameter.required and parameter.name != "value"},
    )


def _choice(choices: list[tuple[Any, str]], *, coerce: Any, **common: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        choices=choices, coerce=coerce, empty_value=None, widget=UnfoldAdminSelectWidget(), **common
    )


def _connectors(parameter: Parameter, here: Now) -> list[tuple[str, str]]:
    whole = []
    if not parameter.required and parameter.default is None:
        whole.append(("", "Any: the charge point chooses"))
    elif not parameter.minimum:
        whole.append(("0", "The whole charge point"))
    return [
        *whole,
        *(
            (str(each.status.evse), f"{connector_name(each.status.evse)}: {each.status.status}")
            for each in here.connectors
        ),
    ]


def _number_or_none(text: str) -> int | None:
    return int(text) if text else None


def _id_tokens(here: Now, sees_personal: bool) -> list[tuple[str, str]]:
    if not sees_personal:
        return []
    tokens = IdToken.objects.filter(blocked=False).select_related("group")[:SUGGESTED]
    return [(token.id_token, token.holder) for token in tokens]


def _settings(here: Now, sees_personal: bool) -> list[tuple[str, str]]:
    known = ChargePointSetting.objects.filter(charge_point=here.identity, readonly=False).order_by("key")
    return [(setting.key, setting.value or "") for setting in known[:SUGGESTED]]


SUGGESTIONS = {"id_token": _id_tokens, "key": _settings}
