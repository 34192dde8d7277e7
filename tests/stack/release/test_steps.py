"""Steps outside a deploy, each run twice: the second time changes nothing."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import EngineError
from cosmicdeploy.runs.plan import make_plan
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Change, Step
from cosmicdeploy.steps.commands.exec import ExecStep
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.steps.containers.maintenance.quiesce import QuiesceStep
from cosmicdeploy.steps.containers.maintenance.resume import ResumeStep
from cosmicdeploy.steps.images.rollback_tags import ImagesStep
from cosmicdeploy.steps.rollout.rollout import RolloutStep
from tests.stack.support.harness import RELEASED, StackUnderTest

pytestmark = pytest.mark.stack


def outcome(ctx: Context, step: Step) -> str:
    run = Run(ctx=ctx)
    run.execute(make_plan([step], ctx))
    assert run.error is None, run.error
    return run.results[0].outcome


def test_up_starts_only_what_does_not_run(released: StackUnderTest) -> None:
    before = released.containers()
    ctx = released.open()
    ctx.engine.remove(before["platform-redis"].id)
    ctx.engine.stop(before["cosmic-queue-1"].id, 10)
    done = released.cli("up", "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes["services"] == done.outcomes["rollout"] == "changed"
    after = released.containers()
    assert all(container.is_running for container in after.values())
    recreated = {name for name in after if after[name].id != before[name].id}
    assert recreated == {"platform-redis"}
    assert set(released.cli("up", "--json").outcomes.values()) == {"passed", "unchanged"}


def test_quiesce_starts_the_maintenance_and_stops_all_writers(released: StackUnderTest) -> None:
    ctx, step = released.open(), QuiesceStep(name="quiesce")
    assert [outcome(ctx, step), outcome(ctx, step)] == ["changed", "unchanged"]
    running = {name for name, c in released.containers().items() if c.is_running}
    assert not running & set(RELEASED)
    assert released.health().is_turned_away
    rollout, resume = RolloutStep(name="rollout", at_once=True), ResumeStep(name="resume")
    assert [outcome(ctx, rollout), outcome(ctx, rollout)] == ["changed", "unchanged"]
    assert released.health().is_turned_away, "until resume"
    assert [outcome(ctx, resume), outcome(ctx, resume)] == ["changed", "unchanged"]
    assert released.health().status == 200


def test_images_moves_the_tags_to_the_images_of_a_backup(released: StackUnderTest) -> None:
    ctx = released.open()
    target = next(b for b in ctx.catalogue.list() if b.is_good and b.manifest.release == "1")
    present = ctx.image_of("cosmic-app-1")
    assert present is not None
    with_target, step = ctx.with_run(target_backup=target), ImagesStep(name="images")
    try:
        assert [outcome(with_target, step), outcome(with_target, step)] == ["changed", "unchanged"]
        moved = ctx.image_of("cosmic-app-1")
        assert moved is not None and moved.id == target.manifest.images["cosmic-app-1"]
    finally:
        ctx.engine.tag(present.id, ctx.service("cosmic-app-1").image)


@pytest.mark.torture
def test_backup_verify_restores_a_backup_and_detects_a_damaged_one(
    released: StackUnderTest,
) -> None:
    created = released.cli("backup", "create", "--json")
    assert created.code == 0 and created.report["backup"]
    proven = released.cli("backup", "verify", created.report["backup"], "--restore", "--json")
    assert proven.code == 0, proven.stdout
    listed = released.cli("backup", "list", "--json").report["data"]
    assert listed[0]["id"] == created.report["backup"]
    data = released.folder / "data-kiosk" / "backups" / f"{created.report['backup']}.sql.zst"
    whole = data.read_bytes()
    data.write_bytes(whole[:-10])
    try:
        assert released.cli("backup", "verify", created.report["backup"], "--json").code == 5
    finally:
        data.write_bytes(whole)  # later tests use the newest backup of this stack
    assert released.cli("backup", "verify", created.report["backup"], "--json").code == 0


def test_a_hanging_console_command_times_out_and_is_ended(stack: StackUnderTest) -> None:
    ctx, end = stack.open(), time.monotonic() + 120
    while not ctx.running("cosmic-app-1").is_ready:  # otherwise it runs in a separate container
        assert time.monotonic() < end
        time.sleep(0.5)
    with pytest.raises(EngineError):
        in_new_image(with_short_timeout(ctx), ["queue:work"])
    require_ended(ctx, "queue:work")


def test_a_hanging_exec_step_times_out_and_is_ended(stack: StackUnderTest) -> None:
    ctx = with_short_timeout(stack.open())
    step = ExecStep(name="hang", service="app", run=("sleep", "4321"))
    change = step.check(ctx)
    assert isinstance(change, Change)
    with pytest.raises(EngineError, match="timed out"):
        step.apply(ctx, change)
    require_ended(ctx, "sleep 4321")


def with_short_timeout(ctx: Context) -> Context:
    """Return the context with a timeout of one second for commands without output."""
    migrate = ctx.settings.migrate.model_copy(update={"timeout": 1.0})
    settings = ctx.settings.model_copy(update={"migrate": migrate})
    return replace(ctx, loaded=replace(ctx.loaded, settings=settings))


def require_ended(ctx: Context, words: str) -> None:
    """Assert that a command ends in a replica, and the service does not."""
    end = time.monotonic() + 120
    while words in running(ctx):  # a worker finishes its job first
        assert time.monotonic() < end
        time.sleep(0.5)
    assert "cosmic_app.serve" in running(ctx)


def running(ctx: Context) -> str:
    """Return the command lines of all processes in a replica."""
    return ctx.engine.exec(ctx.any_app().id, ["ps", "ax", "-o", "args"]).text
