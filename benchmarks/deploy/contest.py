"""Run the deploys of all contestants in sequence; a failed deploy does not stop the next ones."""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.deploy.cleanup import uninterrupted
from benchmarks.deploy.cosmicdeploy_times import no_op_seconds, start_seconds
from benchmarks.deploy.measure import Conditions, Contestant, Deploy, deploy
from benchmarks.deploy.requests import p99
from benchmarks.deploy.stack import Stack, lay_out_stack
from benchmarks.deploy.table import Results, rollout_times
from benchmarks.deploy.waits import NO_WAITS, Waits, set_waits
from benchmarks.deploy.ways.contestants import COSMICDEPLOY, create_contestant
from benchmarks.deploy.ways.swarm import swarm_stack

SWARM = "d"


@dataclass(frozen=True, kw_only=True)
class Contest:
    """All deploys of a benchmark; `counts` has the number of deploys by contestant key."""

    counts: dict[str, int]
    conditions: Conditions
    swarm_order: str
    results: Results = field(default_factory=Results)

    def run(self) -> None:
        """Run all contestants; remove everything that was started, even after an error."""
        name = f"bench{secrets.token_hex(3)}"
        with tempfile.TemporaryDirectory(prefix=name, ignore_cleanup_errors=True) as folder:
            if set(self.counts) - {SWARM}:
                with (
                    self._attempt("the stack"),
                    compose_stack(Path(folder) / "kiosk", name) as stack,
                ):
                    self._run_on_compose(stack)
            if SWARM in self.counts:
                with self._attempt("(d)"):
                    self._run_on_swarm(Path(folder) / "swarm", f"{name}s")

    def _run_on_compose(self, stack: Stack) -> None:
        waits = set_waits(stack.folder, NO_WAITS)  # the other contestants have none
        stack.up()
        stack.seed()
        contestants = []
        for key in self.counts:
            if key != SWARM:
                with self._attempt(f"({key})"):
                    contestants.append(create_contestant(key, stack))
        for number in range(1, max(self.counts.values()) + 1):
            for contestant in contestants:
                if number <= self.counts[contestant.key]:
                    self._deploy(contestant, number)
        if COSMICDEPLOY in self.counts:
            self._measure_cosmicdeploy(stack, waits)

    def _measure_cosmicdeploy(self, stack: Stack, waits: Waits | None) -> None:
        with self._attempt("a deploy with nothing to do"):
            self.results.no_op = no_op_seconds(stack)
        with self._attempt("the start of the program"):
            self.results.start = start_seconds(stack)
        if waits:
            with self._attempt("a deploy with the trial's time and the soak"):
                set_waits(stack.folder, waits)
                number = self.counts[COSMICDEPLOY] + 1
                contestant = create_contestant(COSMICDEPLOY, stack)
                self.results.with_waits = deploy(contestant, number, self.conditions)

    def _run_on_swarm(self, folder: Path, name: str) -> None:
        say("(d) starting a second engine with a swarm")
        log = self.conditions.results / "engine.log"
        with swarm_stack(folder, name, log, self.swarm_order) as stack:
            swarm = create_contestant(SWARM, stack)
            for number in range(1, self.counts[SWARM] + 1):
                self._deploy(swarm, number)

    def _deploy(self, contestant: Contestant, number: int) -> None:
        succeeded = False
        with self._attempt(f"({contestant.key}), deploy {number}"):
            result = deploy(contestant, number, self.conditions)
            self.results.deploys.append(result)
            self._report(result)
            succeeded = not result.error
        if not succeeded and contestant.key != SWARM:
            with self._attempt("starting the stopped containers"):
                contestant.stack.up()

    def _report(self, result: Deploy) -> None:
        facts = summary(result)
        with (self.conditions.results / "deploys.jsonl").open("a") as file:
            file.write(json.dumps(facts) + "\n")
        say(
            f"({result.key}) {result.number} of {self.counts[result.key]}: {result.seconds:.1f} s,"
            f" {facts['failed']} failed of {facts['requests']:,},"
            f" p99 {facts['p99_before_ms']} → {facts['p99_during_ms']} ms"
            + (f"; {result.error}" if result.error else "")
        )

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        """Record an error of the block in the results, and continue after it."""
        try:
            yield
        except Exception as error:
            lines = str(error).splitlines() or [type(error).__name__]
            self.results.notes.append(f"{what}: {lines[0]}")
            say(f"{what}: {error}")
            with (self.conditions.results / "errors.log").open("a") as file:
                traceback.print_exc(file=file)


@contextmanager
def compose_stack(folder: Path, name: str) -> Iterator[Stack]:
    """Lay out a stack without starting it; remove it at the end."""
    stack = lay_out_stack(folder, name)
    try:
        yield stack
    finally:
        with uninterrupted():
            stack.remove()


def summary(result: Deploy) -> dict[str, object]:
    """Return the figures of a deploy, without its single requests."""
    requests = result.requests
    return {
        "contestant": result.key,
        "number": result.number,
        "seconds": round(result.seconds, 2),
        "requests": len(requests),
        "failed": sum(1 for request in requests if request.failed),
        "failures": Counter(r.description for r in requests if r.failed),
        "p99_before_ms": round(p99(result.before), 1),
        "p99_during_ms": round(p99(result.during), 1),
        "max_ms": round(max((r.ms for r in requests), default=0.0), 1),
        "new_image": result.new_image,
        "error": result.error,
        "rollout": dict(rollout_times(result) or {}),
        "steps": {s["name"]: s["seconds"] for s in result.report.get("steps", ())},
    }


def say(text: str) -> None:
    """Print progress to stderr; only the tables go to stdout."""
    print(f"bench-deploy: {text}", file=sys.stderr, flush=True)
