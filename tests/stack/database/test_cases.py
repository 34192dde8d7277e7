"""Small schemas that tools or servers change: each is restored as it was, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import load_shadow
from cosmicdeploy.database.restore.verify import verify_restore
from cosmicdeploy.database.swap.swap import drop_replaced_data, swap
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import NAME, Servers, renew, run, run_all, schemas, snapshot

pytestmark = pytest.mark.stack

CASES = Path(__file__).parent / "cases"
RESTORED = ("line-ends", "names-of-the-live-schema", "lax-row-size")
RESTORED_TOO = (
    "text-that-tools-change",
    "nul",
    "lax-row-format",
    "names-equal-but-for-accents",
    "names-equal-but-for-case",
)


def fill(access: DatabaseAccess, case: str) -> None:
    renew(access)
    # As bytes: otherwise Python would change the line ends.
    run_all(access, (CASES / f"{case}.sql").read_bytes().decode())


@pytest.fixture
def no_events(any_server: DatabaseAccess) -> Iterator[DatabaseAccess]:
    """A server that runs no events; afterwards its setting is restored."""
    [(usual,)] = run(any_server, "SELECT @@GLOBAL.event_scheduler")
    run(any_server, "SET GLOBAL event_scheduler = OFF")
    yield any_server
    run(any_server, "SET GLOBAL event_scheduler = %s", usual)


def require_round_trip(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, case: str
) -> None:
    """Restore a case into a schema without the case's objects, and compare everything."""
    fill(access, case)
    original = snapshot(access)
    backup = create_backup(engine, access, catalogue)
    assert verify_restore(engine, access, backup).reasons == ()
    renew(access)
    run(access, "CREATE TABLE later (id INT)")
    load_shadow(engine, access, backup)
    assert swap(access).notes == ()
    drop_replaced_data(access)
    assert snapshot(access) == original
    assert schemas(access) == {NAME}


def require_cut(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, case: str, cut: str
) -> None:
    """Check that a backup of a case is refused before the dump, since a text has a NUL character.

    `cut` is the kind and the name of the object.
    """
    fill(access, case)
    seen: list[int] = []
    with pytest.raises(BackupError, match=rf"up to a NUL character: {cut}\b") as caught:
        create_backup(engine, access, catalogue, on_bytes=seen.append)
    assert "CHAR(0)" in caught.value.todo and seen == []
    renew(access)


@pytest.mark.parametrize(
    "case",
    [*RESTORED, *(pytest.param(each, marks=pytest.mark.torture) for each in RESTORED_TOO)],
)
@pytest.mark.fault("schemas that tools or servers change")
def test_a_case_is_restored_as_it_was(
    engine: Engine, any_server: DatabaseAccess, catalogue: Catalogue, case: str
) -> None:
    require_round_trip(engine, any_server, catalogue, case)


@pytest.mark.fault("packages of Oracle mode")
@pytest.mark.parametrize("case", ["packages", "nul-in-procedure"])
def test_a_case_that_only_mariadb_has_is_restored_as_it_was(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue, case: str
) -> None:
    require_round_trip(engine, mariadb, catalogue, case)
    renew(mariadb)


def test_an_event_whose_text_the_server_cuts_is_refused_before_the_dump(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue
) -> None:
    require_cut(engine, mariadb, catalogue, "nul-in-event", "event e")


@pytest.mark.torture
@pytest.mark.parametrize("version", ["mysql-8", "mysql-9"])
def test_a_procedure_whose_text_the_server_cuts_is_refused_before_the_dump(
    engine: Engine, servers: Servers, catalogue: Catalogue, version: str
) -> None:
    require_cut(engine, servers(version), catalogue, "nul-in-procedure", "procedure p")


@pytest.mark.fault("events whose time is over")
def test_events_whose_time_is_over_are_restored_disabled_and_named(
    engine: Engine, no_events: DatabaseAccess, catalogue: Catalogue
) -> None:
    access = no_events
    fill(access, "one-off-events")
    original = snapshot(access)
    backup = create_backup(engine, access, catalogue)
    over = {"once", "once_kept", "ended"}
    assert named(backup.manifest.warnings) == over
    verified = verify_restore(engine, access, backup)
    assert (verified.reasons, named(verified.notes)) == ((), over)
    assert named(load_shadow(engine, access, backup)) == over
    assert named(swap(access).notes) == over
    drop_replaced_data(access)
    found = snapshot(access)
    assert found.keys() == original.keys()
    assert {key for key in original if found[key] != original[key]} == {
        f"EVENT {name}" for name in over
    }
    for name in over:
        then, now = (map(str, state[f"EVENT {name}"]) for state in (original, found))
        assert [each.replace(" ENABLE ", " DISABLE ") for each in then] == [*now]
    assert verify_restore(engine, access, create_backup(engine, access, catalogue)).notes == ()


def named(notes: Iterable[str]) -> set[str]:
    return set(re.findall(r"the time of event (\w+) is over", "\n".join(notes)))
