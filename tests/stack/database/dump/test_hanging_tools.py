"""Tools, builds and servers that hang are ended, and the error gives the reason."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pymysql
import pytest

from cosmicdeploy.database import access as connecting
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.loading import connection, parallel
from cosmicdeploy.database.session import open_session
from cosmicdeploy.database.tools.cleanup import end_leftover_tools, end_tools
from cosmicdeploy.database.tools.command_line import SCHEMA_VARIABLE
from cosmicdeploy.engine import Engine
from cosmicdeploy.errors import BackupError, DatabaseError
from cosmicdeploy.process.signals import deferred_interrupts
from cosmicdeploy.stack.model import Build
from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.databases import run, schemas
from tests.stack.stacks.dumps import ENDLESS, fake_tool, is_run, require_ended, runs_on_host
from tests.stack.support.harness import IMAGES

pytestmark = pytest.mark.stack


@pytest.fixture
def access(two_tables: DatabaseAccess) -> DatabaseAccess:
    return two_tables


@pytest.mark.fault("dump tool that hangs")
def test_a_silent_dump_is_ended_with_the_reason(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    with (
        fake_tool(engine, access, f"{ENDLESS}\n"),
        pytest.raises(BackupError, match="mariadb-dump printed nothing for 1 s") as caught,
    ):
        create_backup(engine, access, catalogue, options=DumpOptions(silence=1))
    assert "backup.silence" in caught.value.todo
    assert caught.value.details == ("the tool has no session on the server",)
    (entry,) = catalogue.list()
    assert entry.manifest.status == "failed" and "printed nothing" in entry.manifest.reason
    require_ended()


# Locks the table only when the tool starts: by then, the deployer has read and counted everything.
LOCKING = """
sql="mariadb --no-defaults -uroot platform"
echo 'LOCK TABLES a WRITE; SELECT SLEEP(4242)' | $sql &
until $sql -N -e 'SHOW OPEN TABLES FROM platform WHERE In_use > 0' | grep -q .; do sleep 0.1; done
exec $REAL "$@"
"""


def test_a_dump_that_waits_for_a_lock_names_the_lock(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    try:
        with fake_tool(engine, access, LOCKING), pytest.raises(BackupError) as caught:
            create_backup(engine, access, catalogue, options=DumpOptions(silence=3))
    finally:
        end_statement(access, "SELECT SLEEP(4242)")
    waits = [line for line in caught.value.details if "Waiting for table metadata lock" in line]
    assert len(waits) == 1 and "`a`" in waits[0]


@pytest.mark.fault("SIGTERM while a read is blocked")
def test_sigterm_ends_a_wait_for_a_tool_or_a_build(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue, tmp_path: Path
) -> None:
    base = read_env_file(IMAGES)["PYTHON_IMAGE"]
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN {ENDLESS}\n")

    def dump() -> None:
        with fake_tool(engine, access, f"{ENDLESS}\n"):
            create_backup(engine, access, catalogue)

    def build() -> None:
        engine.build(Build(context=tmp_path), "never", {}, lambda _: None)

    for call, is_running in ((dump, is_run), (build, runs_on_host)):
        with (
            deferred_interrupts(lambda: None),
            sigterm_when(is_running),
            pytest.raises(KeyboardInterrupt),
        ):
            call()
        require_ended(is_running)
    assert schemas(access) == {"platform"}
    assert engine.image("never") is None


@pytest.mark.parametrize("of", ["the database", "the engine"])
def test_sigterm_ends_a_wait_for_an_answer(engine: Engine, access: DatabaseAccess, of: str) -> None:
    def query() -> None:
        with open_session(access) as session:
            session.rows("SELECT SLEEP(4242)")

    ask = (
        query
        if of == "the database"
        else lambda: engine.wait_until_ended(access.container_id, 4242)
    )
    try:
        with (
            deferred_interrupts(lambda: None),
            sigterm_when(lambda: True),
            pytest.raises(KeyboardInterrupt),
        ):
            ask()
    finally:
        end_statement(access, "SELECT SLEEP(4242)")


def end_statement(access: DatabaseAccess, statement: str) -> None:
    """End a statement, which a server continues even after its client has ended."""
    known = "SELECT id FROM information_schema.processlist WHERE info = %s"
    for (number,) in run(access, known, statement):
        with suppress(
            pymysql.OperationalError
        ):  # the server has just noticed that its client ended
            run(access, "KILL %s", number)


@contextmanager
def sigterm_when(condition: Callable[[], bool]) -> Iterator[None]:
    """Send SIGTERM to this process as soon as `condition` returns True."""
    over = threading.Event()

    def stop() -> None:
        while not over.wait(0.1):
            if condition():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.fault("tools that outlive a killed deployer")
def test_leftover_tools_are_ended(engine: Engine, access: DatabaseAccess) -> None:
    container = docker.from_env().containers.get(access.container_id)

    def running() -> set[str]:
        found = container.top(ps_args="-eo pid,args")["Processes"]
        return {args for _, args in found if args.startswith("sleep ")}

    for seconds, schema in enumerate(("platform", "platform__restore", "another"), 1001):
        marked = {SCHEMA_VARIABLE: schema}
        container.exec_run(["sleep", str(seconds)], environment=marked, detach=True)
    assert running() == {"sleep 1001", "sleep 1002", "sleep 1003"}
    end_leftover_tools(engine, access)
    deadline = time.monotonic() + 60
    while running() != {"sleep 1003"} and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running() == {"sleep 1003"}
    end_tools(engine, access, "another")


@pytest.mark.fault("frozen database")
def test_a_frozen_database_does_not_delay_an_abandoned_load(
    access: DatabaseAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "END_SECONDS", 0.5)
    monkeypatch.setattr(connecting, "GREETING_TIMEOUT", 0.5)
    busy = parallel.ParallelConnections(access, "platform", [], 2)
    for _ in range(4):
        busy.put(b"DO SLEEP(300)")
    container = docker.from_env().containers.get(access.container_id)
    container.pause()
    try:
        busy.close(abandon=True)
        with pytest.raises(DatabaseError):
            connection.LoadConnection(access, "platform")
    finally:
        container.unpause()
    assert [thread for thread in threading.enumerate() if thread.name == "load"] == []
