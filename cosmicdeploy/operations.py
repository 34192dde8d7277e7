"""What the commands do, as plain functions under the command line: each answers with data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.errors import ConfigError, CosmicError
from cosmicdeploy.interrupts import deferred
from cosmicdeploy.lock import held, who
from cosmicdeploy.plan import Plan, make_plan
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.traffic import Traffic, traffic
from cosmicdeploy.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.restart import difference
from cosmicdeploy.steps.verify import VerifyStep


def plan_only(ctx: Context, steps: Sequence[Step]) -> Plan:
    """What would change; nothing is."""
    return make_plan(steps, replace(ctx, only_plan=True))


def execute(ctx: Context, command: str, steps: Sequence[Step]) -> tuple[Run, Traffic | None]:
    """Run steps under the stack's lock, with requests sent through the proxy meanwhile."""
    tell = partial(ctx.say, "stopping at the next safe point, then undoing what was changed")
    with deferred(tell) as interrupts, held(ctx.engine, ctx.stack.project, command):
        ctx = replace(ctx, interrupts=interrupts)
        run = Run(ctx=ctx)
        ctx.journal.append("run", command=command, who=who(), release=ctx.release)
        with traffic(ctx) as measured:
            run.through(make_plan(steps, ctx))
        if run.error is None and run.changed:
            _record(ctx, command, run)
    return run, measured


def _record(ctx: Context, command: str, run: Run) -> None:
    """What is in place now. The run has succeeded, so nothing here may fail it."""
    with suppress(CosmicError):
        ctx.journal.append(
            "release",
            command=command,
            release=ctx.running_release(),
            images={name: ctx.running(name).image_id for name in ctx.settings.services.released},
            migrations=run.fact("migrations"),
            backup=run.fact("backup"),
            who=who(),
        )


def rollback(ctx: Context, playbook: Playbook, target: Backup) -> tuple[Run, Traffic | None]:
    """Go back to a backup and the images of its time."""
    with ctx.catalogue.in_use(target):
        return execute(replace(ctx, target=target), "rollback", playbook.steps)


def backup_choices(ctx: Context) -> list[str]:
    """Backups that one can go back to, newest first, a line each."""
    return [
        f"{b.id}  {b.manifest.created_at.astimezone():%Y-%m-%d %H:%M}"
        f"  release {b.manifest.release or 'unknown'}"
        for b in ctx.catalogue.list()
        if b.good
    ]


def status(ctx: Context) -> list[dict[str, Any]]:
    """What runs: a row a service, with release, image, health and drift."""
    return [_row(ctx, name) for name in ctx.settings.services.all]


def _row(ctx: Context, name: str) -> dict[str, Any]:
    container = ctx.container(name)
    if container is None:
        return {"service": name, "state": "missing", "drift": "no container"}
    image = ctx.engine.image(container.image_id)
    return {
        "service": name,
        "container": container.name,
        "state": container.health or container.status,
        "release": release_of(image, ctx.settings.app.release_variable),
        "image": container.image_id,
        "since": container.started_at,
        "restarts": container.restart_count,
        "drift": _drift(ctx, name),
    }


def _drift(ctx: Context, name: str) -> str:
    try:
        return difference(ctx, name) or ""
    except CosmicError as error:
        return error.what


def verify(ctx: Context, playbook: Playbook) -> list[CheckResult]:
    """The results of a playbook's verification points."""
    steps = [step for step in playbook.steps if isinstance(step, VerifyStep)]
    if not steps:
        raise ConfigError("The playbook has no step of kind verify", where=playbook.name)
    return [result for step in steps for result in step.results(ctx)]
