"""Measure the deploy of a contestant under load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.deploy.requests import Request, read_requests
from benchmarks.deploy.stack import ROOT, Stack

# The warm-up is not measured: its heartbeats take longer, since they reconnect silent devices.
WARM_UP_SECONDS = 5.0
# Requests can still fail shortly after a deploy.
AFTER_SECONDS = 4.0
LONGEST_SECONDS = 400


class Target(Protocol):
    """What the load is sent to; the properties are explained in `Stack`."""

    @property
    def enter(self) -> list[str]: ...

    @property
    def address(self) -> tuple[str, int]: ...

    @property
    def tokens(self) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A way to deploy: a command that runs in the folder of the stack."""

    key: str
    title: str
    stack: Stack
    argv: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions that all contestants share.

    `rate` is in requests per second; `quiet` is how many seconds of load are measured before a
    deploy; `results` is a folder.
    """

    rate: float
    quiet: float
    results: Path


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """The result of a deploy: its duration in seconds, its requests and its error.

    `before`, `during` and `after` hold the requests by the time at which they were due. `new_image`
    is whether all replaced containers run the new image.

    `report` is the JSON report of cosmicdeploy; empty for the other contestants.
    """

    key: str
    number: int
    seconds: float = 0.0
    before: list[Request] = field(default_factory=list)
    during: list[Request] = field(default_factory=list)
    after: list[Request] = field(default_factory=list)
    new_image: bool = False
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def requests(self) -> list[Request]:
        return [*self.before, *self.during, *self.after]


def deploy(contestant: Contestant, number: int, conditions: Conditions) -> Deploy:
    """Let a contestant deploy a new release under load.

    Raises `TimeoutError` if the stack is unhealthy before it, and `RuntimeError` if the load fails.
    """
    stack = contestant.stack
    stack.wait_healthy()
    release = stack.put_release()
    name = f"{contestant.key}-{number:02}"
    requests, output = conditions.results / f"{name}.requests.jsonl", conditions.results / name
    with load(stack, conditions.rate, requests):
        time.sleep(WARM_UP_SECONDS)
        quiet_started = time.monotonic()
        time.sleep(conditions.quiet)
        started = time.monotonic()
        code = run_to_end(contestant, release, output)
        ended = time.monotonic()
        time.sleep(AFTER_SECONDS)
    sent = read_requests(requests)
    return Deploy(
        key=contestant.key,
        number=number,
        seconds=ended - started,
        before=[request for request in sent if quiet_started <= request.due < started],
        during=[request for request in sent if started <= request.due < ended],
        after=[request for request in sent if ended <= request.due],
        new_image=stack.new_image_runs(),
        report=_report(output.with_suffix(".out")),
        error=f"exit code {code}: see {name}.err" if code else "",
    )


@contextmanager
def load(target: Target, rate: float, out: Path) -> Iterator[None]:
    """Send requests during the block. Raises `RuntimeError` if the load fails."""
    host, port = target.address
    task = {"host": host, "port": port, "rate": rate, "tokens": target.tokens}
    process = subprocess.Popen(
        [*target.enter, sys.executable, "-m", "benchmarks.deploy.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin  # noqa: S101 - it is a pipe
    try:
        process.stdin.write(json.dumps({**task, "out": str(out)}) + "\n")
        process.stdin.flush()
        yield
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        end(process, patience=30)
    if process.returncode:
        raise RuntimeError(f"the load failed with exit code {process.returncode}")


def run_to_end(contestant: Contestant, release: str, output: Path) -> int:
    """Run the command with its output in `.out` and `.err` files; return its exit code.

    After `LONGEST_SECONDS` the command is stopped, and the exit code is 124, as with timeout(1).
    """
    environ = {**contestant.stack.environ, **contestant.environ, "APP_VERSION": release}
    with output.with_suffix(".out").open("w") as out, output.with_suffix(".err").open("w") as err:
        process = subprocess.Popen(
            contestant.argv,
            cwd=contestant.stack.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            return process.wait(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            return 124
        finally:
            end(process, patience=0)


def end(process: subprocess.Popen[Any], patience: float) -> None:
    """Wait `patience` seconds for a process to end; then interrupt its group, at last kill it."""
    for number, seconds in ((None, patience), (signal.SIGINT, 90), (signal.SIGKILL, 10)):
        if number and process.poll() is None:
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            return


def _report(out: Path) -> dict[str, Any]:
    """Return the JSON object that a command printed, or an empty one."""
    try:
        document = json.loads(out.read_text())
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
