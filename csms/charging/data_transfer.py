"""DataTransfer from charge points: a plug-in for each vendor, named in the settings.

DATA_TRANSFER_HANDLERS = {"com.example": "package.module.function"}, and the function is
`(message_id: str, data: str | None) -> DataReceipt`: quick, without side effects outside the database,
and safe to run twice for the same data.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from csms.domain.circumstances import Circumstances
from csms.domain.questions import DataReceipt, ReceiveData

Handler = Callable[[str, str | None], DataReceipt]


@cache
def handlers() -> dict[str, Handler]:
    return {vendor: import_string(path) for vendor, path in settings.DATA_TRANSFER_HANDLERS.items()}


def receive_data(question: ReceiveData, _: Circumstances) -> DataReceipt:
    handler = handlers().get(question.vendor_id)
    if handler is None:
        return DataReceipt("UnknownVendorId")
    return handler(question.message_id, question.data)
