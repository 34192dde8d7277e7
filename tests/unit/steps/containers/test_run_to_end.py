"""A container that runs to its end is waited for, and never killed, whatever ended its run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, LogLine
from cosmicdeploy.errors import EngineError, NeedsPerson
from cosmicdeploy.events import Event
from cosmicdeploy.journal.unfinished.unfinished import unfinished
from cosmicdeploy.runs.interrupted import undo_interrupted
from cosmicdeploy.settings import Services
from cosmicdeploy.steps.base import Change, NotReversible
from cosmicdeploy.steps.containers import one_shot
from cosmicdeploy.steps.containers.one_shot import OneShotStep
from cosmicdeploy.steps.containers.run_to_end import let_end, running_one_shots
from tests.unit.engine.shop_stack import container, stack
from tests.unit.journal.journal_writer import Writer

pytestmark = pytest.mark.unit

STEP = OneShotStep(name="one-shot")
IN_PLACE, FORMER = "shop-migrate-1", "shop-migrate-1-before-0123abcd"
TIMEOUT = 900.0


@dataclass
class Engine:
    """The container of a migration in place; it ends with this exit code, or not in time.

    Fails the test if that container is stopped or removed while it runs.
    """

    exit_code: int | None
    by_id: dict[str, Container] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def container(self, reference: str) -> Container | None:
        named = {each.name: each for each in self.by_id.values()}
        return self.by_id.get(reference) or named.get(reference)

    def containers(self, _project: str, except_names: object = ()) -> list[Container]:
        return [each for each in self.by_id.values() if each.name != IN_PLACE]

    def timed_log_lines(self, _id: str, **_: object) -> Iterator[LogLine]:
        yield from ()

    def wait_until_ended(self, container_id: str, timeout: float) -> None:
        self.waited.append(timeout)
        if self.exit_code is None:
            raise EngineError(f"The container did not end within {timeout:.0f} s")
        ended = replace(self.by_id[container_id], status="exited", exit_code=self.exit_code)
        self.by_id[container_id] = ended

    def stop(self, container_id: str, _grace: float) -> None:
        assert not self.by_id[container_id].is_running, "a migration was killed"

    def remove(self, container_id: str) -> None:
        assert not self.by_id.pop(container_id).is_running, "a migration was killed"
        self.done.append(f"remove {container_id}")

    def rename(self, container_id: str, name: str) -> None:
        self.by_id[container_id] = replace(self.by_id[container_id], name=name)
        self.done.append(f"rename {container_id}")

    def start(self, container_id: str) -> None:
        raise AssertionError(f"{container_id} was started again")


def started(seconds_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()[:19] + "Z"


def shop(ctx: Context, exit_code: int | None, *, seconds_ago: float = 5) -> tuple[Any, Engine]:
    """Return the context and the engine of a stack whose migration runs since so many seconds."""
    new = container(IN_PLACE, service="migrate", started_at=started(seconds_ago))
    old = container(FORMER, "exited", service="migrate")
    engine = Engine(exit_code, {"new": replace(new, id="new"), "old": replace(old, id="old")})
    services = Services(app=("app",), one_shot=("migrate",))
    settings = SimpleNamespace(
        services=services,
        migrate=SimpleNamespace(timeout=TIMEOUT),
        restart=SimpleNamespace(between_jobs=()),
    )
    fields: Any = {
        "loaded": SimpleNamespace(settings=settings),
        "stack": stack(app=None, migrate=None),
        "engine": engine,
    }
    return replace(ctx, **fields), engine


def change(*, ran: bool = False) -> Change:
    former = {"id": "old", "image": "i", "running": ran}
    return Change(summary="", before={"containers": {"migrate": former}, "migrates": ""})


@pytest.mark.parametrize("ran", [False, True])
@pytest.mark.parametrize(
    ("exit_code", "said"), [(0, "migrate ended successfully"), (3, "ended with exit code 3")]
)
def test_an_undo_waits_for_the_end_and_says_how_it_ended(
    ctx: Context, events: list[Event], exit_code: int, said: str, ran: bool
) -> None:
    """The former container is not started, even if it ran before: it has ended, too."""
    opened, engine = shop(ctx, exit_code)
    STEP.undo(opened, change(ran=ran))
    assert engine.done == ["remove new", "rename old"]
    assert "waiting up to 89" in str(events[0]) and said in str(events[-1])


def test_an_undo_leaves_a_migration_alone_that_does_not_end(ctx: Context) -> None:
    opened, engine = shop(ctx, None)
    with pytest.raises(NotReversible, match="migrate still runs, and is not killed") as raised:
        STEP.undo(opened, change())
    assert "`cosmicdeploy deploy --abort`" in raised.value.todo
    assert engine.done == []


def test_an_undo_does_not_wait_for_the_limit_twice(ctx: Context) -> None:
    opened, engine = shop(ctx, None, seconds_ago=TIMEOUT + 5)
    with pytest.raises(NotReversible):
        STEP.undo(opened, change())
    assert engine.waited == [1.0]


@pytest.mark.parametrize(("reason", "runs"), [("", []), ("it ended with exit code 3", ["run"])])
def test_a_resumed_run_runs_it_again_only_if_it_did_not_end_well(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, reason: str, runs: list[str]
) -> None:
    opened, engine = shop(ctx, 3 if reason else 0)
    created: list[str] = []

    def swap_in(*_: object) -> str:
        created.append("run")
        engine.by_id["next"] = replace(engine.by_id["new"], id="next", exit_code=0)
        engine.exit_code = 0
        return "next"

    monkeypatch.setattr(one_shot, "swap_in", swap_in)
    monkeypatch.setattr(one_shot, "_reason", lambda *_: reason)
    monkeypatch.setattr(engine, "start", lambda _: None)
    assert STEP.apply(opened, change()) == {"ran": ["migrate"]}
    assert created == runs and engine.waited[0] == TIMEOUT


def test_a_resumed_run_does_not_replace_what_does_not_end(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, engine = shop(ctx, None)
    monkeypatch.setattr(one_shot, "swap_in", lambda *_: pytest.fail("a migration was replaced"))
    with pytest.raises(NeedsPerson, match="still runs") as raised:
        STEP.apply(opened, change())
    assert "continue with the same command" in raised.value.todo
    assert engine.by_id["new"].is_running


def test_what_has_ended_is_not_waited_for(ctx: Context) -> None:
    opened, engine = shop(ctx, 0)
    engine.by_id["new"] = replace(engine.by_id["new"], status="exited")
    assert not let_end(opened, "migrate")
    assert engine.waited == []


def begin(ctx: Context) -> None:
    journal = Writer(ctx.journal.path).run("a").journal
    step = {"step": "one-shot", "step_kind": "one-shot", "options": {"name": "one-shot"}}
    journal.append("intent", **step, change="c", before=change().before)


def test_a_later_run_finds_what_a_killed_run_left_running(ctx: Context) -> None:
    opened, _ = shop(ctx, 0)
    assert running_one_shots(opened) == [], "no run was killed"
    begin(opened)
    assert running_one_shots(opened) == ["migrate"]
    let_end(opened, "migrate")
    assert running_one_shots(opened) == []


def test_an_abort_undoes_nothing_while_a_migration_runs(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, engine = shop(ctx, None)
    begin(opened)
    for name in ("require_no_unknown_data", "wait_for_commands", "start_support"):
        monkeypatch.setattr(undo_interrupted, name, lambda *_: None)
    monkeypatch.setattr(undo_interrupted, "undo_all", lambda *_: pytest.fail("undone"))
    with pytest.raises(NeedsPerson, match="migrate still runs"):
        undo_interrupted.undo_runs(opened, unfinished(opened.journal))
    assert engine.waited == [TIMEOUT]
