"""Everybody's deploys, one after the other; who fails does not stop the others."""

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

from benchmarks.deploy.contestants import OURS, contestant
from benchmarks.deploy.figures import no_op_seconds, start_seconds
from benchmarks.deploy.measure import Conditions, Contestant, Deploy, deploy
from benchmarks.deploy.requests import p99
from benchmarks.deploy.stack import Stack, lay_out_stack, set_watch
from benchmarks.deploy.swarm import swarm_stack
from benchmarks.deploy.table import Results, roll_of
from benchmarks.deploy.tidying import undisturbed

SWARM = "d"


@dataclass(frozen=True, kw_only=True)
class Contest:
    """`counts` are the deploys of each contestant, by key."""

    counts: dict[str, int]
    conditions: Conditions
    swarm_order: str
    results: Results = field(default_factory=Results)

    def run(self) -> None:
        """All that take part. Whatever it started is gone when it ends, however it ends."""
        name = f"bench{secrets.token_hex(3)}"
        with tempfile.TemporaryDirectory(prefix=name, ignore_cleanup_errors=True) as folder:
            if set(self.counts) - {SWARM}:
                with self._attempt("the stack"), compose_stack(Path(folder) / "kiosk", name) as one:
                    self._on_compose(one)
            if SWARM in self.counts:
                with self._attempt("(d)"):
                    self._on_swarm(Path(folder) / "swarm", f"{name}s")

    def _on_compose(self, stack: Stack) -> None:
        watch = set_watch(stack.folder, 0)  # the others do not watch either
        stack.up()
        stack.seed()
        everyone = []
        for key in self.counts:
            with self._attempt(f"({key})"):
                everyone += [contestant(key, stack)] if key != SWARM else []
        for number in range(1, max(self.counts.values()) + 1):
            for who in everyone:
                if number <= self.counts[who.key]:
                    self._one(who, number)
        if OURS in self.counts:
            self._ours_alone(stack, watch)

    def _ours_alone(self, stack: Stack, watch: float | None) -> None:
        with self._attempt("a deploy with nothing to do"):
            self.results.no_op = no_op_seconds(stack)
        with self._attempt("the start"):
            self.results.start = start_seconds(stack)
        if watch:
            with self._attempt("a deploy with the watch"):
                set_watch(stack.folder, watch)
                number = self.counts[OURS] + 1
                self.results.watched = deploy(contestant(OURS, stack), number, self.conditions)

    def _on_swarm(self, folder: Path, name: str) -> None:
        say("(d) starting an engine of its own, and a swarm in it")
        log = self.conditions.results / "engine.log"
        with swarm_stack(folder, name, log, self.swarm_order) as stack:
            who = contestant(SWARM, stack)
            for number in range(1, self.counts[SWARM] + 1):
                self._one(who, number)

    def _one(self, who: Contestant, number: int) -> None:
        done = False
        with self._attempt(f"({who.key}), deploy {number}"):
            result = deploy(who, number, self.conditions)
            self.results.deploys.append(result)
            self._tell(result)
            done = not result.error
        if not done and who.key != SWARM:
            with self._attempt("starting what does not run"):
                who.stack.up()

    def _tell(self, result: Deploy) -> None:
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
        """An error is told in the results, and ends nothing else."""
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
    """A stack that is laid out, and removed at the end."""
    stack = lay_out_stack(folder, name)
    try:
        yield stack
    finally:
        with undisturbed():
            stack.remove()


def summary(result: Deploy) -> dict[str, object]:
    """One deploy without its requests."""
    requests = result.requests
    return {
        "contestant": result.key,
        "number": result.number,
        "seconds": round(result.seconds, 2),
        "requests": len(requests),
        "failed": sum(1 for request in requests if request.failed),
        "failures": Counter(one.told for one in requests if one.failed),
        "p99_before_ms": round(p99(result.before), 1),
        "p99_during_ms": round(p99(result.during), 1),
        "max_ms": round(max((r.ms for r in requests), default=0.0), 1),
        "new_image": result.new_image,
        "error": result.error,
        "roll": dict(roll_of(result) or {}),
        "steps": {s["name"]: s["seconds"] for s in result.report.get("steps", ())},
    }


def say(text: str) -> None:
    """Progress; the tables alone go to standard output."""
    print(f"bench-deploy: {text}", file=sys.stderr, flush=True)
