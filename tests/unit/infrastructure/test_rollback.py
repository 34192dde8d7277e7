"""No rollback brings back infrastructure, and a resumed run keeps its `--include`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import Refused
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import InterruptedRun
from cosmicdeploy.runs.interrupted.interrupted import included
from cosmicdeploy.runs.undo.snapshot import observe
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.images.pull import PullStep
from cosmicdeploy.steps.images.rollback_tags import ImagesStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.unit.infrastructure.shop import COMPOSE, Open, running_engine

pytestmark = pytest.mark.unit


def target(**images: str) -> Any:
    manifest = SimpleNamespace(
        images=images, digests={"pg": "postgres@sha256:" + "0" * 64}, release="1"
    )
    return SimpleNamespace(manifest=manifest, id="b")


def test_a_rollback_leaves_the_tag_of_a_database_as_it_is(shop: Open) -> None:
    """A backup of an earlier version has its image."""
    engine = running_engine()
    engine.images["old-app"] = Image(id="sha256:old-app")
    ctx = shop(engine).with_run(target_backup=target(app="sha256:old-app", pg="sha256:gone"))
    change = ImagesStep(name="images").check(ctx)
    assert isinstance(change, Change)
    assert list(change.before["tags"]) == ["shop/app"]
    assert not isinstance(PullStep(name="pull").check(ctx), Change)


def test_a_rollback_does_not_stop_a_database(shop: Open) -> None:
    running = QuiesceStep(name="quiesce")._running(shop(running_engine()))
    assert set(running) == {"app", "mailer"}


def test_a_resumed_run_goes_on_with_what_the_first_one_was_to_replace(shop: Open) -> None:
    first = InterruptedRun(id="1", command="deploy", kind=RunKind.DEPLOY, included=["pg", "gone"])
    ctx = shop(running_engine()).with_run(included=frozenset({"nginx"}))
    assert included(ctx, [first]) == {"pg", "nginx"}


def test_a_state_is_of_all_that_the_run_may_replace(shop: Open) -> None:
    settings = "compose_file: compose.yml\nservices: {app: [app], proxy: nginx}\napp: {}\n"
    ctx = shop(running_engine(), settings=settings)
    assert set(observe(ctx)["containers"]) == {"app", "mailer", "db", "pg"}
    including = ctx.with_run(included=frozenset({"nginx"}))
    assert "nginx" in observe(including)["containers"]
    assert set(observe(including, observe(ctx))["containers"]) == {"app", "mailer", "db", "pg"}


def test_a_database_that_shares_a_network_with_what_is_replaced_has_to_be_included(
    shop: Open,
) -> None:
    compose = COMPOSE.replace(
        "image: 'postgres:16'", "image: 'postgres:16', network_mode: 'service:mailer'"
    )
    engine = running_engine()
    engine.images["mailer"] = Image(id="sha256:new")
    ctx = shop(engine, compose)
    with pytest.raises(Refused, match="pg refers to the container of mailer") as caught:
        RolloutStep(name="rollout").check(ctx)
    assert "deploy --include pg" in caught.value.todo
    change = RolloutStep(name="rollout").check(ctx.with_run(included=frozenset({"pg"})))
    assert isinstance(change, Change) and set(change.before["containers"]) == {"mailer", "pg"}
