"""A kill at any line of a rotation loses no record, and duplicates none."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.journal.rotation import archive, rotation
from cosmicdeploy.journal.rotation.archive import archive_of
from cosmicdeploy.journal.rotation.needed import Needed
from cosmicdeploy.journal.rotation.rotation import rotate
from tests.unit.journal.rotation.histories import (
    History,
    facts_of,
    lines_of,
    random_history,
    require_same_lines,
)

pytestmark = pytest.mark.unit

SEARCH_ALL = -1.0
KILLED = 99


def history(runs: int = 12) -> History:
    return random_history(random.Random(3), runs)  # noqa: S311 - not secret, but reproducible


def trace_lines(on_line: Callable[[tuple[str, int]], None]) -> None:
    """From now on, call `on_line` with each line of code that a rotation runs."""

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in (rotation.__file__, archive.__file__):
            return None
        if event == "line":
            on_line((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)


def steps_of_a_rotation(journal: Journal) -> list[int]:
    """Rotate, and return when each line of code ran for the first time: after how many lines."""
    executed: list[tuple[str, int]] = []
    trace_lines(executed.append)
    try:
        assert rotate(journal, Needed())
    finally:
        sys.settrace(None)
    first = {line: number for number, line in reversed([*enumerate(executed)])}
    return sorted(first.values())


def rotate_and_die(journal: Journal, at: int) -> bool:
    """Rotate in a child process that dies at the `at`-th line of code; return whether it died."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    numbers = itertools.count()
    trace_lines(lambda _line: os._exit(KILLED) if next(numbers) == at else None)
    try:
        rotate(journal, Needed())
    finally:
        os._exit(0)


def searched(journal: Journal) -> list[dict[str, Any]]:
    """Return all records, with those of the archive, as a reader gets them."""
    found = Journal(path=journal.path).search(lambda _line: True, since=SEARCH_ALL)
    return [record for record in found if not record["kind"].startswith("rotat")]


def in_order(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda record: record["at"])


def prepared(folder: Path) -> Journal:
    """Return a journal that was rotated before, and has had new runs since then."""
    folder.mkdir()
    past = history()
    journal = past.write(folder)
    rotate(Journal(path=journal.path), Needed())
    with journal.path.open("ab") as file:
        file.write(b"".join([b"\n", *past.lines, b"\n"]))
    return journal


def test_a_kill_at_any_line_loses_and_duplicates_nothing(tmp_path: Path, few: int) -> None:
    journal = prepared(tmp_path / "whole")
    records, before = in_order(searched(journal)), all_lines(journal)
    shutil.copytree(tmp_path / "whole", tmp_path / "begin")
    steps = steps_of_a_rotation(journal)
    assert len(steps) > 60
    for step in steps:
        shutil.copytree(tmp_path / "begin", tmp_path / str(step))
        journal = Journal(path=tmp_path / str(step) / "journal.jsonl")
        assert rotate_and_die(Journal(path=journal.path), step)
        assert in_order(searched(journal)) == records
        assert rotate(Journal(path=journal.path), Needed())
        assert in_order(searched(journal)) == records and all_lines(journal) == before
        assert not journal.path.with_name("journal.jsonl.new").exists()


def all_lines(journal: Journal) -> list[bytes]:
    return sorted([*lines_of(journal.path), *lines_of(archive_of(journal.path))])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99, 1.0])
def test_a_kill_within_a_write_to_the_archive_duplicates_nothing(
    tmp_path: Path, few: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = history(30).write(tmp_path)
    before, facts = lines_of(journal.path), facts_of(journal)
    append_lines = archive.append_lines

    def append_and_fail(path: Path, *arguments: Any) -> None:
        append_lines(path, *arguments)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "append_lines", append_and_fail)
        patch.setattr(os, "truncate", lambda *_: None)  # a killed process cleans nothing up
        with pytest.raises(KeyboardInterrupt):
            rotate(journal, Needed())
    assert facts_of(journal) == facts
    assert rotate(Journal(path=journal.path), Needed())
    require_same_lines(journal, before)


def test_foreign_lines_at_the_archives_end_are_not_removed(tmp_path: Path, few: int) -> None:
    journal = history(30).write(tmp_path)
    before = lines_of(journal.path)
    with journal.path.open("ab") as file:
        file.write(b'\n{"at": "2026-03-01T12:00:00+01:00", "kind": "rotating", "archive_bytes": 0}')
    archive_of(journal.path).write_bytes(b"another program wrote this")
    assert rotate(journal, Needed())
    lines = lines_of(archive_of(journal.path))
    assert lines[0] == b"another program wrote this"
    assert sorted([*lines[1:], *lines_of(journal.path)]) == sorted(before)


@pytest.mark.parametrize("step", ["append_lines", "write_line", "open_private", "sync_folder"])
def test_a_full_disk_leaves_the_journal_as_it_was(
    tmp_path: Path, few: int, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = history(30).write(tmp_path)
    before, facts = lines_of(journal.path), facts_of(journal)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "disk")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, step, fail)
        with pytest.raises(OSError, match="No space left"):
            rotate(journal, Needed())
    assert facts_of(journal) == facts
    require_same_lines(journal, before)
    assert not journal.path.with_name("journal.jsonl.new").exists()
    assert rotate(Journal(path=journal.path), Needed())
    require_same_lines(journal, before)


WRITER = """
import sys
from collections.abc import Callable
from pathlib import Path
from cosmicdeploy.journal.journal import Journal
journal = Journal(path=Path(sys.argv[1]))
for number in range(150):
    journal.append("switched", who=sys.argv[2], number=number)
"""


def test_records_that_others_append_meanwhile_are_kept(tmp_path: Path, few: int) -> None:
    journal = history(30).write(tmp_path)
    before = lines_of(journal.path)
    command = [sys.executable, "-c", WRITER, str(journal.path)]
    writers = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    count = 0
    while any(writer.poll() is None for writer in writers):
        count += rotate(Journal(path=journal.path), Needed())
    assert [writer.wait() for writer in writers] == [0, 0] and count > 1
    records = [*Journal(path=archive_of(journal.path)).records(), *journal.records()]
    switched = [(r["who"], r["number"]) for r in records if r["kind"] == "switched" and "who" in r]
    assert sorted(switched) == sorted((name, n) for name in "ab" for n in range(150))
    assert len(lines_of(archive_of(journal.path)) + lines_of(journal.path)) == len(before) + 300


def test_a_rotation_keeps_permissions_and_follows_a_link(tmp_path: Path, few: int) -> None:
    journal = history(30).write(tmp_path)
    journal.path.chmod(0o640)
    link = tmp_path / "elsewhere" / "journal.jsonl"
    link.parent.mkdir()
    link.symlink_to(journal.path)
    assert rotate(Journal(path=link), Needed())
    assert link.is_symlink() and archive_of(journal.path).exists()
    assert journal.path.stat().st_mode & 0o777 == 0o640
    assert archive_of(journal.path).stat().st_mode & 0o777 == 0o640


def test_a_rotation_leaves_a_journal_alone_that_is_being_written(tmp_path: Path, few: int) -> None:
    journal = history(30).write(tmp_path)
    content = journal.path.read_bytes()
    with journal.path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not rotate(journal, Needed())
    assert journal.path.read_bytes() == content
