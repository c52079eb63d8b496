"""Local Auth List Management profile of OCPP 1.6."""

from enum import StrEnum
from typing import Final

from ocpp_core.action import CENTRAL_SYSTEM, Action
from ocpp_core.payload import Payload
from ocpp_core.v16.types import IdTag, IdTagInfo

PROFILE: Final = "LocalAuthListManagement"


class GetLocalListVersion(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.10"):
    class Request(Payload): ...

    class Response(Payload):
        list_version: int


class AuthorizationData(Payload):
    id_tag: IdTag
    id_tag_info: IdTagInfo | None = None


class UpdateType(StrEnum):
    DIFFERENTIAL = "Differential"
    FULL = "Full"


class UpdateStatus(StrEnum):
    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"
    VERSION_MISMATCH = "VersionMismatch"


class SendLocalList(Action, sent_by=CENTRAL_SYSTEM, before_accepted=True, source="1.6 5.15"):
    class Request(Payload):
        list_version: int
        local_authorization_list: tuple[AuthorizationData, ...] | None = None
        update_type: UpdateType

    class Response(Payload):
        status: UpdateStatus
