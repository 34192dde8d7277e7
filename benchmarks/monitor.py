"""Compare the shipped application's pass over its devices with the bare SQL statements.

    python -m benchmarks.monitor --devices 100000 --transitions 10000

"Bare" means two statements in one transaction, which demote the same devices and store the same
transitions. The pass of the application also logs each transition and queues a notification; the
queue is in memory here. Prints the medians of the rounds and their ratio; exits with 1 if the ratio
is above the limit. The database container is removed at the end. `--at HOST:PORT` uses another
server instead, with the user root and the password in MYSQL_PWD: the schema `bench`, which must not
exist there, is created and dropped.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from benchmarks.server import drop, server
from benchmarks.tools import ROOT
from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.stack.variables.environment import read_env_file

sys.path.insert(0, str(ROOT / "cosmicdeploy" / "payload" / "app"))

from cosmic_app.commands.device_status_monitor import check_devices
from cosmic_app.console.context import Console
from cosmic_app.log import configure_logging
from cosmic_app.monitor.sweep import Sweep
from cosmic_app.settings import Settings, read_settings

LIMIT = 3.0
MIGRATIONS = ROOT / "cosmicdeploy" / "payload" / "app" / "database" / "migrations"
SILENCE = "TIMESTAMPDIFF(MICROSECOND, COALESCE(last_heartbeat_at, created_at), NOW(6)) / 1000000"
GONE = f"{SILENCE} > GREATEST(grace_period_seconds, heartbeat_interval_seconds + 15)"
LATE = f"status = 'Connected' AND {SILENCE} >= heartbeat_interval_seconds + 15"
DUE = f"status IN ('Connected', 'Temporarily Offline') AND ({GONE} OR {LATE})"
AFTER = f"IF({GONE}, 'Disconnected', 'Temporarily Offline')"
REASON = (
    f"CONCAT('No heartbeat for ', FLOOR({SILENCE}),"
    " 's (grace period: ', grace_period_seconds, 's)')"
)
BARE = (
    "INSERT INTO device_status_transitions"
    " (remote_id, from_status, to_status, reason, source, created_at)"
    f" SELECT id, status, {AFTER}, {REASON}, 'system', NOW(3) FROM remotes WHERE {DUE}",
    f"UPDATE remotes SET previous_status = status, status_change_reason = {REASON},"
    f" status = {AFTER}, last_status_change_at = NOW(3), updated_at = NOW(3) WHERE {DUE}",
)


class Queue:
    """A queue in memory in place of Redis; counts the jobs."""

    def __init__(self) -> None:
        self.jobs = 0

    def lpush(self, _name: str, *jobs: str) -> None:
        self.jobs += len(jobs)


class InMemory(Console):
    """A console whose notifications end up in a queue in memory."""

    def connect_redis(self, timeout: float = 2.0, *, text: bool = True) -> Queue:  # type: ignore[override]
        return Queue()


def main() -> int:
    options = arguments()
    with database(options.at) as access, tempfile.TemporaryDirectory() as folder:
        connection = connect(access, access.name)
        fill(connection, options.devices)
        settings = application_settings(access, Path(folder))
        with (Path(folder) / "output").open("w") as output:
            configure_logging(settings.log_file, output)
            rounds = [measure(connection, settings, options) for _ in range(options.rounds)]
            logging.shutdown()
    bare, application = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = application / bare
    print(f"{options.devices} devices, {options.transitions} transitions, {options.rounds} rounds")
    print(f"bare SQL     {bare:.2f} s")
    print(f"application  {application:.2f} s")
    print(f"ratio        {ratio:.1f} (limit {LIMIT:.1f})")
    return 0 if ratio <= LIMIT else 1


def measure(
    connection: Connection[DictCursor], settings: Settings, options: argparse.Namespace
) -> tuple[float, float]:
    """Return how long the bare statements and the application take, in seconds."""

    def bare() -> None:
        with connection.cursor() as cursor:
            for statement in BARE:
                cursor.execute(statement)
        connection.commit()

    def application() -> None:
        console = InMemory(settings=settings, environment={}, out=io.StringIO(), err=io.StringIO())
        sweep = Sweep(settings)
        check_devices(console, argparse.Namespace(dry_run=False), sweep)
        sweep.close()

    return timed(connection, options, bare), timed(connection, options, application)


def timed(
    connection: Connection[DictCursor], options: argparse.Namespace, work: Callable[[], None]
) -> float:
    """Make the devices due, and return how long `work` takes. Checks what it has written."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE device_status_transitions")
        cursor.execute("UPDATE remotes SET status = 'Connected', last_heartbeat_at = NOW(3)")
        # Half of the due devices are late, the others gone; they are spread over all ids.
        every = options.devices // options.transitions
        cursor.execute(
            "UPDATE remotes SET last_heartbeat_at = NOW(3) - INTERVAL IF(id %% %s, 50, 300) SECOND"
            " WHERE id %% %s = 0",
            (2 * every, every),
        )
    connection.commit()
    start = time.monotonic()
    work()
    seconds = time.monotonic() - start
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) AS count FROM device_status_transitions")
        [row] = cursor.fetchall()
    connection.commit()
    if row["count"] != options.devices // every:
        raise RuntimeError(f"{row['count']} devices were demoted, not {options.devices // every}")
    return seconds


def fill(connection: Connection[DictCursor], devices: int) -> None:
    """Create the application's tables, and the devices."""
    with connection.cursor() as cursor:
        for file in sorted(MIGRATIONS.glob("*.py")):
            namespace: dict[str, Callable[[], list[str]]] = {}
            exec(compile(file.read_text(), file, "exec"), namespace)  # noqa: S102 - shipped file
            for statement in namespace["up"]():
                cursor.execute(statement)
        cursor.executemany(
            "INSERT INTO remotes (name, token_hash, created_at) VALUES (%s, %s, NOW(3))",
            [(f"KIOSK-{number:06d}", f"{number:064x}") for number in range(devices)],
        )
    connection.commit()


def application_settings(access: DatabaseAccess, folder: Path) -> Settings:
    return read_settings(
        {
            "DB_HOST": access.host,
            "DB_PORT": str(access.port),
            "DB_DATABASE": access.name,
            "DB_USERNAME": access.user,
            "DB_PASSWORD": access.password,
            "LOG_FILE": str(folder / "log"),
        }
    )


def connect(access: DatabaseAccess, schema: str | None) -> Connection[DictCursor]:
    return pymysql.connect(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        database=schema,
        cursorclass=DictCursor,
        init_command="SET time_zone = '+00:00'",
    )


@contextmanager
def database(address: str | None) -> Iterator[DatabaseAccess]:
    """Return access to the server at this address, or to a container during the block."""
    if address is None:
        image = read_env_file(ROOT / ".cache" / "images.env")["MARIADB_IMAGE"]
        with server(image) as access:
            yield access
        return
    host, _, port = address.rpartition(":")
    access = DatabaseAccess(
        container_id="",
        host=host,
        port=int(port),
        name="bench",
        user="root",
        password=os.environ.get("MYSQL_PWD", ""),
    )
    with connect(access, None) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bench CHARACTER SET utf8mb4")
    try:
        yield access
    finally:
        drop(access, access.name)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--transitions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at", metavar="HOST:PORT", help="use this server, not a container")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
