"""A row larger than the server accepts in a statement is named early, with little memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.restore import restore_backup
from cosmicdeploy.database.swap.swap import drop_replaced_data
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError
from tests.stack.stacks.databases import cursor, run, run_all, snapshot

pytestmark = pytest.mark.stack

MIB = 1 << 20
# A failure may add at most this many bytes to the process's memory.
MOST_MEMORY = 60 * MIB
# In a dump, a BLOB takes twice its size. So does a text that consists of quotes.
ROWS = {
    "blob": ("LONGBLOB", "REPEAT(CHAR(255 USING binary), 12000000)", b"FFFF"),
    "text": ("LONGTEXT", r"REPEAT('\'', 9000000)", rb"\'\'\'\'"),
}


@pytest.fixture
def server(any_server: DatabaseAccess) -> Iterator[DatabaseAccess]:
    [(usual,)] = run(any_server, "SELECT @@GLOBAL.max_allowed_packet")
    yield any_server
    run(any_server, "SET GLOBAL max_allowed_packet = %s", usual)


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail if the process needs much more memory within the block than before it."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak
    before = _memory("VmRSS")
    yield
    assert _memory("VmHWM") - before < MOST_MEMORY


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[0]) << 10


@pytest.mark.parametrize("kind", [pytest.param("blob", marks=pytest.mark.torture), "text"])
@pytest.mark.fault("row that no restore could load")
def test_a_row_that_no_restore_could_load_ends_the_dump(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue, kind: str
) -> None:
    type_, value, shown = ROWS[kind]
    run(server, "SET GLOBAL max_allowed_packet = 16 << 20")
    run_all(
        server,
        f"CREATE TABLE t (id INT PRIMARY KEY, s {type_})\n\n"
        "CREATE TABLE z (id INT PRIMARY KEY, s LONGBLOB)",
    )
    run(server, f"INSERT INTO t VALUES (1, {value})")  # noqa: S608
    with cursor(server) as opened:
        opened.executemany(
            "INSERT INTO z VALUES (%s, %s)", [(n, os.urandom(900 << 10)) for n in range(40)]
        )
    seen: list[int] = []
    with (
        little_memory(),
        pytest.raises(BackupError, match=r"Table t has a row that takes \d+\.\d MiB") as caught,
    ):
        create_backup(engine, server, catalogue, on_bytes=seen.append)
    assert "SET GLOBAL max_allowed_packet" in caught.value.todo
    assert max(seen) < 60 * MIB  # the dump is not read to its end
    [failed] = catalogue.list()
    assert failed.status == "failed"
    stored = b"".join(path.read_bytes() for path in catalogue.folder.iterdir())
    assert shown not in stored and len(stored) < 10_000
    assert shown.decode() not in str(caught.value) + "".join(caught.value.details)


@pytest.mark.fault("row that no restore could load")
def test_a_restore_names_the_row_that_the_server_refuses_without_its_value(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(server, "SET GLOBAL max_allowed_packet = 64 << 20")
    run(server, "CREATE TABLE t (id INT PRIMARY KEY, s LONGBLOB)")
    run(server, f"INSERT INTO t VALUES (1, {ROWS['blob'][1]})")  # noqa: S608
    backup = create_backup(engine, server, catalogue)
    run(server, "SET GLOBAL max_allowed_packet = 16 << 20")
    with little_memory(), pytest.raises(BackupError, match="Table t has a row") as caught:
        restore_backup(engine, server, backup)
    assert "FFFF" not in str(caught.value) + "".join(caught.value.details)


@pytest.mark.fault("server with small packets")
def test_a_server_with_small_packets_gets_small_statements(
    engine: Engine, server: DatabaseAccess, catalogue: Catalogue
) -> None:
    run(server, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(200))")
    with cursor(server) as opened:
        opened.executemany("INSERT INTO t VALUES (%s, %s)", [(n, "'" * 200) for n in range(1000)])
    run(server, "SET GLOBAL max_allowed_packet = 65536")
    before = snapshot(server)
    restore_backup(engine, server, create_backup(engine, server, catalogue))
    drop_replaced_data(server)
    assert snapshot(server) == before
    body = "SELECT 1; " * 7000
    run(server, "SET GLOBAL max_allowed_packet = 1 << 20")
    run(server, f"CREATE PROCEDURE long_one() BEGIN {body} END")
    run(server, "SET GLOBAL max_allowed_packet = 65536")
    with pytest.raises(BackupError, match=r"The dump has a statement \(CREATE DEFINER"):
        create_backup(engine, server, catalogue)
