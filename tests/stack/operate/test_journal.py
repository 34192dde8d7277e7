"""A long journal on the real stack: the next run moves old records to the archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation.archive import archive_of
from tests.stack.support.harness import StackUnderTest
from tests.unit.journal.rotation.histories import History, lines_of

pytestmark = pytest.mark.stack

OLD_RUNS = 1300


@pytest.fixture
def long_journal(released: StackUnderTest) -> Iterator[Path]:
    """The journal of the stack with many runs of the past in front; they are gone afterwards."""
    path = released.open().journal.path
    history = History()
    for _ in range(OLD_RUNS):
        history.finished("health")
    past, own = {line.rstrip(b"\n") for line in history.lines}, path.read_bytes()
    path.write_bytes(b"".join(history.lines) + own)
    try:
        yield path
    finally:
        lines = [*lines_of(archive_of(path)), *lines_of(path)]
        path.write_bytes(b"".join(line + b"\n" for line in lines if line not in past))
        archive_of(path).unlink(missing_ok=True)


def test_a_deploy_that_changes_nothing_rotates_a_long_journal(
    released: StackUnderTest, long_journal: Path
) -> None:
    before = lines_of(long_journal)
    released_last = released.open().journal.last("release")
    done = released.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert not json.loads(done.stdout)["warnings"]
    archived, live = lines_of(archive_of(long_journal)), lines_of(long_journal)
    assert archived == before[: len(archived)]
    assert live[: len(before) - len(archived)] == before[len(archived) :]
    records = list(Journal(path=long_journal).records())
    runs = [each for each in records if each["kind"] == "run"]
    alone = [each for each in records if not each.get("run")]  # each counts like a run
    assert len(runs) < 1050 and len(runs) + len(alone) >= 1000, (len(runs), len(alone))
    assert released.open().journal.last("release") == released_last
    status = released.cli("status", "--json")
    assert status.code == 0 and not json.loads(status.stdout)["warnings"]
