"""The command `restart`: stop and start the same containers in place, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.events import Notice
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.runs.execute import execute
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.restart import RestartStep
from cosmicdeploy.steps.containers.restart_checks import drift_reasons, require_another
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.service_names import services_named


@dataclass(frozen=True, kw_only=True)
class RestartPlan:
    """What a restart does: `words` are the operator's, none for all services; `services` are those
    that they name.

    `cost` says what clients will notice; "" for nothing.
    """

    words: Sequence[str]
    services: Sequence[str]
    turns_away: bool
    cost: str

    @property
    def command(self) -> RunCommand:
        """The command that does this restart."""
        line = f"restart {' '.join(self.words) or '--all'}"
        return RunCommand(line=line, kind=RunKind.RESTART)

    @property
    def steps(self) -> Sequence[Step]:
        """The steps of the run, once the operator has agreed to the cost."""
        restart = RestartStep(
            name="restart",
            services=tuple(self.services),
            turns_away=self.turns_away,
            leaves_none=bool(self.cost),
        )
        return (RecoverStep(name="recover"), restart)


def plan_restart(ctx: Context, words: Sequence[str], *, every: bool) -> RestartPlan:
    """Return the restart of the services that these words name, or of every service.

    Raises `UsageError` if there are neither words nor `every`, or both.
    """
    if every and words:
        raise UsageError(
            "`--all` and services exclude each other",
            where=f"restart --all {' '.join(words)}",
            todo="leave out one of them",
        )
    if not every and not words:
        raise UsageError(
            "Name the services, or say --all",
            where="restart",
            todo="for example `cosmicdeploy restart cosmic-app-1`, or `cosmicdeploy restart app`",
        )
    present = [name for name in ctx.stack.services if ctx.container(name) is not None]
    services = present if every else services_named(ctx, words)
    if not services:
        raise UsageError(
            "Nothing has a container yet", where="restart --all", todo="run `cosmicdeploy up`"
        )
    beneath = [name for name in services if name in ctx.settings.services.infrastructure]
    cost = _cost(ctx, services, beneath)
    return RestartPlan(
        words=words,
        services=[*services, *_dependents(ctx, beneath, besides=services)],
        turns_away=bool(beneath),
        cost=cost,
    )


def _dependents(ctx: Context, beneath: Sequence[str], besides: Sequence[str]) -> list[str]:
    """Return the running services of the application where database or cache is restarted.

    They stop before it, so that requests and jobs in flight finish, and start after it.
    """
    if not set(beneath) - {ctx.settings.services.proxy}:
        return []
    containers = {name: ctx.container(name) for name in ctx.settings.services.released}
    return [n for n, c in containers.items() if n not in besides and c is not None and c.is_running]


def _cost(ctx: Context, services: Sequence[str], beneath: Sequence[str]) -> str:
    if beneath:
        unanswered = ctx.settings.services.proxy in beneath or not ctx.settings.maintenance.file
        return (
            f"without {', '.join(beneath)} no client can be served: clients are turned away (503,"
            " Retry-After)"
            + (", and get no answer at all while the proxy itself is away" if unanswered else "")
        )
    try:
        require_another(ctx, services)
    except CosmicError as error:
        return f"{error.what}: clients get no answer until it is back"
    return ""


def restart(ctx: Context, plan: RestartPlan, wait: float) -> tuple[Run, TrafficStats | None]:
    """Restart the services of a plan, and name those that a restart leaves out of date.

    Waits up to `wait` seconds for another run's lock.
    """
    for name, why in drift_reasons(ctx, plan.services).items():
        ctx.emit(
            Notice(
                text=f"{name} stays as it is ({why}): a restart is no deploy;"
                " `cosmicdeploy deploy` applies what the compose file says"
            )
        )
    return execute(ctx, plan.command, plan.steps, wait)
