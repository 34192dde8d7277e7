"""The stored state of a backup: earlier versions read what they know."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cosmicdeploy.database.backups.on_disk.state import Pin, State, VerificationRecord

pytestmark = pytest.mark.unit

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_file_has_only_what_is_known_so_that_earlier_versions_can_read_it() -> None:
    state = State(pin=Pin(at=AT), read=VerificationRecord(at=AT))
    assert {*json.loads(state.text())} == {"pin", "read"}
    assert State.model_validate_json(state.text()) == state
    assert State.model_validate_json(State().text()) == State()
    proven = state.updated(data=VerificationRecord(at=AT), checksums={"a": "crc32-sum:1"})
    assert State.model_validate_json(proven.text()) == proven
