"""What the commands do, as plain functions under the command line: each answers with data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.database.facts import open_facts
from cosmicdeploy.errors import ConfigError, CosmicError, UsageError
from cosmicdeploy.interrupts import deferred
from cosmicdeploy.lock import held, who
from cosmicdeploy.plan import Plan, make_plan
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.probes.traffic import Traffic, traffic
from cosmicdeploy.runner import Run
from cosmicdeploy.steps import migrating
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.begun import unresolved
from cosmicdeploy.steps.pending import pending_names, pending_statements
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
    return execute(replace(ctx, target=target), "rollback", playbook.steps)


def migrations(ctx: Context) -> dict[str, Any]:
    """Pending migrations with what they would run, and what became of those that an earlier run
    left in between; nothing is changed."""
    begun = unresolved(ctx.journal)
    found = migrating.look(ctx, begun) if begun else None
    names = pending_names(ctx)
    return {
        "pending": names,
        "statements": [s.facts() for s in pending_statements(ctx, names or ())],
        "interrupted": {"state": found.state, "fates": found.lines} if found else None,
    }


def resolve(ctx: Context, command: str, agreed: Callable[[migrating.Found], bool]) -> str:
    """Let deploys go on from the schema as it is, where a person agrees to that; what was found.

    Raises `LockHeld`, and `UsageError` where nobody agrees.
    """
    with held(ctx.engine, ctx.stack.project, command):
        begun = unresolved(ctx.journal)
        if begun is None:
            return "no run was interrupted while it migrated"
        found = migrating.look(ctx, begun)
        if found.state is not migrating.State.BROKEN:
            return f"nothing is to be resolved: {found.state}"
        if not agreed(found):
            raise UsageError("Nothing was resolved", todo="say yes once the schema is mended")
        with open_facts(ctx.database()) as database:
            ctx.journal.append("resolved", who=who(), schema=database.schema_digest())
    return "resolved: the next deploy goes on from the schema as it is"


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
