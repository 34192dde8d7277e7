"""`cosmicdeploy monitor` while the stack changes."""

from __future__ import annotations

import json
import os
import pty
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from cosmicdeploy.probes.http import send_request
from tests.stack.support.harness import BEAT, BODY, StackUnderTest
from tests.stack.support.processes.commands import Command

pytestmark = pytest.mark.stack

Row = dict[str, Any]
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [a-z]+ +\S+ +\S")


@dataclass
class Watched:
    """The lines of a running monitor."""

    process: Command
    rows: list[Row] = field(default_factory=list)
    _lines: queue.Queue[str] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)

    def until(self, wanted: Callable[[Row], bool], seconds: float = 120) -> Row:
        """Wait for the first row that matches, from the beginning."""
        end = time.monotonic() + seconds
        while not (found := next(filter(wanted, self.rows), None)):
            try:
                self.rows.append(json.loads(self._lines.get(timeout=end - time.monotonic())))
            except (queue.Empty, ValueError) as error:
                raise AssertionError("\n".join(map(str, self.rows[-20:]))) from error
        return found

    def expect(self, topic: str, words: str, source: str = "", since: float = 0.0) -> Row:
        """Wait for the first row of a topic with these words, from a Unix time on."""
        return self.until(
            lambda row: (
                row["topic"] == topic
                and words in row["text"]
                and source in row["source"]
                and datetime.fromisoformat(row["at"]).timestamp() >= since
            )
        )


@contextmanager
def monitoring(stack: StackUnderTest, *words: str) -> Iterator[Watched]:
    watched = Watched(stack.start("monitor", "--json", *words))
    try:
        watched.expect("health", "8 containers, ")
        yield watched
    finally:
        watched.process.kill()
        watched.process.wait()


def test_events_are_reported_once_and_through_replacements(released: StackUnderTest) -> None:
    ctx = released.open()
    with monitoring(released) as watched:
        execute(released, "UPDATE remotes SET status = 'Disconnected' WHERE name = 'KIOSK-11'")
        send_request(released.url() + BEAT, token=released.kiosks[10], json=BODY)
        planted = watched.expect("transitions", "KIOSK-11: Disconnected → Connected")
        assert planted["facts"]["source"] == "heartbeat"

        insert = (
            "INSERT INTO device_status_transitions (remote_id, from_status, to_status, reason,"
            " source, created_at) SELECT id, 'Connected', CONCAT('Offline', %s), 'planted', 'test',"
            " NOW(3) FROM remotes WHERE name = 'KIOSK-12'"
        )
        for number in range(4):
            execute(released, insert, number)
        assert watched.expect("flapping", "KIOSK-12 flaps: ")["facts"]["transitions"] >= 4

        ctx.engine.remove(ctx.running("cosmic-scheduler").id)
        # Else `up` may be quicker than the next look, which then tells of a replacement.
        watched.expect("health", "is gone", source="cosmic-scheduler")
        released.forget_minute()
        began = time.time()
        assert released.cli("up", "--json").code == 0
        watched.expect("health", "was created; now ", source="cosmic-scheduler")
        run = "Running scheduled command: Artisan devices:monitor-status"
        watched.expect("scheduler", run, source="cosmic-scheduler", since=began)

        database = ctx.running("platform-db")
        ctx.engine.stop(database.id, 60)
        watched.expect("monitor", "the database cannot be queried")
        ctx.engine.start(database.id)
        watched.expect("monitor", "the database can be queried again")
        watched.expect("database", "ready for connections", source="platform-db")
        assert released.cli("step", "health").code == 0

        watched.expect("latency", "requests, ")
        watched.process.send_signal(signal.SIGINT)
        assert watched.process.wait(60) == 0
    of_the_device = [
        row
        for row in watched.rows
        if row["facts"].get("device_name") == "KIOSK-11"
        and row["facts"].get("to_status") == "Connected"
        and row["topic"] in ("transitions", "changes")
    ]
    assert of_the_device == [planted], "log and database tell of the same transition"


def execute(stack: StackUnderTest, sql: str, *parameters: object) -> None:
    with stack.database() as facts:
        facts.session.execute(sql, *parameters)


def test_in_a_pipe_the_monitor_prints_lines_and_ends_by_itself(released: StackUnderTest) -> None:
    released.set_setting("changed_at: last_status_change_at", "changed_at: absent")
    released.set_setting("table: device_status_transitions", "table: nothing_here")
    words = ("monitor", "--for=5", "--only=health,changes,transitions", "--since=1m")
    done = released.cli(*words)
    assert done.code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert all(LINE.match(line) for line in lines), done.stdout
    for words in (
        "changes: unavailable, remotes has no column absent",
        "transitions: unavailable, there is no table nothing_here; log lines only",
        "8 containers, ",
    ):
        assert words in done.stdout
    assert not [line for line in lines if "latency" in line]
    none = released.cli("monitor", "--only=transition")
    assert (none.code, "did you mean 'transitions'?" in none.stderr) == (2, True)


def test_in_a_terminal_the_monitor_is_a_view_that_leaves_a_clean_screen(
    released: StackUnderTest,
) -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    environ.pop("CI", None)
    command = [sys.executable, "-m", "cosmicdeploy", "monitor", "--for=6"]
    process = subprocess.Popen(
        command, cwd=released.folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # the other side is closed
    assert process.wait(60) == 0
    text = shown.decode()
    assert "load balancer" in text and "cosmic-app-3" in text
    assert "\x1b[?1049h" in text and "\x1b[?1049l" in text.rpartition("load balancer")[2]
    assert "ended after" in text.rpartition("\x1b[?1049l")[2], (
        "the end of the monitor shows a summary"
    )
