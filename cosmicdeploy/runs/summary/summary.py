"""Write the summary of a run: its steps, what was measured during it, and how it ended.

A summary is only shown, so an error here never fails a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import running_by_service
from cosmicdeploy.errors import CosmicError, ExitCode
from cosmicdeploy.runs.origin.origin import origin_of
from cosmicdeploy.runs.results import StepResult
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.runs.summary.bounds import bounded, bounded_facts, fitted, secrets_of
from cosmicdeploy.runs.summary.measured import gaps, maintenance, phases
from cosmicdeploy.text.formatting import format_releases
from cosmicdeploy.traffic.time_series import time_series
from cosmicdeploy.traffic.traffic_stats import TrafficStats

Json = dict[str, Any]
# The settings that name a variable with a secret.
SECRET_SETTINGS = ("password_variable", "token_variable", "signing_key_variable")


def first_facts(ctx: Context) -> Json:
    """Return what the first record of a run has only for `history` and `report`."""
    facts: Json = {}
    with suppress(Exception):
        origin = origin_of(ctx.loaded.directory, os.environ)
        facts["origin"] = _Writer(ctx).safe(origin.model_dump())
    with suppress(Exception):
        facts["releases"] = running_by_service(ctx.with_cached_facts())
    return facts


def record_run(ctx: Context, run: Run, traffic: TrafficStats | None) -> None:
    """Write the summary of a run that has ended, whether it failed or not."""
    with suppress(Exception):
        _Writer(ctx).write_run(run, traffic)


def record_outcome(ctx: Context, outcome: str) -> None:
    """Write the summary of a run without steps of its own, such as an abort."""
    with suppress(Exception):
        _Writer(ctx).write({"outcome": outcome, "exit_code": 0})


def record_failure(ctx: Context, error: CosmicError) -> None:
    """Write the summary of a run that ended before its first step, such as while it was planned."""
    with suppress(Exception):
        writer, exit_code = _Writer(ctx), int(error.exit_code)
        outcome = "interrupted" if exit_code == ExitCode.INTERRUPTED else "failed"
        facts = {"outcome": outcome, "exit_code": exit_code, "error": writer.error(error)}
        writer.write(facts)


class _Writer:
    """Writes the summary of one run; masks the stack's secrets in all texts."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._notes = ctx, ctx.run.notes
        named = _secret_names(ctx.settings.model_dump())
        self._secrets = secrets_of(ctx.loaded.variables, named)

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
        self._ctx.lock.require()  # without the lock, the journal belongs to another run
        summary = {
            "seconds": round(self._notes.passed(), 3),
            **self._running(),
            **facts,
            "maintenance": maintenance(self._ctx, self._notes),
            "phases": phases(self._notes),
            "points": self.safe(list(self._notes.points.values())),
            "warnings": self.safe(self._notes.warnings),
        }
        self._ctx.journal.append("summary", **fitted(summary))

    def error(self, error: CosmicError) -> Json:
        texts = {"what": error.what, "where": error.where, "todo": error.todo}
        lines = {"details": list(error.details), "output": list(self._notes.output)}
        safe: Json = self.safe({**texts, **lines})
        return safe

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
        """Return what runs now: the releases, and how often the containers have restarted."""
        with suppress(CosmicError):  # without an engine, that is unknown
            ctx = self._ctx.with_cached_facts()
            releases, deployed = running_by_service(ctx), ctx.settings.services.deployed
            containers = {name: ctx.container(name) for name in deployed}
            applications = ctx.settings.all_applications
            own = {each.name: releases.get(each.services[0], "") for each in applications}
            return {
                "release": format_releases(own) if any(own.values()) else "",
                "releases": releases,
                "restarts": {n: c.restart_count for n, c in containers.items() if c},
            }
        return {}


def _secret_names(settings: Mapping[str, Any]) -> list[str]:
    """Return the variables that the settings name as secrets, at any level."""
    names: list[str] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            names += _secret_names(value)
        elif key in SECRET_SETTINGS and isinstance(value, str):
            names.append(value)
    return names
