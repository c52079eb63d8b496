"""The charge point's own certificate: asked for, received, kept (security extension A02, A03).

A runtime makes the key pair; the request is public, the key stays with the state and its storage. One request
at a time: a certificate for an older key is refused.
"""

from collections.abc import Callable
from typing import Any

from chargepoint_sim.effects import MakeKeyPair
from chargepoint_sim.inputs import KeyPairMade
from chargepoint_sim.v16 import certificates, configuration, delivery, registration, security_events
from chargepoint_sim.v16.state import KeyRequest, StationCertificate, WaitingCall
from chargepoint_sim.v16.turn import Turn
from ocpp_core.v16 import security
from ocpp_core.v16.security import CertificateSignedStatusEnumType, GenericStatusEnumType


def trigger(turn: Turn, number: int | None) -> bool:
    """Not without the name of the operator, which is to stand in the request."""
    organisation = configuration.value(turn.state, "CpoName")
    if not organisation:
        return False
    turn.state.key_request = KeyRequest(job=turn.new_id())
    turn.effects.append(
        MakeKeyPair(
            turn.state.key_request.job,
            organisation=organisation,
            common_name=registration.serial_number(turn.state),
        )
    )
    return True


def on_key_pair_made(turn: Turn, input: KeyPairMade) -> None:
    request = turn.state.key_request
    if request is None or request.job != input.job:
        return
    if input.problem:
        turn.log(f"no key pair: {input.problem}")
        turn.state.key_request = None
        return
    request.private_key, request.public_key = input.private_key, input.public_key
    turn.touch("identity")
    delivery.call(turn, security.SignCertificate.Request(csr=input.csr), is_triggered=True)


def on_sign_certificate_result(
    turn: Turn, call: WaitingCall, response: security.SignCertificate.Response
) -> None:
    if response.status is GenericStatusEnumType.REJECTED:
        turn.log("the central system will not have our certificate signed")
        turn.state.key_request = None
        turn.touch("identity")


def on_certificate_signed(
    turn: Turn, request: security.CertificateSigned.Request
) -> security.CertificateSigned.Response:
    configuration.demand(turn.state, security.PROFILE)
    chain = request.certificate_chain
    problem = _problem(turn, chain)
    if problem:
        security_events.note(turn, "InvalidChargePointCertificate", problem)
        return security.CertificateSigned.Response(status=CertificateSignedStatusEnumType.REJECTED)
    asked = turn.state.key_request
    assert asked is not None
    turn.state.station_certificate = StationCertificate(chain=chain, private_key=asked.private_key)
    turn.state.key_request = None
    turn.touch("identity")
    return security.CertificateSigned.Response(status=CertificateSignedStatusEnumType.ACCEPTED)


def _problem(turn: Turn, chain: str) -> str:
    """Why a chain is not ours; empty when it is."""
    asked = turn.state.key_request
    if asked is None or not asked.public_key:
        return "not asked for"
    if len(chain) > configuration.number(turn.state, "CertificateSignedMaxChainSize"):
        return f"{len(chain)} characters"
    problem = certificates.problem(chain, turn.utc)
    if problem:
        return problem
    return "" if certificates.read(chain).key.hex() == asked.public_key else "for another key"


HANDLERS: dict[str, Callable[[Turn, Any], Any]] = {"CertificateSigned": on_certificate_signed}
RESULTS: dict[str, Callable[[Turn, WaitingCall, Any], None]] = {"SignCertificate": on_sign_certificate_result}
