"""Personal data is masked wherever it stands."""

import json

import pytest

from csms.dialects.personal import MASK, masked, masked_text, members


def test_id_tokens_of_every_message_are_personal():
    assert {"idTag", "parentIdTag", "id_token", "stop_id_token"} <= members()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"idTag": "T", "meterStart": 5}, {"idTag": MASK, "meterStart": 5}),
        ([2, "id", "Authorize", {"idTag": "T"}], [2, "id", "Authorize", {"idTag": MASK}]),
        (
            {"idTagInfo": {"status": "Accepted", "parentIdTag": "P"}},
            {"idTagInfo": {"status": "Accepted", "parentIdTag": MASK}},
        ),
        ({"idTag": "", "id_token": None}, {"idTag": "", "id_token": None}),
        ("idTag", "idTag"),
        (5, 5),
    ],
)
def test_masked(value, told):
    assert masked(value) == told
    assert json.loads(masked_text(json.dumps(value))) == told


def test_what_cannot_be_read_is_masked_as_a_whole():
    assert masked_text('{"idTag":"T"') == MASK


def test_json_in_a_text_is_masked_too():
    call = {"action": "Authorize", "payload_json": '{"idTag":"A","x":1}'}
    assert masked(call) == {"action": "Authorize", "payload_json": '{"idTag":"•••","x":1}'}
    assert masked({"payload_json": {"idTag": "A"}}) == {"payload_json": {"idTag": "•••"}}
