"""Ask something of a charge point, and watch what becomes of it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from csms.backoffice import personal, words
from csms.backoffice.forms import CommandForm
from csms.backoffice.views import shell
from csms.domain.commands import KINDS
from csms.domain.errors import Refused
from csms.outbox.models import Command
from csms.outbox.request import request as ask

OPEN_STATES = (Command.State.REQUESTED, Command.State.SENT)


def new(request: HttpRequest, quoted: str, kind: str) -> HttpResponse:
    """The form of a command, and its progress once it is sent. GET parameters are first values."""
    known = words.COMMANDS.get(kind)
    if known is None:
        raise Http404("no such command")
    if not request.user.has_perms(known.permissions):
        raise PermissionDenied
    here = shell.charge_point_or_404(quoted)
    form = CommandForm(
        kind,
        here,
        data=request.POST or None,
        initial=request.GET.dict(),
        sees_personal=personal.may_see(request.user),
    )
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask(
                here.identity,
                form.command(),
                actor=request.user.get_username(),
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            form.add_error(refused.member if refused.member in form.fields else None, str(refused))
        else:
            return progress(request, quoted, asked.command_id)
    context = {"form": form, "kind": kind, "words": known, "here": here, "quoted": quoted}
    context["help"] = (KINDS[kind].__doc__ or "").partition("\n")[0]
    return TemplateResponse(request, "backoffice/parts/new_command.html", context)


@shell.needs("outbox.view_command")
def progress(request: HttpRequest, quoted: str, command_id: str) -> HttpResponse:
    """Asked, sent, answered, seen: renewed every second until there is nothing more to wait for."""
    here = shell.charge_point_or_404(quoted)
    command = Command.objects.filter(charge_point=here.identity, command_id=command_id).first()
    if command is None:
        raise Http404("no such command")
    context = {
        "command": command,
        "words": words.COMMANDS.get(command.kind, words.RAW_CALL),
        "here": here,
        "quoted": quoted,
        "sees_personal": personal.may_see(request.user),
        "is_open": command.state in OPEN_STATES or command.effect == Command.Effect.AWAITED,
    }
    return TemplateResponse(request, "backoffice/parts/command_progress.html", context)
