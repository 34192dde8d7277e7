"""The record of a swap holds the events of the backup that was loaded last."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.swap.record import SwapRecord
from tests.unit.database.events import TICK
from tests.unit.database.fake_server import Schema, Server

pytestmark = pytest.mark.unit


def test_events_of_an_earlier_backup_are_not_held_for_one_without_events() -> None:
    server = Server({"live": Schema("live_ci")})
    record = SwapRecord(server.session(), "live")
    record.hold_events((TICK,))
    assert record.held_events() == (TICK,)
    record.hold_events(())
    assert record.held_events() == ()
    assert server.schemas.keys() == {"live"}
