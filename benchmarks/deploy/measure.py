"""One deploy by one contestant, under load."""

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
from typing import Any

from benchmarks.deploy.requests import Request, read_requests
from benchmarks.deploy.stack import ROOT, Stack

# Devices that were silent come back first, and nothing of that is to be measured.
WARM_UP_SECONDS = 5.0
# What a deploy leaves behind may fail a moment later.
AFTER_SECONDS = 4.0
LONGEST_SECONDS = 400


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """Who deploys: a command in the stack's folder."""

    key: str
    title: str
    stack: Stack
    argv: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What is the same for all: requests per second, seconds of quiet, where results go."""

    rate: float
    quiet: float
    results: Path


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """What came of one: seconds, requests, whether the new image runs, why it failed."""

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


def deploy(who: Contestant, number: int, conditions: Conditions) -> Deploy:
    """A new release, put to work by `who`. Raises where the stack itself is not well before."""
    who.stack.wait_well()
    release = who.stack.put_release()
    name = f"{who.key}-{number:02}"
    requests, printed = conditions.results / f"{name}.requests.jsonl", conditions.results / name
    with load(who.stack, conditions.rate, requests):
        time.sleep(WARM_UP_SECONDS)
        quiet = time.monotonic()
        time.sleep(conditions.quiet)
        started = time.monotonic()
        code = run_to_end(who, release, printed)
        ended = time.monotonic()
        time.sleep(AFTER_SECONDS)
    sent = read_requests(requests)
    return Deploy(
        key=who.key,
        number=number,
        seconds=ended - started,
        before=[one for one in sent if quiet <= one.due < started],
        during=[one for one in sent if started <= one.due < ended],
        after=[one for one in sent if ended <= one.due],
        new_image=who.stack.new_image_runs(),
        report=_report(printed.with_suffix(".out")),
        error=f"ended with {code}: see {name}.err" if code else "",
    )


@contextmanager
def load(stack: Stack, rate: float, out: Path) -> Iterator[None]:
    """Requests until the block is left. Raises `RuntimeError` where they cannot be sent."""
    host, port = stack.address
    task = {"host": host, "port": port, "rate": rate, "tokens": stack.tokens}
    process = subprocess.Popen(
        [*stack.enter, sys.executable, "-m", "benchmarks.deploy.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin  # noqa: S101 - a pipe was asked for
    try:
        process.stdin.write(json.dumps({**task, "out": str(out)}) + "\n")
        process.stdin.flush()
        yield
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        end(process, patience=30)
    if process.returncode:
        raise RuntimeError(f"the load ended with {process.returncode}")


def run_to_end(who: Contestant, release: str, printed: Path) -> int:
    """The contestant's command, with all that it prints in `.out` and `.err`; its exit code."""
    environ = {**who.stack.environ, **who.environ, "APP_VERSION": release}
    with printed.with_suffix(".out").open("w") as out, printed.with_suffix(".err").open("w") as err:
        process = subprocess.Popen(
            who.argv,
            cwd=who.stack.folder,
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
    """Let it end by itself for so many seconds; then interrupt it, and all that it started."""
    for number, seconds in ((None, patience), (signal.SIGINT, 90), (signal.SIGKILL, 10)):
        if number and process.poll() is None:
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
            return


def _report(out: Path) -> dict[str, Any]:
    """The JSON document that a command printed; empty where it is none."""
    try:
        document = json.loads(out.read_text())
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
