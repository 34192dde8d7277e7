"""How often the deployer runs a container's own health check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.engine.facts import Container, ExecResult, LogLine
from cosmicdeploy.errors import EngineError, UnhealthyContainer
from cosmicdeploy.probes.readiness import serves_now, wait_ready
from cosmicdeploy.probes.responses import ResponsesInARow
from cosmicdeploy.settings import Application

CHECK = ("alive",)


@dataclass
class Engine:
    """An engine with one container whose health it does not know yet."""

    only: Container
    commands: list[Sequence[str]] = field(default_factory=list)

    def container(self, _name: str) -> Container:
        return self.only

    def exec(self, _id: str, argv: Sequence[str], **_: Any) -> ExecResult:
        self.commands.append(argv)
        return ExecResult(exit_code=0)

    def timed_log_lines(self, _id: str, **_: Any) -> list[LogLine]:
        started = int(self.only.started_unix * 1e9)
        return [LogLine(at=started - 1, text="crashed"), LogLine(at=started, text="starts again")]


@pytest.fixture
def engine() -> Engine:
    return Engine(
        Container(
            id="w", name="worker", service="worker", project="p", image_id="i", status="running",
            health="starting", healthcheck=CHECK, started_at="2026-02-02T18:30:00Z",
        )
    )  # fmt: skip


@pytest.fixture
def ctx(ctx: Context, engine: Engine) -> Context:
    restart = SimpleNamespace(healthy_within=5, passes=3)
    settings = SimpleNamespace(application_of=lambda _: None, restart=restart)
    loaded: Any = SimpleNamespace(settings=settings)
    any_engine: Any = engine
    return replace(ctx, loaded=loaded, engine=any_engine)


def test_a_check_that_passed_is_not_run_again(ctx: Context, engine: Engine) -> None:
    for _ in range(2):
        assert wait_ready(ctx, "w", "worker") == engine.only
    assert engine.commands == [CHECK]


def test_the_check_runs_again_when_something_may_have_changed(ctx: Context, engine: Engine) -> None:
    wait_ready(ctx, "w", "worker")
    wait_ready(replace(ctx, lookup_cache=LookupCache()), "w", "worker")  # a step changed something
    engine.only = replace(engine.only, started_at="2026-02-02T18:31:00Z")
    wait_ready(ctx, "w", "worker")
    assert serves_now(ctx, engine.only)  # never uses an earlier result
    assert engine.commands == [CHECK] * 4


def test_the_error_about_a_container_that_was_paused_meanwhile_advises_up(
    ctx: Context, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.only = replace(engine.only, status="paused", health="")
    monkeypatch.setattr(Engine, "logs", lambda *_, **__: (), raising=False)
    monkeypatch.setattr(ctx.settings.restart, "healthy_within", 0.1)
    with pytest.raises(UnhealthyContainer, match=r"within 0 s .paused") as caught:
        wait_ready(ctx, "w", "worker")
    assert "`cosmicdeploy up`" in caught.value.todo


def test_a_new_container_that_has_restarted_is_not_ready(ctx: Context, engine: Engine) -> None:
    """Even if it restarted before it was looked at for the first time, and runs again."""
    engine.only = replace(engine.only, restart_count=1, health="healthy")
    with pytest.raises(UnhealthyContainer, match=r"healthy \(it ended and was restarted") as raised:
        wait_ready(ctx, "w", "worker", is_new=True)
    assert list(raised.value.details) == ["crashed"]
    assert wait_ready(ctx, "w", "worker") == engine.only, "one that ran before may have restarted"


def test_a_log_that_cannot_be_read_does_not_hide_why_a_container_failed(
    ctx: Context, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise EngineError("Reading logs failed: the logging driver does not support reading")

    monkeypatch.setattr(Engine, "timed_log_lines", refuse)
    monkeypatch.setattr(Engine, "logs", refuse, raising=False)
    changes: list[dict[str, Any]] = [{"restart_count": 1}, {"status": "exited", "exit_code": 5}]
    for change in changes:
        engine.only = replace(engine.only, **change)
        with pytest.raises(UnhealthyContainer) as raised:
            wait_ready(ctx, "w", "worker", is_new=True)
        assert list(raised.value.details)[-1].startswith("the log cannot be read: Reading logs")


@pytest.mark.parametrize(
    ("url", "is_proven"),
    [
        ("http://localhost:8000/health", True),
        ("http://127.0.0.1:8000/health", True),
        ("http://localhost:8000/health?database=1", False),
        ("http://localhost:8001/health", False),
        ("http://other:8000/health", False),
        ("https://localhost:8000/health", False),
    ],
)
def test_a_response_proves_only_a_health_check_that_sends_the_same_request(
    url: str, is_proven: bool, engine: Engine
) -> None:
    application = SimpleNamespace(port=8000, health_path="/health")
    ctx = SimpleNamespace(settings=SimpleNamespace(restart=SimpleNamespace(passes=2)))
    responses = ResponsesInARow(
        cast(Context, ctx), cast(Application, application), on_good_response=lambda: None
    )
    container = replace(engine.only, healthcheck=("curl", "-f", url))
    assert responses.prove_health(container) is is_proven
