"""A worker that ignores its stop signal is stopped between two jobs if `between_jobs` names it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.events import Event
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.steps.containers.stopping import end

pytestmark = pytest.mark.unit

GRACE = 0.4
FIRST = "Name:\tphp\nState:\tS\nPid:\t1\nPPid:\t0\n"
JOB = "Name:\tphp\nState:\tR\nPid:\t7\nPPid:\t1\n"


@dataclass
class OneContainer:
    """A container with a running job for the first `looks_at_work` looks."""

    looks_at_work: int = 0
    heeds: bool = False
    running: bool = True
    stopped: list[float] = field(default_factory=list)

    def container(self, _id: str) -> Container:
        return Container(
            id="1",
            name="it",
            service="it",
            project="p",
            image_id="i",
            status="running" if self.running else "exited",
            exit_code=0 if self.running or self.heeds else 137,
        )

    def exec(self, _id: str, _argv: Sequence[str]) -> ExecResult:
        self.looks_at_work -= 1
        text = FIRST + (JOB if self.looks_at_work >= 0 else "")
        return ExecResult(exit_code=0, stdout=text.encode())

    def stop(self, _id: str, timeout: float) -> None:
        self.stopped.append(timeout)
        if self.running and not self.heeds:
            time.sleep(timeout)
        self.running = False


def stack(ctx: Context, engine: OneContainer, roles: Sequence[str]) -> Context:
    settings = SimpleNamespace(
        services=Services(app=("app",), scheduler="it", database="db"),
        restart=Restart.model_validate({"between_jobs": roles}),
    )
    services = {"it": SimpleNamespace(stop_grace_period=GRACE, pre_stop=())}
    given: Any = {
        "loaded": SimpleNamespace(settings=settings),
        "stack": SimpleNamespace(services=services),
        "engine": engine,
    }
    return replace(ctx, **given)


@pytest.mark.parametrize(
    ("engine", "roles", "timeout", "told"),
    [
        (OneContainer(heeds=True), [], GRACE, ""),
        (OneContainer(), [], GRACE, "was killed"),
        (OneContainer(), ["worker"], GRACE, "was killed"),
        (OneContainer(running=False), [], GRACE, ""),  # by whatever, and before
        (OneContainer(), ["scheduler"], 0, ""),
        (OneContainer(looks_at_work=1), ["scheduler"], 0, ""),
        (OneContainer(looks_at_work=99), ["scheduler"], 0, "still running a job"),
        (OneContainer(running=False), ["scheduler"], 0, ""),
    ],
)
def test_a_worker_is_stopped_as_between_jobs_says(
    ctx: Context,
    events: list[Event],
    engine: OneContainer,
    roles: Sequence[str],
    timeout: float,
    told: str,
) -> None:
    end(stack(ctx, engine, roles), "it", "1")
    assert engine.stopped == [timeout]
    texts = [getattr(event, "text", "") for event in events]
    assert told in "".join(texts) and bool(texts) is bool(told)
