"""The body of a heartbeat: what is accepted, and why a body is refused."""

from __future__ import annotations

import pytest
from cosmic_app.heartbeat.body import MAXIMUM_BYTES, BadBody, parse_beat

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("body", "level"),
    [
        (b'{"battery_level": 85}', 85.0),
        (b'{"battery_level": 0}', 0.0),
        (b'{"battery_level": 100}', 100.0),
        (b'{"battery_level": 42.5, "more": [1]}', 42.5),
        (b'{"battery_level": 1e2}', 100.0),
        (b'{"battery_level": 5e-324}', 0.0),
        (b'{"battery_level": 101, "battery_level": 7}', 7.0),
    ],
)
def test_the_battery_level_is_parsed(body: bytes, level: float) -> None:
    assert parse_beat(body).battery_level == level


def test_the_heartbeat_id_is_kept_unchanged() -> None:
    assert parse_beat(b'{"battery_level": 1, "heartbeat_id": "a-1"}').heartbeat_id == "a-1"
    assert parse_beat(b'{"battery_level": 1}').heartbeat_id == ""


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "must be JSON"),
        (b"{nope", 400, "must be JSON"),
        (b"\xff\xfe\x00", 400, "must be JSON"),
        (b"[" * 4000, 400, "must be JSON"),
        (b"[85]", 422, "JSON object"),
        (b"{}", 422, "required"),
        (b'{"battery_level": null}', 422, "required"),
        (b'{"battery_level": "85"}', 422, "must be a number"),
        (b'{"battery_level": true}', 422, "must be a number"),
        (b'{"battery_level": NaN}', 422, "must be a number"),
        (b'{"battery_level": -0.1}', 422, "between 0 and 100"),
        (b'{"battery_level": 101}', 422, "between 0 and 100"),
        (b'{"battery_level": Infinity}', 422, "between 0 and 100"),
        (b'{"battery_level": 1e999}', 422, "between 0 and 100"),
        (b'{"battery_level": ' + b"9" * 400 + b"}", 422, "between 0 and 100"),
        (b'{"battery_level": -' + b"9" * 4000 + b"}", 422, "between 0 and 100"),
        (b'{"battery_level": -Infinity}', 422, "between 0 and 100"),
        (b'{"battery_level": [1]}', 422, "must be a number"),
        (b'{"battery_level": {"a": 1}}', 422, "must be a number"),
        (b'{"battery_level": 1, "battery_level": 101}', 422, "between 0 and 100"),
        (b'{"battery_level": 1, "heartbeat_id": ""}', 422, "1 to 64"),
        (b'{"battery_level": 1, "heartbeat_id": 7}', 422, "1 to 64"),
        (b'{"battery_level": 1, "heartbeat_id": "\\ud800"}', 422, "1 to 64"),
        (b'{"battery_level": 1, "heartbeat_id": "' + b"x" * 65 + b'"}', 422, "1 to 64"),
        (b" " * (MAXIMUM_BYTES + 1), 413, "larger than"),
    ],
)
def test_an_invalid_body_is_refused_with_the_reason(body: bytes, status: int, reason: str) -> None:
    with pytest.raises(BadBody, match=reason) as caught:
        parse_beat(body)
    assert caught.value.status == status
