"""Notices of infrastructure that is not as declared, and what a replacement costs."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import FirstError
from cosmicdeploy.probes.result import StackNotice
from cosmicdeploy.stack.data_keepers import data_keepers
from cosmicdeploy.steps.images.builds import stale_sources
from cosmicdeploy.steps.rollout.drift import drift_of
from cosmicdeploy.steps.rollout.planning.gaps import cost_of


def infrastructure_notices(ctx: Context) -> Iterator[StackNotice]:
    """Yield notices for infrastructure that is not as declared or has not loaded its changed files.

    Leaves out services that this run includes, and services that do not run, since other checks
    report these. Raises `EngineUnavailable` and `LockLost`.
    """
    ctx = ctx.with_cached_facts()
    for name in dict.fromkeys(ctx.settings.services.infrastructure):
        container = ctx.container(name)
        if container is None or not container.is_running or ctx.may_replace(name):
            continue
        yield from _notices(ctx, name)


def include_command(name: str) -> str:
    """Return, in backticks, the deploy that also replaces this service of the infrastructure."""
    return f"`cosmicdeploy deploy --include {name}`"


def _notices(ctx: Context, name: str) -> Iterator[StackNotice]:
    reasons, reloadable = _reasons(ctx, name)
    if reasons:
        yield StackNotice(
            kind="changed",
            service=name,
            what=f"is not as declared ({', '.join(reasons)}), and a deploy replaces it only with"
            f" --include{_why_not(ctx, name)}; then {cost_of(ctx, name)}",
            todo=include_command(name),
        )
    if reloadable:
        yield StackNotice(
            kind="changed",
            service=name,
            what=f"has not loaded its files since they changed: {', '.join(reloadable)}",
            todo="`cosmicdeploy deploy` reloads it if it accepts the files",
        )


def _reasons(ctx: Context, name: str) -> tuple[list[str], list[str]]:
    """Return why the service is not as declared, and which changed files a reload would apply."""
    if ctx.image_of(name) is None:
        return [f"the image {ctx.service(name).image} is declared, and not here yet"], []
    errors, reasons, reloadable = FirstError(), list[str](), list[str]()
    with errors:
        drift = drift_of(ctx, name)
        reasons = [*([drift.reason] if drift.reason else []), *_sources(ctx, name)]
        reloadable = [str(each) for each in drift.reloadable]
    if errors.error:
        return [f"it cannot be compared: {errors.error.what}"], []
    return reasons, reloadable


def _sources(ctx: Context, name: str) -> list[str]:
    reason = stale_sources(ctx, ctx.service(name))
    return [f"its image: {reason}"] if reason else []


def _why_not(ctx: Context, name: str) -> str:
    services = ctx.settings.services
    if name not in services.keeping_data:
        return ""
    reason = data_keepers(ctx.stack, services.released).get(name)
    return f", since {reason or 'services.stateful names it'}"
