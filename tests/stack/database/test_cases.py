"""Small schemas that tools or servers change: each comes back equal, or is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
from tests.stack.stacks.databases import NAME, renew, run, run_all, schemas, snapshot

pytestmark = pytest.mark.stack

CASES = Path(__file__).parent / "cases"
# Schemas that need what a session of the deployer may not set; then the table is named.
NAMED_IF_REFUSED = {"lax-row-size": "broad", "lax-row-format": "blocks"}
REPRESENTATIVE = ("line-ends", "packages", "names-of-the-live-schema", "names-equal-but-for-case")
NOT_QUICK = [
    "text-that-tools-change",
    "nul",
    "names-equal-but-for-accents",
    *NAMED_IF_REFUSED,
]


def fill(access: DatabaseAccess, case: str) -> None:
    renew(access)
    # As bytes: otherwise Python would change the line ends.
    run_all(access, (CASES / f"{case}.sql").read_bytes().decode())


@pytest.mark.parametrize(
    "case",
    [*REPRESENTATIVE, *(pytest.param(each, marks=pytest.mark.torture) for each in NOT_QUICK)],
)
@pytest.mark.fault("schemas that tools or servers change")
def test_a_case_comes_back_equal_or_is_refused_by_name(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue, case: str
) -> None:
    fill(mariadb, case)
    original = snapshot(mariadb)
    try:
        backup = create_backup(engine, mariadb, catalogue)
    except BackupError as error:
        assert re.search(rf"\b{NAMED_IF_REFUSED[case]}\b", error.what)
        assert schemas(mariadb) == {NAME}
        return
    assert verify_restore(engine, mariadb, backup).reasons == ()
    renew(mariadb)
    run(mariadb, "CREATE TABLE later (id INT)")
    load_shadow(engine, mariadb, backup)
    assert swap(mariadb).notes == ()
    drop_replaced_data(mariadb)
    assert snapshot(mariadb) == original
    assert schemas(mariadb) == {NAME}
    renew(mariadb)


@pytest.mark.fault("events that are over")
def test_events_that_are_over_come_back_disabled_and_are_named(
    engine: Engine, mariadb: DatabaseAccess, catalogue: Catalogue
) -> None:
    fill(mariadb, "one-off-events")
    original = snapshot(mariadb)
    backup = create_backup(engine, mariadb, catalogue)
    over = {"once", "once_kept", "ended"}
    assert named(backup.manifest.warnings) == over
    verified = verify_restore(engine, mariadb, backup)
    assert (verified.reasons, named(verified.notes)) == ((), over)
    assert named(load_shadow(engine, mariadb, backup)) == over
    assert named(swap(mariadb).notes) == over
    drop_replaced_data(mariadb)
    found = snapshot(mariadb)
    assert found.keys() == original.keys()
    assert {key for key in original if found[key] != original[key]} == {
        f"EVENT {name}" for name in over
    }
    for name in over:
        then, now = (map(str, state[f"EVENT {name}"]) for state in (original, found))
        assert [each.replace(" ENABLE ", " DISABLE ") for each in then] == [*now]
    assert verify_restore(engine, mariadb, create_backup(engine, mariadb, catalogue)).notes == ()
    renew(mariadb)


def named(notes: Iterable[str]) -> set[str]:
    return set(re.findall(r"the time of event (\w+) is over", "\n".join(notes)))
