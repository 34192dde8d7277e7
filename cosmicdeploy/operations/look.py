"""Commands that look and change nothing."""

from __future__ import annotations

from typing import Any

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.errors import ConfigError, CosmicError
from cosmicdeploy.playbook import Playbook
from cosmicdeploy.probes.result import CheckResult
from cosmicdeploy.steps.difference import difference
from cosmicdeploy.steps.verify import VerifyStep


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
