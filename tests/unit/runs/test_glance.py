"""One look at the stack asks for each container and image once; the next look asks again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

pytestmark = pytest.mark.unit

IMAGE, SERVICE = "app:latest", "app"


@dataclass
class Engine:
    """Has one service's container, and keeps what it was asked for."""

    status: str = "exited"
    asked: list[str] = field(default_factory=list)

    def container(self, name: str) -> Container:
        self.asked.append(name)
        return Container(
            id="c", name=name, service=SERVICE, project="p", image_id="i", status=self.status
        )

    def containers(self, project: str, besides: Collection[str] = ()) -> list[Container]:
        self.asked.append(f"all of {project} but {', '.join(besides)}")
        return [self.container("stray")]

    def image(self, reference: str) -> None:
        self.asked.append(reference)


class StartApp(Step):
    """Start the container where it does not run."""

    kind: ClassVar[str] = "start-app"
    name: str = "start"

    def check(self, ctx: Context) -> Change | Unchanged:
        found = ctx.container(SERVICE)
        assert found
        return Unchanged(reason="it runs") if found.is_running else Change(summary="start it")

    def apply(self, ctx: Context, change: Change) -> Result:
        engine: Any = ctx.engine
        engine.status = "running"
        return {}


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def ctx(ctx: Context, engine: Engine) -> Context:
    service = SimpleNamespace(container_name=SERVICE, image=IMAGE)
    stack: Any = SimpleNamespace(services={SERVICE: service}, project="p")
    seam: Any = engine
    return replace(ctx, stack=stack, engine=seam)


def test_a_look_asks_once(ctx: Context, engine: Engine) -> None:
    look = ctx.with_cached_facts()
    for _ in range(2):
        assert look.container(SERVICE) == look.with_steps_ahead([]).container(SERVICE)
        assert look.image_of(SERVICE) is None and look.images_of([SERVICE]) == {SERVICE: None}
        assert [each.name for each in look.unassigned_containers()] == ["stray"]
    assert engine.asked == [SERVICE, IMAGE, f"all of p but {SERVICE}", "stray"]


def test_the_next_look_and_whoever_does_not_only_look_asks_again(
    ctx: Context, engine: Engine
) -> None:
    first = ctx.with_cached_facts()
    for look in (first, first.with_cached_facts(), ctx, ctx):
        look.container(SERVICE)
    assert engine.asked == [SERVICE] * 4


def test_each_check_is_one_look_and_a_change_is_seen_by_the_next(
    ctx: Context, engine: Engine
) -> None:
    steps = [StartApp(name="first"), StartApp(name="second")]
    plan = make_plan(steps, ctx)
    assert engine.asked == [SERVICE] * 2
    run = Run(ctx=ctx)
    run.through(plan)
    assert run.error is None, run.error
    assert [result.outcome for result in run.results] == ["changed", "unchanged"]
    assert engine.asked == [SERVICE] * 4, "the first step's proof, and the second's own look"
