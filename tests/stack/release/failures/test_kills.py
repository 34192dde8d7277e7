"""kill -9 after every journal record: the same command again leads to a whole state."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle

import pytest

from cosmicdeploy.context.releases import running_release
from cosmicdeploy.layout import SOURCES
from tests.conftest import Tries
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import acknowledged, require_backups_intact, require_whole

# With all faults, each test runs dozens of deploys or rollbacks.
pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]

# The first record of a run, before its first change.
FIRST = 1
# A record in the middle of a run, after some changes and before others.
SAMPLED = (12,)
MIGRATION = '''"""One more column."""


def up() -> list[str]:
    return ["ALTER TABLE remotes ADD COLUMN torture_{number} INT NULL"]


def down() -> list[str]:
    return ["ALTER TABLE remotes DROP COLUMN torture_{number}"]
'''

# So many of the last records may be written after the deploy has succeeded. A deploy may also write
# one record less than the measured one.
AFTER_SUCCESS = 2


@pytest.fixture(autouse=True)
def remove_migrations(laid_out: StackUnderTest) -> Iterator[None]:
    """Undo the migrations of the test releases, whose files the next test does not have."""
    yield
    with laid_out.database() as facts:
        for name in facts.applied_migrations():
            if name.endswith("_torture"):
                column = f"torture_{int(name.split('_')[3])}"
                facts.session.execute(f"ALTER TABLE remotes DROP COLUMN IF EXISTS {column}")
                facts.session.execute("DELETE FROM migrations WHERE migration = %s", name)


def killed(stack: StackUnderTest, count: int, *words: str) -> int:
    """Run a command that is killed after its `count`-th record; return its exit code."""
    process = stack.start(str(count), *words, module="tests.stack.support.processes.killed")
    process.communicate(timeout=300)
    return process.wait()


def boundaries(stack: StackUnderTest) -> range:
    """Return the numbers of the records that the last run wrote."""
    records = list(stack.open().journal.records())
    count = sum(record.get("run") == records[-1]["run"] for record in records)
    return range(FIRST, count + 1)


def deploy_boundaries(stack: StackUnderTest, number: int, *, every_place: bool) -> Sequence[int]:
    """Return the records after which to kill a deploy: all of an uninterrupted one, or a sample."""
    if not every_place:
        return SAMPLED
    next_release(stack, number)
    assert stack.cli("deploy").code == 0
    return boundaries(stack)


def next_release(stack: StackUnderTest, number: int) -> None:
    """Put a release with a new migration, so that every step has something to change."""
    migrations = stack.folder / SOURCES / "database" / "migrations"
    (migrations / f"2026_09_01_{number:06}_torture.py").write_text(MIGRATION.format(number=number))
    stack.set_variable("APP_VERSION", f"torture-{number}")


@pytest.mark.fault("kill -9 at a journal boundary of deploy, then deploy")
def test_a_deploy_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every_place: bool
) -> None:
    for number in deploy_boundaries(released, 0, every_place=every_place):
        next_release(released, number)
        with tries.attempt(f"record {number}"), acknowledged(released) as beats:
            assert killed(released, number, "deploy") == -signal.SIGKILL
            again = released.cli("deploy", "--json")
            assert again.code == 0, again.stderr
            assert running_release(released.open()) == f"torture-{number}"
            require_whole(released)
            require_backups_intact(released)
        beats.require_kept(released)
        assert (beats.failures, beats.turned_away) == ([], 0)
        assert released.cli("status", "--json").report["unfinished"] == []
    assert tries.failures == []


@pytest.mark.torture
@pytest.mark.fault("kill -9 at a journal boundary of deploy, then deploy --abort")
def test_a_killed_deploy_can_be_undone(
    released: StackUnderTest, tries: Tries, every_place: bool
) -> None:
    numbers = deploy_boundaries(released, 100, every_place=every_place)
    for number in numbers:
        before = released.snapshot()
        next_release(released, 100 + number)
        with tries.attempt(f"record {number}"):
            assert killed(released, number, "deploy") == -signal.SIGKILL
            unfinished = released.cli("status", "--json").report["unfinished"]
            if every_place and not unfinished and number >= numbers[-1] - AFTER_SUCCESS:
                # The deploy had succeeded, so there is nothing to undo.
                assert running_release(released.open()) == f"torture-{100 + number}"
                assert released.cli("deploy").code == 0
                continue
            assert [run["command"] for run in unfinished] == ["deploy"]
            undone = released.cli("deploy", "--abort", "--json")
            assert undone.code == 0, undone.stderr
            assert released.snapshot() == before
            assert released.cli("status", "--json").report["unfinished"] == []
            file = released.folder / SOURCES / "database" / "migrations"
            (file / f"2026_09_01_{100 + number:06}_torture.py").unlink()
    assert tries.failures == []


@pytest.mark.torture
@pytest.mark.fault("kill -9 at a journal boundary of rollback, then rollback")
def test_a_rollback_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every_place: bool
) -> None:
    backups = released.open().catalogue.list()
    old = next(b.id for b in backups if b.is_good and b.manifest.release == "1")
    for number, target in rollbacks(released, old, every_place=every_place):
        with tries.attempt(f"record {number}"), acknowledged(released) as beats:
            assert killed(released, number, "rollback", "--to", target, "--yes") == -signal.SIGKILL
            again = released.cli("rollback", "--to", target, "--yes", "--json")
            assert again.code == 0, again.stderr
            require_whole(released)
            require_backups_intact(released)
        # Earlier heartbeats are in the rollback's own backup, later ones in the database.
        assert beats.all and beats.failures == []
        assert released.health().status == 200
        assert released.cli("status", "--json").report["unfinished"] == []
    assert tries.failures == []


def rollbacks(stack: StackUnderTest, old: str, *, every_place: bool) -> Iterable[tuple[int, str]]:
    """Return after which records to kill a rollback, each with the backup to go back to.

    With all places, the rollbacks go back and forth, so that each has data, schema and images to
    swap.
    """
    if not every_place:
        return [(number, old) for number in SAMPLED]
    new = stack.cli("backup", "create", "--json").report["backup"]
    done = stack.cli("rollback", "--to", old, "--yes", "--json")
    assert done.code == 0, done.stderr
    return zip(boundaries(stack), cycle((new, old)), strict=False)


@pytest.mark.torture
@pytest.mark.fault("kill -9 at a journal boundary of backup create, then backup create")
def test_a_backup_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every_place: bool
) -> None:
    assert released.cli("backup", "create").code == 0
    numbers = boundaries(released)
    for number in numbers if every_place else numbers[2:-1:3]:
        with tries.attempt(f"record {number}"):
            assert killed(released, number, "backup", "create") == -signal.SIGKILL
            again = released.cli("backup", "create", "--json")
            assert again.code == 0, again.stderr
            require_backups_intact(released)
            require_whole(released)
    assert tries.failures == []
