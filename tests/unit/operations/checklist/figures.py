"""Figures without any problem, and contexts for the tests of the checklist."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.files import shipped
from cosmicdeploy.journal.journal import Journal
from cosmicdeploy.operations.checklist.baseline import Baseline
from cosmicdeploy.settings import load

SETTINGS = load(shipped.example_settings(), {}).settings
GOOD: dict[str, dict[str, Any]] = {
    "application": {"lines": 900, "errors": 0, "migration_errors": 0, "hours": 24.0, "unread": {}},
    "migrations": {"failed_runs": 0, "half_done": False},
    "devices": {
        "seconds": 86_400.0,
        "transitions": 100,
        "broken": 0,
        "astray": 0,
        "flapping": 0,
        "devices": [],
    },
    "proxy": {"answers": 10_000, "errors": 2, "gone": 1, "limited": 5, "seconds": 86_400.0},
    "scheduler": {"minutes": 1440, "missed": 0, "first_missed": [], "off": "", "cut": False},
    "database": {
        "latency_ms": 0.4,
        "threads_running": 2,
        "seconds": 86_400,
        "slow": 0.0,
        "lock_waits": 0.1,
        "pool": 0.999,
        "queries": 80.0,
    },
    "cache": {"lookups": 9000, "ratio": 0.9, "seconds": 86_400},
    "external": {"Billing": {"ok": True, "found": "", "ms": 4.0}},
}


def with_figures(collector: str, **figures: Any) -> dict[str, dict[str, Any]]:
    """Return the good figures, with these of one collector changed."""
    return {**GOOD, collector: {**GOOD[collector], **figures}}


class LogEngine:
    """An engine whose containers all have the same log, with lines at the given times."""

    def __init__(self, *at: float, text: str = "line at {at:g}") -> None:
        self._lines = [LogLine(at=int(each * 1e9), text=text.format(at=each)) for each in at]

    def timed_log_lines(
        self, _container: str, *, since: int | None = None, tail: int | None = None
    ) -> Any:
        kept = [line for line in self._lines if line.at >= (since or 0)]
        return iter(kept[-tail:] if tail else kept)

    def container(self, name: str) -> Container:
        return Container(
            id=name, name=name, service=name, project="kiosk", image_id="", status="exited"
        )

    def image(self, _reference: str) -> None:
        return None


def context(engine: Any, folder: Path) -> Context:
    service = SimpleNamespace(
        name="web", compose_name="web", container_name="web", image="web", build=None
    )
    stack = SimpleNamespace(project="kiosk", services=dict.fromkeys(SETTINGS.services.all, service))
    loaded = SimpleNamespace(state_directory=folder, settings=SETTINGS, variables={})
    return Context(
        loaded=cast(Any, loaded),
        stack=cast(Any, stack),
        engine=engine,
        journal=Journal(path=folder / "journal.jsonl", run="r1"),
        catalogue=cast(Any, None),
        emit=lambda _event: None,
    )


def baseline_of(run_id: str, at: str, **more: Any) -> Baseline:
    return Baseline(run=run_id, command="deploy", at=at, **more)
