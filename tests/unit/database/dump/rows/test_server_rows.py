"""In which snapshot the rows are counted, and what a backup says about that snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from cosmicdeploy.database.backups.on_disk.manifest import Objects, TableRows
from cosmicdeploy.database.dump.rows import snapshots
from cosmicdeploy.database.dump.rows.commits import Commits
from cosmicdeploy.database.dump.rows.server_rows import (
    ServerRows,
    counting_rows,
    missing_checksums,
)
from cosmicdeploy.database.schema.row_checksums import Rows
from cosmicdeploy.errors import BackupError, DatabaseError

pytestmark = pytest.mark.unit

# The ids of the deployer's sessions, in the order in which they are opened. The next id is that of
# the dump tool's session.
WATCHING, LATE, EARLY, TOOL = 1, 2, 3, 4
ROWS = {EARLY: 10, LATE: 11}
NONE: dict[int, str] = {}
CONNECTED, BEGUN = {TOOL: ""}, {TOOL: "shop"}


class Server:
    """A server whose transaction counter and other sessions change each time they are read.

    `counters` and `tools` have the values of each read. Once the last value is reached, it stays.
    """

    def __init__(self, counters: Sequence[str], tools: Sequence[dict[int, str]]) -> None:
        self.counters = [*counters]
        self.tools = [*tools]
        self.opened = [3, 9]
        self.limits: dict[int, tuple[str, str]] = {}
        self.sessions: list[Session] = []

    @contextmanager
    def open_session(self, *_: object) -> Iterator[Session]:
        self.sessions.append(Session(self, len(self.sessions) + WATCHING))
        yield self.sessions[-1]

    def read_commits(self, _: object) -> Commits:
        return Commits(counter=_next(self.counters), limits=self.limits)


def _next(values: list[Any]) -> Any:
    return values.pop(0) if len(values) > 1 else values[0]


class Session:
    """A session that sees 10 or 11 rows; its process list shows the dump tool's session."""

    def __init__(self, server: Server, number: int) -> None:
        self.server = server
        self.number = number
        self.statements: list[str] = []

    def stay_open(self) -> None: ...

    def execute(self, statement: str, *_: object) -> None:
        self.statements.append(statement)

    def rows(self, query: str, *parameters: object) -> list[Any]:
        if "COUNT(*), COALESCE" in query:
            values = "CRC32(`id`), IFNULL(CRC32(`name`), '-'), CRC32(UNIX_TIMESTAMP(`at`))"
            assert f"CONCAT_WS(',', {values})" in query
        answers = {
            "CONNECTION_ID": lambda: [(self.number,)],
            "Connections": lambda: [("Connections", _next(self.server.opened))],
            "processlist": lambda: [*_next(self.server.tools).items()],
            "information_schema.columns": lambda: columns(*parameters),
            "COUNT(*), COALESCE": lambda: [(ROWS[self.number], 7)],
            "COUNT(*)": lambda: [(ROWS[self.number],)],
        }
        return next(answer() for words, answer in answers.items() if words in query)


def columns(_schema: object, table: object) -> list[Any]:
    """Return the columns of a table, and one column of a table whose name differs in case."""
    return [
        (table, "id", "NO", "int"),
        (table, "name", "YES", "varchar"),
        (str(table).upper(), "other", "NO", "int"),
        (table, "at", "NO", "timestamp"),
    ]


def access() -> Any:
    return type("Access", (), {"name": "shop", "user": "root", "where": "server"})


def counted(
    monkeypatch: pytest.MonkeyPatch, server: Server, *, checksums: bool = False
) -> ServerRows:
    """Count rows on the server while a dump tool writes some bytes."""
    monkeypatch.setattr(snapshots, "open_session", server.open_session)
    monkeypatch.setattr(snapshots, "read_commits", server.read_commits)
    written: list[bytes] = []
    with counting_rows(access(), ["a", "b"], 60, checksums=checksums) as count:
        if BEGUN in server.tools or server.counters == [""]:
            count.noticing(written.append)(b"-- MariaDB dump")
            assert written == [b"-- MariaDB dump"]
            time.sleep(0.05)  # the tool continues to run
        result = count.result()
    for session in server.sessions:  # the lock of each table is released after its count
        saved = session.statements.count("SAVEPOINT counted")
        assert session.statements.count("ROLLBACK TO SAVEPOINT counted") == saved
    return result


def test_an_early_snapshot_equals_the_dumps_if_nothing_was_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = counted(monkeypatch, Server(["80"], [NONE, CONNECTED, BEGUN]))
    assert (result.counted, result.counts) == ("snapshot", {"a": 10, "b": 10})


def test_after_a_commit_the_snapshot_right_after_the_tools_snapshot_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = counted(monkeypatch, Server(["80", "82"], [NONE, CONNECTED, BEGUN]))
    assert (result.counted, result.counts) == ("snapshot", {"a": 11, "b": 11})


