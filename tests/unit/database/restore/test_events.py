"""If a server cannot create an event, no backup is made or restored there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import Manifest
from cosmicdeploy.database.backups.on_disk.state import State
from cosmicdeploy.database.restore import verify
from cosmicdeploy.database.restore.load import require_loadable
from cosmicdeploy.database.restore.verify import Verification, verify_restore
from cosmicdeploy.database.schema import schemas
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import Session
from cosmicdeploy.errors import BackupError
from tests.unit.database.dumpable import require_dumpable
from tests.unit.database.events import BERLIN, STATEMENT, TICK
from tests.unit.database.fake_server import ACCESS, Schema, Server

pytestmark = pytest.mark.unit


@pytest.fixture
def server() -> Server:
    server = Server({"live": Schema("live_ci", {"a": "1"})}, lists_all_events=True)
    session = server.session()
    session.execute("SET SESSION time_zone = %s", BERLIN)
    session.execute(STATEMENT)
    server.enabled_in.clear()
    return server


def test_such_a_schema_is_not_dumped(server: Server) -> None:
    require_dumpable(Facts(server.session(), "live"))
    server.unknown = {BERLIN}
    with pytest.raises(BackupError, match=f"event tick needs the time_zone '{BERLIN}'") as caught:
        require_dumpable(Facts(server.session(), "live"))
    assert "mariadb-tzinfo-to-sql" in caught.value.todo


def test_such_a_backup_is_not_loaded(server: Server) -> None:
    require_loadable(manifest(), Facts(server.session(), "live"))
    server.unknown = {BERLIN}
    with pytest.raises(BackupError, match=f"event tick needs the time_zone '{BERLIN}'"):
        require_loadable(manifest(), Facts(server.session(), "live"))


def test_a_test_restore_tries_the_events(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load, which needs a real server, is left out."""
    passed = Verification(backup_id="x")

    @contextmanager
    def open_session(*_: object) -> Iterator[Session]:
        yield server.session()

    stand_ins: dict[str, Any] = {
        "verify_backup": lambda *_: passed,
        "drop_unused_scratch_schemas": lambda *_: None,
        "load_schema": lambda *_, **__: None,
        "differences": lambda *_: [],
        "open_session": open_session,
    }
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(verify, name, stand_in)
    monkeypatch.setattr(schemas, "open_session", open_session)
    backup = Backup(manifest=manifest(), data=Path("x"), state=State())
    engine: Any = None
    assert verify_restore(engine, ACCESS, backup).passed
    server.refused_events = {"tick"}
    [reason] = verify_restore(engine, ACCESS, backup).reasons
    assert reason.startswith("event tick cannot be created on this server: Database error: 1577")
    assert server.schemas.keys() == {"live"} and not server.enabled_in


def manifest() -> Manifest:
    return Manifest(
        id="20260202-010203-abcd",
        status="good",
        created_at=datetime.now(UTC),
        database="live",
        server_vendor="MariaDB",
        server_version="10.11.9",
        event_definitions=(TICK,),
    )
