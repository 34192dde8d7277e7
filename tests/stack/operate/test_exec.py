"""Operators' commands: `logs`, `exec`, `shell`, `console`."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.stack.support.harness import StackUnderTest
from tests.stack.support.processes.commands import Command
from tests.stack.support.variants import COMPOSE, edit

pytestmark = pytest.mark.stack

LOG = "/var/www/storage/logs/laravel.log"
# `row-` is what one of the tests looks for.
BEGUN, ENDED = "row-follows", "row-is-over"
COMMAND = [sys.executable, "-m", "cosmicdeploy"]
RAW = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def command(
    stack: StackUnderTest, *words: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the command with these bytes on its standard input."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=stack.folder,
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


def inside(stack: StackUnderTest, service: str, script: str) -> str:
    """Return the output of a script in a service's container."""
    ctx = stack.open()
    result = ctx.engine.exec(ctx.running(service).id, ["sh", "-c", script])
    assert result.exit_code == 0, result.error_text
    return result.text


def processes(stack: StackUnderTest, service: str) -> str:
    script = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null; exit 0"
    return inside(stack, service, script)


def gone(stack: StackUnderTest, service: str, words: str, within: float = 30.0) -> bool:
    """Whether a process in a container ends in time."""
    end = time.monotonic() + within
    while words in processes(stack, service):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def write_outputs(stack: StackUnderTest, service: str, script: str) -> None:
    """Let a script write to the output of a container's first process."""
    inside(stack, service, f"({script}) >/proc/1/fd/1")


