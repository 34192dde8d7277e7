"""The commands `status` and `verify`: show what runs, and check it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, CosmicError
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.steps.rollout.drift import as_json, drift_of
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.verification.orphans import Orphan, find_orphans
from cosmicdeploy.verification.points import run_checks

UNPAUSE = "run `cosmicdeploy up`: it unpauses paused containers"


def status(ctx: Context) -> list[dict[str, Any]]:
    """Return a row for each service (release, image, health, drift), then one for each orphan.

    If the stack has several applications, each replica's row names its application. Times are ISO
    8601.
    """
    ctx = ctx.with_cached_facts()
    services = ctx.settings.services
    names = (*services.all, *services.one_shot)
    rows = [{**_service_row(ctx, name), **_application(ctx, name)} for name in names]
    return rows + [_orphan_row(ctx, orphan) for orphan in find_orphans(ctx)]


def _service_row(ctx: Context, name: str) -> dict[str, Any]:
    container = ctx.container(name)
    if container is None:
        return {"service": name, "state": "missing", "drift": "no container"}
    todo = {"todo": UNPAUSE} if container.is_paused else {}
    return {**_facts(ctx, name, container), **_drift(ctx, name, container), **todo}


def _application(ctx: Context, name: str) -> dict[str, Any]:
    application = ctx.settings.application_of(name)
    if application is None or len(ctx.settings.all_applications) == 1:
        return {}
    return {"application": application.name}


def _orphan_row(ctx: Context, orphan: Orphan) -> dict[str, Any]:
    container = orphan.container
    facts = _facts(ctx, container.service or container.name, container)
    return {**facts, "drift": f"{orphan.what}: {container.name}", "todo": orphan.todo}


def _facts(ctx: Context, name: str, container: Container) -> dict[str, Any]:
    return {
        "service": name,
        "container": container.name,
        "state": container.health or container.status,
        "release": release_of(ctx, container),
        "image": container.image_id,
        "since": container.started_at,
        "restarts": container.restart_count,
    }


def _drift(ctx: Context, name: str, container: Container) -> dict[str, Any]:
    """Return a container's drift; an error, such as a missing image, is shown in its place."""
    try:
        is_one_shot = name in ctx.settings.services.one_shot
        drift = drift_of(ctx, name, may_be_stopped=is_one_shot)
    except CosmicError as error:
        keys = ctx.engine.differences(container.id, ctx.service(name))
        return {"drift": error.what, "differences": as_json(keys)}
    reasons = [drift.reason] if drift.reason else []
    if drift.reloadable:
        reasons.append(f"not loaded: {', '.join(map(str, drift.reloadable))}")
    return {"drift": ", ".join(reasons), "differences": as_json(drift.keys)}


def verify(ctx: Context, playbook: Playbook, only: Sequence[str] = ()) -> list[CheckResult]:
    """Check the points that `only` names; if it is empty, those of the playbook's verify steps.

    Raises `ConfigError` if `only` is empty and the playbook has no step of kind verify.
    """
    if only:
        return run_checks(ctx, only)
    steps = [step for step in playbook.steps if isinstance(step, VerifyStep)]
    if not steps:
        raise ConfigError("The playbook has no step of kind verify", where=playbook.name)
    return [result for step in steps for result in step.results(ctx)]
