"""Restart services: the same containers, by a roll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.events import Notice
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.runs.execute import execute
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.restart import RestartStep, require_another, stale_ones
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.service_names import services_named


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be restarted: `words` as they were given, none for all; `services` are theirs.

    `cost` is what clients will notice, "" where nothing.
    """

    words: Sequence[str]
    services: Sequence[str]
    turns_away: bool
    cost: str

    @property
    def command(self) -> str:
        return f"restart {' '.join(self.words) or '--all'}"

    @property
    def steps(self) -> Sequence[Step]:
        """What has to be done, where somebody agreed to the cost."""
        restart = RestartStep(
            name="restart",
            services=tuple(self.services),
            turns_away=self.turns_away,
            leaves_none=bool(self.cost),
        )
        return (RecoverStep(name="recover"), restart)


def wanted(ctx: Context, words: Sequence[str], *, every: bool) -> Wanted:
    """What these words ask for. Raises `UsageError` where they ask for nothing, or for too much."""
    if every and words:
        raise UsageError(
            "--all and services exclude each other",
            where=f"restart --all {' '.join(words)}",
            todo="leave out one of them",
        )
    if not every and not words:
        raise UsageError(
            "Name the services, or say --all",
            where="restart",
            todo="for example `cosmicdeploy restart cosmic-app-1`, or `cosmicdeploy restart app`",
        )
    there = [name for name in ctx.stack.services if ctx.container(name) is not None]
    services = there if every else services_named(ctx, words)
    if not services:
        raise UsageError(
            "Nothing has a container yet", where="restart --all", todo="run `cosmicdeploy up`"
        )
    beneath = [name for name in services if name in ctx.settings.services.infrastructure]
    cost = _cost(ctx, services, beneath)
    return Wanted(
        words=words,
        services=[*services, *_that_need(ctx, beneath, besides=services)],
        turns_away=bool(beneath),
        cost=cost,
    )


def _that_need(ctx: Context, beneath: Sequence[str], besides: Sequence[str]) -> list[str]:
    """What runs the application goes down before the database or the cache, so that requests and
    jobs in hand are ended, and comes up after it."""
    if not set(beneath) - {ctx.settings.services.proxy}:
        return []
    found = {name: ctx.container(name) for name in ctx.settings.services.released}
    return [n for n, c in found.items() if n not in besides and c is not None and c.is_running]


def _cost(ctx: Context, services: Sequence[str], beneath: Sequence[str]) -> str:
    if beneath:
        unanswered = ctx.settings.services.proxy in beneath or not ctx.settings.maintenance.file
        return (
            f"without {', '.join(beneath)} nobody can be served: clients are turned away (503,"
            " Retry-After)"
            + (", and get no answer at all while the proxy itself is away" if unanswered else "")
        )
    try:
        require_another(ctx, services)
    except CosmicError as error:
        return f"{error.what}: clients get no answer until it is back"
    return ""


def restart(ctx: Context, chosen: Wanted, wait: float) -> tuple[Run, TrafficStats | None]:
    """Restart what is wanted, and tell what a restart does not put to work."""
    for name, why in stale_ones(ctx, chosen.services).items():
        ctx.emit(
            Notice(
                text=f"{name} stays as it is ({why}): a restart is no deploy;"
                " `cosmicdeploy deploy` puts what the compose file says to work"
            )
        )
    return execute(ctx, chosen.command, chosen.steps, wait)