@pytest.mark.parametrize(
    ("counters", "tools"),
    [
        (["80", "82", "84"], [NONE, CONNECTED, BEGUN]),
        (["80", "82", "82", "82", "84"], [NONE, CONNECTED, BEGUN]),
        ([""], [NONE, BEGUN]),
        (["80", "80", "80", "80", "82"], [NONE, BEGUN, NONE]),
        (["80", "82", "82", "82", "84"], [NONE, BEGUN, {TOOL + 1: "shop"}]),
        (["80", "82"], [{TOOL: "shop", TOOL + 1: "shop"}]),
        (["80", "82"], [NONE]),
    ],
    ids=[
        "a commit when the tool connects",
        "a commit when its snapshot begins",
        "no privilege",
        "another session, and a commit",
        "another session, then the tool",
        "two sessions",
        "a quick tool, and a commit",
    ],
)
def test_if_no_snapshot_equals_the_dumps_the_counts_are_from_before_the_dump(
    monkeypatch: pytest.MonkeyPatch, counters: list[str], tools: list[dict[int, str]]
) -> None:
    result = counted(monkeypatch, Server(counters, tools))
    assert (result.counted, result.counts) == ("around", {"a": 10, "b": 10})


def test_a_commit_while_the_tool_connects_does_not_matter_if_the_snapshots_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(["80", "82", "84"], [NONE, CONNECTED, BEGUN])
    server.limits = {EARLY: ("80", "80"), TOOL: ("84", "84"), LATE: ("84", "84")}
    result = counted(monkeypatch, server)
    assert (result.counted, result.counts) == ("snapshot", {"a": 11, "b": 11})


def test_an_ended_session_was_the_tools_if_no_other_session_was_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(["80", "80", "80", "80", "82"], [NONE, BEGUN, NONE])
    server.opened = [3, 4]
    assert counted(monkeypatch, server).counted == "snapshot"


@pytest.mark.parametrize("tools", [[NONE], [NONE, BEGUN, NONE]])
def test_a_tool_that_ends_before_it_is_recognized_needs_a_server_without_commits(
    monkeypatch: pytest.MonkeyPatch, tools: list[dict[int, str]]
) -> None:
    assert counted(monkeypatch, Server(["80"], tools)).counted == "snapshot"


def test_a_tool_that_is_not_recognized_is_searched_for_only_briefly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[None] = []
    server = Server(["80"], [{TOOL: "shop", TOOL + 1: "shop"}])
    read = server.read_commits
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(snapshots, "open_session", server.open_session)
    monkeypatch.setattr(
        snapshots, "read_commits", lambda session: (looks.append(None), read(session))[1]
    )
    with counting_rows(access(), ["a"], 60, checksums=False) as count:
        count.noticing(lambda _: None)(b"-- MariaDB dump")
        time.sleep(0.2)
        seen = len(looks)
        time.sleep(0.2)
        assert seen == len(looks) > 1
        assert count.result().counted == "snapshot"


def test_rows_have_a_checksum_only_if_they_are_those_of_the_dump(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = counted(monkeypatch, Server(["80"], [NONE, BEGUN]), checksums=True)
    assert exact.checksums == {"a": "crc32-sum:7", "b": "crc32-sum:7"}
    around = counted(monkeypatch, Server([""], [NONE]), checksums=True)
    assert around.checksums == {"a": "", "b": ""}


def test_a_snapshot_with_other_counts_does_not_equal_the_dumps() -> None:
    tables = {
        "a": Rows(count=1, checksum="crc32-sum:1"),
        "b": Rows(count=2, checksum="crc32-sum:2"),
    }
    exact = ServerRows(counted="snapshot", tables=tables)
    assert exact.compared({"a": 1, "b": 2}) == exact
    other = exact.compared({"a": 1, "b": 3})
    assert (other.counted, other.checksums) == ("around", {"a": "", "b": ""})
    short = exact.compared({"a": 1, "b": 1})
    assert (short.counted, short.counts) == ("snapshot", {"a": 1, "b": 2})
    around = ServerRows(counted="around", tables=tables).compared({"a": 1, "b": 3})
    assert around.checksums == {"a": "crc32-sum:1", "b": ""}


def test_the_tables_without_a_checksum_are_named() -> None:
    checked = TableRows(before=1, after=1, checksum="crc32-sum:1")
    counted_only = TableRows(before=1, after=1)
    assert missing_checksums(Objects(tables={"a": checked})) == []
    [line] = missing_checksums(Objects(tables={"a": checked, "b": counted_only}))
    assert line.startswith("no checksum of the rows of b: clients changed them")


def test_a_dump_that_fails_ends_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    server, killed = Server(["80"], [NONE]), []

    def kill(_: object, number: int, *, statement_only: bool) -> None:
        assert not statement_only
        killed.append(number)

    monkeypatch.setattr(snapshots, "open_session", server.open_session)
    monkeypatch.setattr(snapshots, "read_commits", server.read_commits)
    monkeypatch.setattr(snapshots, "kill", kill)
    with (
        pytest.raises(BackupError),
        counting_rows(access(), ["a"], 60, checksums=False) as count,
    ):
        raise BackupError("the tool failed")
    with pytest.raises(DatabaseError, match="ended"):
        count.result()
    assert killed == [WATCHING, EARLY, LATE]
