"""Events that a server cannot create.

Before any table moves, the restore is refused; after that, the swap is undone.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import load_shadow, restore_backup
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.session import Session
from cosmicdeploy.database.swap.direction import SwapDirection
from cosmicdeploy.database.swap.interrupted import resolve_interrupted_swap
from cosmicdeploy.database.swap.swap import drop_replaced_data, has_replaced_data, swap
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError
from tests.stack.stacks.databases import cursor, run, schemas, snapshot

pytestmark = pytest.mark.stack

EVENTS = (
    "CREATE EVENT plain ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM a",
    "CREATE EVENT `odd ``name``` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01'"
    " ENDS '2037-02-01' ON COMPLETION PRESERVE COMMENT 'it''s ENABLE DO x' DO BEGIN SELECT 1; END",
    "CREATE EVENT once ON SCHEDULE AT '2037-01-01' ON COMPLETION PRESERVE DISABLE DO SELECT 1",
    "CREATE EVENT replica ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DISABLE ON SLAVE DO SELECT 1",
    "CREATE DEFINER=ghost@'%' EVENT foreign_one ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "CREATE EVENT `größe` ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO SELECT 1",
)
NOWHERE = "Nowhere/Land"


@pytest.fixture
def backup(engine: Engine, two_tables: DatabaseAccess, catalogue: Catalogue) -> Backup:
    """A backup of a schema that has an event of each form, created in another character set."""
    with cursor(two_tables) as opened:
        opened.execute("SET time_zone = '+03:00', NAMES latin1")
        for event in EVENTS:
            opened.execute(event.encode("latin-1"))
    return create_backup(engine, two_tables, catalogue)


def with_event(backup: Backup, **changes: str) -> Backup:
    """Return the backup with a changed first event."""
    first, *others = backup.manifest.event_definitions
    changed = first.model_copy(update=changes)
    definitions = {**backup.manifest.definitions, changed.label: changed.digest}
    manifest = backup.manifest.updated(
        event_definitions=(changed, *others), definitions=definitions
    )
    return replace(backup, manifest=manifest)


def test_events_of_each_form_are_tried_and_created(
    engine: Engine, two_tables: DatabaseAccess, backup: Backup
) -> None:
    original = snapshot(two_tables)
    assert verify_restore(engine, two_tables, backup).passed
    restore_backup(engine, two_tables, backup)
    assert snapshot(two_tables) == original
    drop_replaced_data(two_tables)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_zone": NOWHERE}, f"needs the time_zone '{NOWHERE}'"),
        ({"sql_mode": "NO_SUCH_MODE"}, "needs the sql_mode 'NO_SUCH_MODE'"),
        ({"database_collation": "no_such_ci"}, "needs the collation of its schema 'no_such_ci'"),
        ({"collation": "no_such_ci"}, "needs the collation_connection 'no_such_ci'"),
    ],
)
def test_an_event_with_settings_that_the_server_does_not_know_is_refused(
    engine: Engine,
    two_tables: DatabaseAccess,
    backup: Backup,
    changes: dict[str, str],
    words: str,
) -> None:
    original, changed = snapshot(two_tables), with_event(backup, **changes)
    with pytest.raises(BackupError, match=words):
        load_shadow(engine, two_tables, changed)
    [reason, *_] = verify_restore(engine, two_tables, changed).reasons
    assert words in reason
    assert snapshot(two_tables) == original
    assert schemas(two_tables) == {"platform"}


def test_an_event_that_the_server_refuses_to_create_is_refused(
    engine: Engine, two_tables: DatabaseAccess, backup: Backup
) -> None:
    first = backup.manifest.event_definitions[0]
    changed = with_event(backup, statement=first.statement.replace("SELECT 1", "NO SUCH SQL"))
    with pytest.raises(BackupError, match=r"cannot be created on this server: .*1064"):
        load_shadow(engine, two_tables, changed)
    assert "1064" in verify_restore(engine, two_tables, changed).reasons[0]
    assert schemas(two_tables) == {"platform"}


@pytest.fixture
def stuck(
    engine: Engine, two_tables: DatabaseAccess, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> DatabaseAccess:
    """A swap that was killed after its tables moved; since then its server has lost a time zone."""
    load_shadow(engine, two_tables, backup)

    def die(_direction: SwapDirection, _session: Session) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(SwapDirection, "finish", die)
        swap(two_tables)
    rewrite(two_tables, "+03:00", NOWHERE)
    return two_tables


def rewrite(access: DatabaseAccess, zone: str, other: str) -> None:
    """Change the time zone of the restored data's events (`coming`) in the swap's record."""
    [(text,)] = run(access, "SELECT record FROM swap_moved", schema="platform__swap")
    record = json.loads(text)
    coming = json.dumps(record["coming"]).replace(zone, other)
    record["coming"] = json.loads(coming)
    run(access, "UPDATE swap_moved SET record = %s", json.dumps(record), schema="platform__swap")


def test_a_swap_that_cannot_be_finished_is_undone(
    engine: Engine, backup: Backup, stuck: DatabaseAccess
) -> None:
    outcome = resolve_interrupted_swap(stuck)
    assert outcome.state == "old" and NOWHERE in outcome.description
    assert schemas(stuck) == {"platform"} and not has_replaced_data(stuck)
    assert len(run(stuck, "SHOW EVENTS")) == len(EVENTS)
    restore_backup(engine, stuck, backup)
    drop_replaced_data(stuck)


def test_a_swap_is_finished_once_the_server_that_could_not_finish_or_undo_it_is_repaired(
    stuck: DatabaseAccess,
) -> None:
    [(text,)] = run(stuck, "SELECT record FROM swap_moved", schema="platform__swap")
    lost = text.replace("+03:00", NOWHERE)
    run(stuck, "UPDATE swap_moved SET record = %s", lost, schema="platform__swap")
    with pytest.raises(DatabaseError, match="neither finished nor undone") as caught:
        resolve_interrupted_swap(stuck)
    assert "mariadb-tzinfo-to-sql" in caught.value.todo
    assert schemas(stuck) == {"platform", "platform__before", "platform__restore", "platform__swap"}
    repaired = lost.replace(NOWHERE, "+03:00")
    run(stuck, "UPDATE swap_moved SET record = %s", repaired, schema="platform__swap")
    assert resolve_interrupted_swap(stuck).state == "new"
    drop_replaced_data(stuck)
    assert schemas(stuck) == {"platform"}
