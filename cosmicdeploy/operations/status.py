"""Commands that look and change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.model import Container
from cosmicdeploy.errors import ConfigError, CosmicError
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.steps.rollout.drift import as_json, drift_of
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.verification.checklist import run_checks
from cosmicdeploy.verification.orphans import Stray, strays


def status(ctx: Context) -> list[dict[str, Any]]:
    """What runs: a row a service, with release, image, health and drift; then a row for each
    container that should not be there."""
    ctx = ctx.at_a_glance()
    rows = [_row(ctx, name) for name in ctx.settings.services.all]
    return rows + [_stray(ctx, each) for each in strays(ctx)]


def _row(ctx: Context, name: str) -> dict[str, Any]:
    container = ctx.container(name)
    if container is None:
        return {"service": name, "state": "missing", "drift": "no container"}
    return {**_facts(ctx, name, container), **_drift(ctx, name, container)}


def _stray(ctx: Context, stray: Stray) -> dict[str, Any]:
    container = stray.container
    facts = _facts(ctx, container.service or container.name, container)
    return {**facts, "drift": f"{stray.what}: {container.name}", "todo": stray.todo}


def _facts(ctx: Context, name: str, container: Container) -> dict[str, Any]:
    image = ctx.image(container.image_id)
    return {
        "service": name,
        "container": container.name,
        "state": container.health or container.status,
        "release": release_of(image, ctx.settings.app.release_variable),
        "image": container.image_id,
        "since": container.started_at,
        "restarts": container.restart_count,
    }


def _drift(ctx: Context, name: str, container: Container) -> dict[str, Any]:
    try:
        seen = drift_of(ctx, name)
    except CosmicError as error:
        keys = ctx.engine.differences(container.id, ctx.service(name))
        return {"drift": error.what, "differences": as_json(keys)}
    return {"drift": seen.reason or "", "differences": as_json(seen.keys)}


def verify(ctx: Context, playbook: Playbook, only: Sequence[str] = ()) -> list[CheckResult]:
    """The results of a playbook's verification points; or of those that `only` names, whichever
    the playbook has."""
    if only:
        return run_checks(ctx, only)
    steps = [step for step in playbook.steps if isinstance(step, VerifyStep)]
    if not steps:
        raise ConfigError("The playbook has no step of kind verify", where=playbook.name)
    return [result for step in steps for result in step.results(ctx)]
