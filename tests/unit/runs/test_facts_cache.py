"""A facts cache queries each container and image once; the next cache queries them again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Change, Result, Step, Unchanged

pytestmark = pytest.mark.unit

IMAGE, SERVICE = "app:latest", "app"


@dataclass
class Engine:
    """Has the container of one service, and records each query."""

    status: str = "exited"
    queries: list[str] = field(default_factory=list)

    def container(self, name: str) -> Container:
        self.queries.append(name)
        return Container(
            id="c", name=name, service=SERVICE, project="p", image_id="i", status=self.status
        )

    def containers(self, project: str, except_names: Collection[str] = ()) -> list[Container]:
        self.queries.append(f"all of {project} but {', '.join(except_names)}")
        return [self.container("orphan")]

    def image(self, reference: str) -> None:
        self.queries.append(reference)


class StartApp(Step):
    """Start the container if it does not run."""

    kind: ClassVar[str] = "start-app"
    name: str = "start"

    def check(self, ctx: Context) -> Change | Unchanged:
        container = ctx.container(SERVICE)
        assert container
        return (
            Unchanged(reason="is running") if container.is_running else Change(summary="start it")
        )

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
    any_engine: Any = engine
    return replace(ctx, stack=stack, engine=any_engine)


def test_cached_facts_are_queried_once(ctx: Context, engine: Engine) -> None:
    cached = ctx.with_cached_facts()
    for _ in range(2):
        assert cached.container(SERVICE) == cached.with_steps_ahead([]).container(SERVICE)
        assert cached.image_of(SERVICE) is None and cached.images_of([SERVICE]) == {SERVICE: None}
        assert [each.name for each in cached.unassigned_containers()] == ["orphan"]
    assert engine.queries == [SERVICE, IMAGE, f"all of p but {SERVICE}", "orphan"]


def test_a_new_cache_and_a_context_without_a_cache_query_again(
    ctx: Context, engine: Engine
) -> None:
    first = ctx.with_cached_facts()
    for each in (first, first.with_cached_facts(), ctx, ctx):
        each.container(SERVICE)
    assert engine.queries == [SERVICE] * 4


def test_each_check_has_its_own_cache_and_sees_the_changes_before_it(
    ctx: Context, engine: Engine
) -> None:
    steps = [StartApp(name="first"), StartApp(name="second")]
    plan = make_plan(steps, ctx)
    assert engine.queries == [SERVICE] * 2
    run = Run(ctx=ctx)
    run.execute(plan)
    assert run.error is None, run.error
    assert [result.outcome for result in run.results] == ["changed", "unchanged"]
    assert engine.queries == [SERVICE] * 4, "one to verify the first step, one to check the second"
