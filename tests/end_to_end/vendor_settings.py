"""Settings of a deployment with a vendor's plug-in for DataTransfer."""

from csms.domain.questions import DataReceipt
from csms.settings.development import *  # noqa: F403

DATA_TRANSFER_HANDLERS = {"com.example": "tests.end_to_end.vendor_settings.receive"}


def receive(message_id: str, data: str | None) -> DataReceipt:
    if message_id == "echo":
        return DataReceipt("Accepted", data)
    if message_id == "broken":
        raise RuntimeError("the plug-in is broken")
    return DataReceipt("Whatever" if message_id == "nonsense" else "UnknownMessageId")
