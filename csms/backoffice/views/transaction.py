"""One transaction: its figures, and the curves of its meter values."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from csms.backoffice import personal
from csms.backoffice.queries import transactions
from csms.backoffice.views import shell
from csms.charging.models import Transaction

VIEW = "charging.view_transaction"
SHOWN_VALUES = 50


@shell.needs(VIEW)
def screen(request: HttpRequest, pk: str) -> HttpResponse:
    transaction = get_object_or_404(Transaction, pk=pk)
    return shell.page(
        request,
        "backoffice/transaction.html",
        title=f"Transaction {transaction.transaction_id}",
        samples=transactions.samples(transaction)[-SHOWN_VALUES:][::-1],
        curves=transactions.CURVES,
        **_context(request, transaction),
    )


@shell.needs(VIEW)
def now(request: HttpRequest, pk: int) -> HttpResponse:
    transaction = get_object_or_404(Transaction, pk=pk)
    return TemplateResponse(request, "backoffice/parts/transaction.html", _context(request, transaction))


@shell.needs(VIEW)
def figures(request: HttpRequest, pk: int) -> HttpResponse:
    """The curves as JSON: {"running": ..., "curves": {name: [[milliseconds since 1970, value], ...]}}."""
    transaction = get_object_or_404(Transaction, pk=pk)
    is_running = transaction.state == Transaction.State.RUNNING
    return JsonResponse({"running": is_running, "curves": transactions.curves(transaction)})


def _context(request: HttpRequest, transaction: Transaction) -> dict[str, Any]:
    return {
        "transaction": transaction,
        "quoted": quote(transaction.charge_point),
        "sees_personal": personal.may_see(request.user),
        "may_command": request.user.has_perm("backoffice.send_commands"),
    }
