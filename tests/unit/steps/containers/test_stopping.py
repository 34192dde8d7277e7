"""How a worker is stopped: by its stop signal, or between two jobs if `between_jobs` names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.events import Event
from cosmicdeploy.settings import Restart, Services
from cosmicdeploy.steps.containers import stopping
from cosmicdeploy.steps.containers.stopping import CHECK_EVERY, end

pytestmark = pytest.mark.unit

GRACE = 10.0
MAIN_PROCESS = "Name:\tphp\nState:\tS\nPid:\t1\nPPid:\t0\n"
JOB = "Name:\tphp\nState:\tR\nPid:\t7\nPPid:\t1\n"


@dataclass
class OneContainer:
    """A container whose job ends after `checks_with_job` checks.

    Its clock `now` is set forward by each check and by a stop that ends in a kill.
    """

    checks_with_job: int = 0
    obeys_signal: bool = False
    running: bool = True
    stopped: list[float] = field(default_factory=list)
    now: float = 0.0

    def container(self, _id: str) -> Container:
        return Container(
            id="1",
            name="worker",
            service="worker",
            project="p",
            image_id="i",
            status="running" if self.running else "exited",
            exit_code=0 if self.running or self.obeys_signal else 137,
        )

    def exec(self, _id: str, _argv: Sequence[str]) -> ExecResult:
        self.checks_with_job -= 1
        self.now += CHECK_EVERY
        text = MAIN_PROCESS + (JOB if self.checks_with_job >= 0 else "")
        return ExecResult(exit_code=0, stdout=text.encode())

    def stop(self, _id: str, timeout: float) -> None:
        self.stopped.append(timeout)
        if self.running and not self.obeys_signal:
            self.now += timeout
        self.running = False


def stack(ctx: Context, engine: OneContainer, roles: Sequence[str]) -> Context:
    settings = SimpleNamespace(
        services=Services(app=("app",), scheduler="worker", database="db"),
        restart=Restart.model_validate({"between_jobs": roles}),
    )
    services = {"worker": SimpleNamespace(stop_grace_period=GRACE, pre_stop=())}
    fields: Any = {
        "loaded": SimpleNamespace(settings=settings),
        "stack": SimpleNamespace(services=services),
        "engine": engine,
    }
    return replace(ctx, **fields)


@pytest.fixture
def stop(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> Callable[[OneContainer, Sequence[str]], None]:
    """Return a function that stops the container, with the engine's clock as the time."""

    def stop(engine: OneContainer, roles: Sequence[str]) -> None:
        monkeypatch.setattr("time.monotonic", lambda: engine.now)
        monkeypatch.setattr(stopping, "CHECK_EVERY", 0.0)  # no real pause between checks
        end(stack(ctx, engine, roles), "worker", "1")

    return stop


@pytest.mark.parametrize(
    ("engine", "roles", "timeout", "message"),
    [
        (OneContainer(obeys_signal=True), [], GRACE, ""),
        (OneContainer(), [], GRACE, "was killed"),
        (OneContainer(), ["worker"], GRACE, "was killed"),
        (OneContainer(running=False), [], GRACE, ""),  # ended before the stop
        (OneContainer(), ["scheduler"], 0, ""),
        (OneContainer(checks_with_job=1), ["scheduler"], 0, ""),
        (OneContainer(checks_with_job=99), ["scheduler"], 0, "still running a job"),
        (OneContainer(running=False), ["scheduler"], 0, ""),
    ],
)
def test_a_worker_is_stopped_between_jobs_only_if_configured(
    events: list[Event],
    engine: OneContainer,
    roles: Sequence[str],
    timeout: float,
    message: str,
    stop: Callable[[OneContainer, Sequence[str]], None],
) -> None:
    stop(engine, roles)
    assert engine.stopped == [timeout]
    texts = [getattr(event, "text", "") for event in events]
    assert message in "".join(texts) and bool(texts) is bool(message)
