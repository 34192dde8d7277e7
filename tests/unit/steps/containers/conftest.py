"""A stack whose containers take long to stop, and the signals that a test sends during a stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.process.signals import Interrupts, deferred_interrupts
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.steps.containers.maintenance import maintenance
from tests.unit.steps.containers.test_stopping import JOB, MAIN_PROCESS

# SIGTERM has to end every wait within this time.
SIGTERM_SECONDS = 2.0
GRACE = 120.0
NAMES = ("app", "cron", "queue")


class SlowContainers:
    """Containers that stop only once `ended` is set; their jobs do not end before that either."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.stops: list[tuple[str, float]] = []

    def container(self, name: str) -> Container:
        status = "exited" if self.ended.is_set() and self.stops else "running"
        return Container(id=name, name=name, service=name, project="p", image_id="i", status=status)

    def exec(self, _id: str, _argv: object) -> ExecResult:
        job = "" if self.ended.is_set() else JOB
        return ExecResult(exit_code=0, stdout=(MAIN_PROCESS + job).encode())

    def stop(self, name: str, timeout: float) -> None:
        self.stops.append((name, timeout))
        assert self.ended.wait(30)


@pytest.fixture
def engine() -> Iterator[SlowContainers]:
    containers = SlowContainers()
    yield containers
    containers.ended.set()


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    with deferred_interrupts(lambda: None) as deferring:
        yield deferring


@pytest.fixture
def stack(
    ctx: Context, engine: SlowContainers, interrupts: Interrupts, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """A stack whose scheduler is stopped between two jobs, without a maintenance file."""
    settings = SimpleNamespace(
        services=Services(app=("app",), scheduler="cron", worker=("queue",), proxy="lb"),
        restart=Restart.model_validate({"between_jobs": ["scheduler"]}),
        maintenance=SimpleNamespace(file=None),
    )
    service = SimpleNamespace(stop_grace_period=GRACE, pre_stop=())
    monkeypatch.setattr(maintenance, "_proxy", lambda _ctx: engine.container("lb"))
    fields: Any = {
        "loaded": SimpleNamespace(settings=settings),
        "stack": SimpleNamespace(services=dict.fromkeys(("app", "cron", "queue", "lb"), service)),
        "engine": engine,
        "interrupts": interrupts,
    }
    return replace(ctx, **fields)
