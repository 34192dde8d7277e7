"""Write the summary of a run: its steps, what was measured during it, and how it ended.

A summary is only shown, so an error here never fails a run, but is a warning.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_by_service
from cosmicdeploy.errors import CosmicError, EngineError, ExitCode, LockLost, to_cosmic_error
from cosmicdeploy.events import Warned
from cosmicdeploy.runs.origin.origin import origin_of
from cosmicdeploy.runs.results import StepResult
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.summary.bounds import bounded, bounded_facts, fitted
from cosmicdeploy.runs.summary.measured import gaps, maintenance, phases
from cosmicdeploy.runs.summary.secrets import stack_secrets
from cosmicdeploy.text.formatting import format_releases
from cosmicdeploy.text.shorten import screenful
from cosmicdeploy.traffic.time_series import time_series
from cosmicdeploy.traffic.traffic_stats import TrafficStats

Json = dict[str, Any]
SUMMARY_OF_RUN = "the summary of this run"


def first_facts(ctx: Context) -> Json:
    """Return the facts in the first record of a run that only `history` and `report` use.

    An error is only a warning; the facts are then incomplete.
    """
    facts: Json = {}
    with _only_warning(ctx, "where the run is started from"):
        writer, origin = _Writer(ctx), origin_of(ctx.loaded.directory, os.environ)
        facts["origin"] = writer.safe(origin.model_dump())
        with suppress(CosmicError):  # without an engine, the releases are unknown
            facts["releases"] = writer.safe(running_by_service(ctx.with_cached_facts()))
    return facts


@contextmanager
def _only_warning(ctx: Context, what: str) -> Iterator[None]:
    """Turn an error into a warning that `what` is not recorded."""
    try:
        yield
    except LockLost:
        pass  # the journal belongs to the new lock holder
    except Exception as error:  # whatever it is, the run does not depend on it
        why = to_cosmic_error(error).what
        ctx.emit(Warned(text=f"not in `cosmicdeploy history`: {what}: {why}"))


def record_run(ctx: Context, run: Run, traffic: TrafficStats | None) -> None:
    """Write the summary of a run that has ended, whether it failed or not."""
    with _only_warning(ctx, SUMMARY_OF_RUN):
        _Writer(ctx).write_run(run, traffic)


def record_outcome(ctx: Context, outcome: str) -> None:
    """Write the summary of a run without steps of its own, such as an abort."""
    with _only_warning(ctx, SUMMARY_OF_RUN):
        _Writer(ctx).write({"outcome": outcome, "exit_code": 0})


def record_failure(ctx: Context, error: CosmicError) -> None:
    """Write the summary of a run that failed outside of its steps, such as in its plan."""
    with _only_warning(ctx, SUMMARY_OF_RUN):
        writer, exit_code = _Writer(ctx), int(error.exit_code)
        outcome = "interrupted" if exit_code == ExitCode.INTERRUPTED else "failed"
        facts = {"outcome": outcome, "exit_code": exit_code, "error": writer.error(error)}
        writer.write(facts)


class _Writer:
    """Writes the summary of one run; masks the stack's secrets in all texts."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._notes = ctx, ctx.run.notes
        self._secrets = stack_secrets(ctx)

    def safe(self, value: Any) -> Any:
        """Return the value bounded, with secrets masked."""
        return bounded(value, self._secrets)

    def write_run(self, run: Run, traffic: TrafficStats | None) -> None:
        facts: Json = {
            "outcome": run.outcome,
            "exit_code": int(run.error.exit_code) if run.error else 0,
            "backup": run.fact("backup"),
            "steps": [self._step(result) for result in run.results],
            "error": self.error(run.error) if run.error else None,
            "gaps": gaps(self._ctx, self._notes, probed=traffic is not None),
        }
        if traffic is not None:
            facts["requests"] = self.safe(traffic.facts())
            facts["series"] = time_series(traffic, self._notes.began_at, self._notes.passed())
        self.write(facts)

    def write(self, facts: Json) -> None:
        seconds = round(self._notes.passed(), 3)
        running = self._running() if self._engine_answers() else {}
        more = {part: count for part, count in self._notes.more.items() if count}
        summary = {
            "seconds": seconds,
            **running,
            **facts,
            "maintenance": maintenance(self._ctx, self._notes),
            "phases": phases(self._notes),
            "points": self.safe(list(self._notes.points.values())),
            "warnings": self.safe(self._notes.warnings),
            "left_out": [f"{count} more {part}" for part, count in more.items()],
        }
        self._ctx.journal.append("summary", **fitted(summary))

    def _engine_answers(self) -> bool:
        """Return whether the engine answers, and so can say what runs.

        Raises `LockLost`: without the lock, the journal belongs to another run.
        """
        try:
            self._ctx.lock.require()
        except EngineError:
            return False
        return True

    def error(self, error: CosmicError) -> Json:
        texts = {"what": error.what, "where": error.where, "todo": error.todo}
        lines = {"details": list(error.details), "output": list(self._notes.output)}
        safe: Json = self.safe({**texts, **lines})
        return {**safe, "output": list(screenful(safe["output"]))}

    def _step(self, result: StepResult) -> Json:
        times = self._notes.steps.get(result.step.name)
        return {
            "name": result.step.name,
            "kind": result.step.kind,
            "outcome": result.outcome,
            "reason": self.safe(result.reason),
            "began": round(times[0], 2) if times else None,
            "ended": round(times[1], 2) if times else None,
            "seconds": round(result.seconds, 2),
            "facts": bounded_facts(result.facts, self._secrets),
        }

    def _running(self) -> Json:
        """Return what runs now: the releases, and how often the containers have restarted.

        Empty if the engine does not answer.
        """
        with suppress(CosmicError):
            ctx = self._ctx.with_cached_facts()
            releases, deployed = running_by_service(ctx), ctx.settings.services.deployed
            containers = {name: ctx.container(name) for name in deployed}
            applications = ctx.settings.all_applications
            own = {each.name: releases.get(each.services[0], "") for each in applications}
            return {
                "release": self.safe(format_releases(own)) if any(own.values()) else "",
                "releases": self.safe(releases),
                "restarts": {n: c.restart_count for n, c in containers.items() if c},
            }
        return {}
