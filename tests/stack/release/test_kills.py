"""kill -9 at every boundary of the journal; the same command again ends in a whole state."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from itertools import cycle

import pytest

from cosmicdeploy.layout import SOURCES
from tests.conftest import Tries
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import acknowledged, require_backups_intact, require_whole

# Dozens of deploys and rollbacks each, where all faults are asked for.
pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]

# The first record of a run stands before its first change.
FIRST = 1
# In the middle of a run, where much has changed and much has not.
SAMPLED = (12,)
MIGRATION = '''"""One more column."""


def up() -> list[str]:
    return ["ALTER TABLE remotes ADD COLUMN torture_{number} INT NULL"]


def down() -> list[str]:
    return ["ALTER TABLE remotes DROP COLUMN torture_{number}"]
'''


@pytest.fixture(autouse=True)
def made_columns_gone(laid_out: StackUnderTest) -> Iterator[None]:
    """Takes the releases' migrations back, for which the next test has no files."""
    yield
    with laid_out.database() as facts:
        for name in facts.applied_migrations():
            if name.endswith("_torture"):
                column = f"torture_{int(name.split('_')[3])}"
                facts.session.execute(f"ALTER TABLE remotes DROP COLUMN IF EXISTS {column}")
                facts.session.execute("DELETE FROM migrations WHERE migration = %s", name)


def killed(stack: StackUnderTest, count: int, *words: str) -> int:
    """Run a command that dies with its `count`-th record; its exit code."""
    process = stack.start(str(count), *words, module="tests.stack.support.killed")
    process.communicate(timeout=300)
    return process.wait()


def boundaries(stack: StackUnderTest) -> range:
    """Where the last run, which was not disturbed, wrote a record."""
    records = list(stack.open().journal.records())
    count = sum(record.get("run") == records[-1]["run"] for record in records)
    return range(FIRST, count + 1)


def of_a_deploy(stack: StackUnderTest, number: int, *, every: bool) -> Sequence[int]:
    """Where a deploy of such a release writes a record: all, as one shows that nobody kills, or
    some."""
    if not every:
        return SAMPLED
    next_release(stack, number)
    assert stack.cli("deploy").code == 0
    return boundaries(stack)


def next_release(stack: StackUnderTest, number: int) -> None:
    """A release with a migration of its own, so that every step has something to change."""
    migrations = stack.folder / SOURCES / "database" / "migrations"
    (migrations / f"2026_09_01_{number:06}_torture.py").write_text(MIGRATION.format(number=number))
    stack.set_variable("APP_VERSION", f"torture-{number}")


@pytest.mark.fault("kill -9 at a journal boundary of deploy, then deploy")
def test_a_deploy_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every: bool
) -> None:
    for number in of_a_deploy(released, 0, every=every):
        next_release(released, number)
        with tries.one(f"record {number}"), acknowledged(released) as beats:
            assert killed(released, number, "deploy") == -signal.SIGKILL
            again = released.cli("deploy", "--json")
            assert again.code == 0, again.stderr
            assert released.open().running_release() == f"torture-{number}"
            require_whole(released)
            require_backups_intact(released)
        beats.require_kept(released)
        assert (beats.failures, beats.turned_away) == ([], 0)
        assert released.cli("status", "--json").report["unfinished"] == []
    assert tries.failures == []


@pytest.mark.fault("kill -9 at a journal boundary of deploy, then deploy --abort")
def test_a_killed_deploy_can_be_undone(released: StackUnderTest, tries: Tries, every: bool) -> None:
    numbers = of_a_deploy(released, 100, every=every)
    for number in numbers:
        before = released.snapshot()
        next_release(released, 100 + number)
        with tries.one(f"record {number}"):
            assert killed(released, number, "deploy") == -signal.SIGKILL
            if every and number >= numbers[-1] - 1:  # it had succeeded: nothing is left to undo
                assert released.cli("deploy").code == 0
                continue
            told = released.cli("status", "--json").report["unfinished"]
            assert [run["command"] for run in told] == ["deploy"]
            undone = released.cli("deploy", "--abort", "--json")
            assert undone.code == 0, undone.stderr
            assert released.snapshot() == before
            assert released.cli("status", "--json").report["unfinished"] == []
            file = released.folder / SOURCES / "database" / "migrations"
            (file / f"2026_09_01_{100 + number:06}_torture.py").unlink()
    assert tries.failures == []


@pytest.mark.fault("kill -9 at a journal boundary of rollback, then rollback")
def test_a_rollback_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every: bool
) -> None:
    backups = released.open().catalogue.list()
    old = next(b.id for b in backups if b.is_good and b.manifest.release == "1")
    new = released.cli("backup", "create", "--json").report["backup"]
    done = released.cli("rollback", "--to", old, "--yes", "--json")
    assert done.code == 0, done.stderr
    # To and fro, so that each has data, schema and images to exchange.
    numbers = boundaries(released) if every else SAMPLED
    for number, target in zip(numbers, cycle((new, old)), strict=False):
        with tries.one(f"record {number}"), acknowledged(released) as beats:
            assert killed(released, number, "rollback", "--to", target, "--yes") == -signal.SIGKILL
            again = released.cli("rollback", "--to", target, "--yes", "--json")
            assert again.code == 0, again.stderr
            require_whole(released)
            require_backups_intact(released)
        # What was answered before is in the backup that was made first; what came after is here.
        assert beats.all and beats.failures == []
        assert released.health().status == 200
        assert released.cli("status", "--json").report["unfinished"] == []
    assert tries.failures == []


@pytest.mark.fault("kill -9 at a journal boundary of backup create, then backup create")
def test_a_backup_survives_a_kill_anywhere(
    released: StackUnderTest, tries: Tries, every: bool
) -> None:
    assert released.cli("backup", "create").code == 0
    found = boundaries(released)
    for number in found if every else found[1:-1:2]:
        with tries.one(f"record {number}"):
            assert killed(released, number, "backup", "create") == -signal.SIGKILL
            again = released.cli("backup", "create", "--json")
            assert again.code == 0, again.stderr
            require_backups_intact(released)
            require_whole(released)
    assert tries.failures == []
