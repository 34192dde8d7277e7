"""In which snapshot the rows are counted, and what is said of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from cosmicdeploy.database.dump import server_rows
from cosmicdeploy.database.dump.server_rows import ServerRows, counting_rows
from cosmicdeploy.database.schema.row_checksums import Rows
from cosmicdeploy.errors import BackupError, DatabaseError

pytestmark = pytest.mark.unit

# The ids of the sessions, in the order in which they are opened; the tool's is the next.
WATCHING, LATE, EARLY, TOOL = 1, 2, 3, 4
ROWS = {EARLY: 10, LATE: 11}
Views = dict[int, tuple[int, int]]
BEFORE, AFTER = (80, 80), (82, 82)


class Session:
    """A session that sees 10 or 11 rows, and that knows the session of the dump tool."""

    where = "server"

    def __init__(self, number: int, changed: Sequence[str]) -> None:
        self.number = number
        self.changed = changed
        self.statements: list[str] = []

    def stay_open(self) -> None: ...

    def execute(self, statement: str, *_: object) -> None:
        self.statements.append(statement)

    def rows(self, query: str, *_: object) -> list[tuple[Any, ...]]:
        if "CONNECTION_ID" in query:
            return [(self.number,)]
        if "processlist" in query:
            return [(TOOL,)]
        if "update_time" in query:
            return [(name,) for name in self.changed]
        if "information_schema.columns" in query:
            return [("id", "NO"), ("name", "YES")]
        if "COUNT(*), COALESCE" in query:
            assert "CRC32(`id`), IFNULL(CRC32(`name`), '-')" in query
            return [(ROWS[self.number], 7)]
        return [(ROWS[self.number],)] if "COUNT(*)" in query else [("now",)]


# What the server shows until the late session has its snapshot, and what it shows then.
Script = Sequence[Views | None]


def counted(
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    *,
    checksums: bool = False,
    changed: Sequence[str] = (),
) -> ServerRows:
    """Count while the server shows the read views of `script`."""
    numbers = itertools.count(WATCHING)
    sessions: list[Session] = []

    @contextmanager
    def opened(*_: object) -> Iterator[Session]:
        sessions.append(Session(next(numbers), changed))
        yield sessions[-1]

    def read_views(_: object) -> Views | None:
        late = sessions[LATE - WATCHING]
        return script[any(statement.startswith("START") for statement in late.statements)]

    monkeypatch.setattr(server_rows, "open_session", opened)
    monkeypatch.setattr(server_rows, "read_views", read_views)
    access: Any = type("Access", (), {"name": "shop", "user": "root", "where": "server"})
    with counting_rows(access, ["a", "b"], 60, checksums=checksums) as count:
        result = count.result()
    for session in sessions:  # each table is released at once
        saved = session.statements.count("SAVEPOINT counted")
        assert session.statements.count("ROLLBACK TO SAVEPOINT counted") == saved
    return result


def test_an_early_snapshot_is_the_dumps_if_nothing_was_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {EARLY: BEFORE, TOOL: BEFORE}
    result = counted(monkeypatch, [seen, {**seen, LATE: AFTER}])
    assert (result.counted, result.counts) == ("snapshot", {"a": 10, "b": 10})


def test_after_a_commit_the_snapshot_just_after_the_tools_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {EARLY: BEFORE, TOOL: AFTER}
    result = counted(monkeypatch, [seen, {**seen, LATE: AFTER}])
    assert (result.counted, result.counts) == ("snapshot", {"a": 11, "b": 11})


@pytest.mark.parametrize(
    "script",
    [
        [{EARLY: BEFORE, TOOL: AFTER}, {EARLY: BEFORE, TOOL: AFTER, LATE: (84, 84)}],
        [{EARLY: BEFORE, TOOL: (82, 81)}, {EARLY: BEFORE, TOOL: (82, 81), LATE: (82, 81)}],
        [None],
    ],
    ids=["commits on both sides", "an open transaction", "no privilege"],
)
def test_otherwise_the_counts_are_those_before_the_dump(
    monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    result = counted(monkeypatch, script)
    assert (result.counted, result.counts) == ("around", {"a": 10, "b": 10})


def test_a_tool_that_is_too_quick_to_be_seen_needs_a_server_at_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early = {EARLY: BEFORE}
    at_rest = counted(monkeypatch, [early, {**early, LATE: BEFORE}])
    assert at_rest.counted == "snapshot"
    busy = counted(monkeypatch, [early, {**early, LATE: AFTER}])
    assert busy.counted == "around"


def test_rows_have_a_checksum_only_if_they_are_those_of_the_dump(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    same = {EARLY: BEFORE, TOOL: BEFORE}
    exact = counted(monkeypatch, [same, same], checksums=True, changed=["a"])
    assert exact.checksums == {"a": "crc32-sum:7", "b": "crc32-sum:7"}
    around = counted(monkeypatch, [None], checksums=True, changed=["a"])
    assert around.checksums == {"a": "", "b": "crc32-sum:7"}


def test_a_snapshot_with_other_counts_is_not_the_dumps() -> None:
    tables = {
        "a": Rows(count=1, checksum="crc32-sum:1"),
        "b": Rows(count=2, checksum="crc32-sum:2"),
    }
    exact = ServerRows(counted="snapshot", tables=tables)
    assert exact.compared({"a": 1, "b": 2}) == exact
    other = exact.compared({"a": 1, "b": 3})
    assert (other.counted, other.checksums) == ("around", {"a": "", "b": ""})
    around = ServerRows(counted="around", tables=tables).compared({"a": 1, "b": 3})
    assert around.checksums == {"a": "crc32-sum:1", "b": ""}


def test_a_dump_that_fails_ends_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, killed = itertools.count(WATCHING), []

    @contextmanager
    def opened(*_: object) -> Iterator[Session]:
        yield Session(next(numbers), ())

    monkeypatch.setattr(server_rows, "open_session", opened)
    monkeypatch.setattr(server_rows, "read_views", lambda _: {EARLY: BEFORE})
    monkeypatch.setattr(
        server_rows, "kill", lambda _, number, statement_only: killed.append(number)
    )
    access: Any = type("Access", (), {"name": "shop", "user": "root", "where": "server"})
    with (
        pytest.raises(BackupError),
        counting_rows(access, ["a"], 60, checksums=False) as count,
    ):
        raise BackupError("the tool failed")
    with pytest.raises(DatabaseError, match="ended"):
        count.result()