@dataclass
class Following:
    """A running `logs … --follow`, and the lines that it has printed so far."""

    process: Command
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))

    def until(self, words: str, again: Callable[[], None] = lambda: None) -> None:
        """Repeat an action until a line has these words."""
        end = time.monotonic() + 60
        while not any(words in line for line in self.lines):
            assert self.process.poll() is None and time.monotonic() < end, self.lines
            again()
            time.sleep(0.1)

    def end(self) -> None:
        """End it with Ctrl-C, and wait for its last lines."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        error = self.process.stderr.read() if self.process.stderr else ""
        assert (code, error) == (0, ""), "it ends cleanly"


@contextmanager
def following(stack: StackUnderTest, source: Source, *words: str) -> Iterator[list[str]]:
    """Run `logs … --follow`; its lines are complete once the block is left, without the markers
    at the beginning and the end."""
    followed = Following(stack.start("logs", *words, "--follow"))
    try:
        followed.until(source.begun, source.begin)
        yield followed.lines
        source.write(ENDED)
        followed.until(ENDED)
        followed.end()
    finally:
        followed.process.kill()
    followed.lines[:] = [line for line in followed.lines if not line.endswith((BEGUN, ENDED))]


@dataclass(frozen=True)
class Source:
    """A followed log: how to write a line to it, and its first line; by default one that is written
    until it shows."""

    write: Callable[[str], None]
    begun: str = BEGUN

    def begin(self) -> None:
        if self.begun == BEGUN:
            self.write(BEGUN)


def of_the_worker(stack: StackUnderTest) -> Source:
    """The output of the queue worker."""
    return Source(lambda text: write_outputs(stack, "cosmic-queue-1", f"echo {text}"))


def wait_until_in(lines: Sequence[str], text: str) -> None:
    end = time.monotonic() + 60
    while not any(line.endswith(text) for line in lines):
        assert time.monotonic() < end, lines
        time.sleep(0.1)


def test_logs_merge_services_by_time(stack: StackUnderTest) -> None:
    for number in range(3):
        for service in ("cosmic-queue-1", "cosmic-scheduler"):
            write_outputs(stack, service, f"echo merged-{number}-{service}")
    done = stack.cli("logs", "scheduler", "worker", "--since", "60s", "--grep", "merged-")
    assert done.code == 0, done.stderr
    width = len("cosmic-scheduler")
    assert done.stdout.splitlines() == [
        f"{service:<{width}} | merged-{number}-{service}"
        for number in range(3)
        for service in ("cosmic-queue-1", "cosmic-scheduler")
    ]
    tail = stack.cli("logs", "cosmic-scheduler", "--tail", "2", "--json")
    assert len(tail.stdout.splitlines()) == 2


def test_logs_follow_a_service_through_its_replacement(stack: StackUnderTest) -> None:
    def change(document: dict[str, object]) -> None:
        document["services"]["cosmic-queue-1"]["environment"]["WORKER_NAME"] = "logged"  # type: ignore[index]

    before = stack.containers()["cosmic-queue-1"].id
    with following(stack, of_the_worker(stack), "worker", "--tail", "0") as lines:
        write_outputs(stack, "cosmic-queue-1", "echo the-old-one")
        edit(stack.folder / COMPOSE, change)
        done = stack.cli("step", "rollout")
        assert done.code == 0, done.stderr
        write_outputs(stack, "cosmic-queue-1", "echo the-new-one")
    assert stack.containers()["cosmic-queue-1"].id != before
    text = "\n".join(lines)
    expected = ["the-old-one", "stopped: release", "started: release", "the-new-one"]
    assert [text.count(each) for each in expected] == [1, 1, 1, 1], text
    assert sorted(expected, key=text.index) == expected
    assert all(line.startswith("cosmic-queue-1 | ") for line in lines)


@pytest.mark.torture
def test_logs_follow_a_log_that_rotates(stack: StackUnderTest) -> None:
    def change(document: dict[str, object]) -> None:
        options = {"max-size": "8k", "max-file": "3"}
        logging = {"driver": "json-file", "options": options}
        document["services"]["cosmic-queue-1"]["logging"] = logging  # type: ignore[index]

    edit(stack.folder / COMPOSE, change)
    assert stack.cli("step", "rollout").code == 0
    words = ("worker", "--tail", "0", "--grep", "row-")
    with following(stack, of_the_worker(stack), *words) as lines:
        script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo row-$i-; sleep 0.01; done"
        write_outputs(stack, "cosmic-queue-1", script)
    assert lines == [f"cosmic-queue-1 | row-{n}-" for n in range(1, 301)]


def test_logs_read_the_applications_file_in_every_replica(stack: StackUnderTest) -> None:
    for service in ("cosmic-app-1", "cosmic-app-2"):
        inside(stack, service, f"echo '[2026-02-02 18:30:00] before {service}' >>{LOG}")
    past = stack.cli("logs", "app", "--app", "--tail", "1", "--grep", "before")
    assert [line.split()[-1] for line in past.stdout.splitlines()] == [
        "cosmic-app-1",
        "cosmic-app-2",
    ]

    def write(text: str) -> None:
        inside(stack, "cosmic-app-1", f"echo {text} >>{LOG}")

    file = Source(write, begun="before cosmic-app-1")
    with following(stack, file, "cosmic-app-1", "--app", "--tail", "1") as lines:
        inside(stack, "cosmic-app-1", f"echo 'Device status one {{' >>{LOG}; echo '}}' >>{LOG}")
        restarted = stack.cli("restart", "cosmic-app-1")
        assert restarted.code == 0, restarted.stderr
        inside(stack, "cosmic-app-1", f"echo two >>{LOG}; mv {LOG} {LOG}.1; echo three >>{LOG}")
        wait_until_in(lines, "three")  # the file is looked for once a second
        inside(stack, "cosmic-app-1", f"echo four >>{LOG}")
    own = ["before cosmic-app-1", "Device status one {", "two", "three", "four"]
    texts = [line.partition(" | ")[2] for line in lines]
    kept = [text for text in texts if any(text.endswith(each) for each in own)]
    assert [text.rpartition("] ")[2] for text in kept] == own
    assert gone(stack, "cosmic-app-1", "tail -c")


def test_logs_end_after_their_time_and_with_their_reader(stack: StackUnderTest) -> None:
    assert stack.cli("logs", "--tail", "1", "--for", "1").code == 0, "it ends by itself"
    pipe = [*COMMAND, "logs", "--follow", "--tail", "1", "database"]
    process = subprocess.Popen(pipe, cwd=stack.folder, **RAW)  # type: ignore[call-overload]
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0, "though nothing more is written"
    assert process.stderr.read() == b""


def test_exec_passes_streams_and_exit_code_through(stack: StackUnderTest) -> None:
    script = "echo out; echo err >&2; exit 7"
    done = command(stack, "exec", "cache", "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    given = os.urandom(3_000_000) + bytes(range(256))
    echoed = command(stack, "exec", "platform-redis", "--", "cat", given=given)
    assert (echoed.returncode, echoed.stderr) == (0, b"")
    assert hashlib.sha256(echoed.stdout).digest() == hashlib.sha256(given).digest()
    early = command(stack, "exec", "cache", "head", "-c", "3", given=given)
    assert (early.returncode, early.stdout) == (0, given[:3])
    missing = command(stack, "exec", "cache", "no-such-program")
    assert (
        missing.returncode in (126, 127) and b"no-such-program" in missing.stdout + missing.stderr
    )
    misspelled = command(stack, "exec", "cach", "true")
    assert misspelled.returncode == 2 and b"did you mean 'cache'?" in misspelled.stderr


def test_exec_in_the_database_needs_no_password_in_a_command_line(stack: StackUnderTest) -> None:
    client = "exec $(command -v mariadb || command -v mysql) -uroot -N platform"
    done = command(stack, "exec", "database", "sh", "-c", client, given=b"SELECT 6 * 7;\n")
    assert (done.returncode, done.stdout) == (0, b"42\n"), done.stderr


def test_an_interrupted_exec_ends_its_command(stack: StackUnderTest) -> None:
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        words = [*COMMAND, "exec", "cache", "sleep", "4321"]
        process = subprocess.Popen(words, cwd=stack.folder, **RAW)  # type: ignore[call-overload]
        end = time.monotonic() + 60
        while "sleep 4321" not in processes(stack, "platform-redis"):
            assert time.monotonic() < end
            time.sleep(0.2)
        process.send_signal(how)
        process.communicate(timeout=60)
        assert process.returncode == 130
        assert gone(stack, "platform-redis", "sleep 4321")


def test_exec_whose_reader_goes_away_ends_its_command(stack: StackUnderTest) -> None:
    words = [*COMMAND, "exec", "cache", "sh", "-c", "while :; do echo 4321-again; done"]
    process = subprocess.Popen(words, cwd=stack.folder, **RAW)  # type: ignore[call-overload]
    assert process.stdout.readline() == b"4321-again\n"
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert gone(stack, "platform-redis", "4321-again")


def test_console_passes_options_on(released: StackUnderTest) -> None:
    quiet = command(released, "console", "devices:monitor-status", "--dry-run")
    verbose = command(released, "console", "devices:monitor-status", "--dry-run", "--verbose")
    assert (quiet.returncode, verbose.returncode) == (0, 0), verbose.stderr
    assert b"Silent for" in verbose.stdout and b"Silent for" not in quiet.stdout
    unknown = command(released, "console", "devices:monitr")
    assert unknown.returncode == 1 and b"is not defined" in unknown.stderr
    assert command(released, "console", "--", "--version").stdout.startswith(b"Cosmic")


def test_a_container_of_another_release_is_named(released: StackUnderTest) -> None:
    ctx = released.open()
    backup = next(b for b in ctx.catalogue.list() if b.is_good and b.manifest.release == "1")
    present = ctx.image_of("cosmic-app-1")
    assert present is not None
    ctx.engine.tag(backup.manifest.images["cosmic-app-1"], ctx.service("cosmic-app-1").image)
    try:
        done = command(released, "exec", "app", "true")
        assert done.returncode == 0
        assert b"in cosmic-app-1, the first running service of app" in done.stderr
        assert b"runs release 2" in done.stderr and b"is now release 1" in done.stderr
        assert b"cosmicdeploy deploy" in done.stderr
    finally:
        ctx.engine.tag(present.id, ctx.service("cosmic-app-1").image)


@contextmanager
def in_terminal(
    stack: StackUnderTest, *words: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the command in a terminal, which is restored afterwards; yield the process and the other
    end of the terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=stack.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        yield process, ours
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        os.close(ours)
        os.close(theirs)


# A terminal's size comes after the terminal: it is shown until it is the wanted one.
SHOW_SIZE = b'while :; do echo "" $(stty size) ""; sleep 0.2; done\n'


def test_a_shell_works_in_a_terminal(stack: StackUnderTest) -> None:
    with in_terminal(stack, "shell", "cosmic-app-2") as (process, ours):
        assert b"$" in read_until(ours, b"$ ")
        os.write(ours, b"test -t 0 && echo a-$((6*7))-b\n")
        read_until(ours, b"a-42-b")
        os.write(ours, SHOW_SIZE)
        read_until(ours, b" 33 101 ")
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 99, 0, 0))
        read_until(ours, b" 44 99 ")
        os.write(ours, b"\x03")  # the command's, and not ours
        os.write(ours, b"sleep 4321\n")
        while "sleep 4321" not in processes(stack, "cosmic-app-2"):
            time.sleep(0.1)
        os.write(ours, b"\x03")
        os.write(ours, b"exit 9\n")
        read_until(ours, b"exit")
        assert process.wait(timeout=60) == 9


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_shell_ends_with_its_terminal(stack: StackUnderTest, how: signal.Signals) -> None:
    words = ("bash", "--norc")  # it does not heed SIGTERM
    with in_terminal(stack, "exec", "cosmic-app-2", "--", *words) as (process, ours):
        read_until(ours, b"$ ")
        assert "bash --norc" in processes(stack, "cosmic-app-2")
        process.send_signal(how)
        assert process.wait(timeout=60) == 130
        assert gone(stack, "cosmic-app-2", "bash --norc")


def read_until(descriptor: int, wanted: bytes, within: float = 60.0) -> bytes:
    """Read the output until it contains these bytes."""
    said, end = b"", time.monotonic() + within
    while wanted not in said:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        assert ready, said
        said += os.read(descriptor, 65536)
    return said
