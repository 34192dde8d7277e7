"""The command `restart`: stop and start the same containers in place, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, UsageError
from cosmicdeploy.events import Notice
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.runs.execute import execute
from cosmicdeploy.runs.runner import Run
from cosmicdeploy.steps.base import Step
from cosmicdeploy.steps.containers.restart.restart import RestartStep
from cosmicdeploy.steps.containers.restart.restart_checks import drift_reasons, require_another
from cosmicdeploy.steps.infrastructure.notices import include_command
from cosmicdeploy.steps.recover import RecoverStep
from cosmicdeploy.steps.service_names import services_named


@dataclass(frozen=True, kw_only=True)
class RestartPlan:
    """Which services a restart stops and starts, and what clients will notice.

    `words` are the services or roles that the operator named; empty for `--all`. `services` are all
    services to restart: the named ones, and those that depend on them. `turns_away` means that
    clients are turned away during the restart. `cost` is what clients will notice; "" for nothing.
    """

    words: Sequence[str]
    services: Sequence[str]
    turns_away: bool
    cost: str

    @property
    def command(self) -> RunCommand:
        """The command that starts this restart."""
        line = f"restart {' '.join(self.words) or '--all'}"
        return RunCommand(line=line, kind=RunKind.RESTART)

    @property
    def steps(self) -> Sequence[Step]:
        """The steps of the run, which presume that the operator has agreed to the cost."""
        restart = RestartStep(
            name="restart",
            services=tuple(self.services),
            turns_away=self.turns_away,
            leaves_none=bool(self.cost),
        )
        return (RecoverStep(name="recover"), restart)


def plan_restart(ctx: Context, words: Sequence[str], *, all_services: bool) -> RestartPlan:
    """Plan the restart of the services that these words name, or of all services with a container.

    Raises `UsageError` unless exactly one of `words` and `all_services` is given. Also raises it
    for an unknown word, or if all services are to restart and none has a container.
    """
    if all_services and words:
        raise UsageError(
            "`--all` and names of services exclude each other",
            where=f"restart --all {' '.join(words)}",
            todo="leave out one of them",
        )
    if not all_services and not words:
        raise UsageError(
            "No service to restart was named",
            where="restart",
            todo="name services or roles: `cosmicdeploy restart app`; or all:"
            " `cosmicdeploy restart --all`",
        )
    present = [name for name in ctx.stack.services if ctx.container(name) is not None]
    services = present if all_services else services_named(ctx, words)
    if not services:
        raise UsageError(
            "No service has a container yet", where="restart --all", todo="run `cosmicdeploy up`"
        )
    support = [name for name in services if name in ctx.settings.services.support]
    cost = _cost(ctx, services, support)
    return RestartPlan(
        words=words,
        services=[*services, *_dependents(ctx, support, excluded=services)],
        turns_away=bool(support),
        cost=cost,
    )


def _dependents(ctx: Context, support: Sequence[str], excluded: Sequence[str]) -> list[str]:
    """Return the application's running services, if the database or the cache is restarted.

    These services stop before the database or cache, so that requests and jobs in flight finish,
    and start after it. Leaves out the services in `excluded`.
    """
    if not set(support) - {ctx.settings.services.proxy}:
        return []
    containers = {name: ctx.container(name) for name in ctx.settings.services.released}
    return [
        n for n, c in containers.items() if n not in excluded and c is not None and c.is_running
    ]


def _cost(ctx: Context, services: Sequence[str], support: Sequence[str]) -> str:
    """Return what clients will notice; "" for nothing.

    `support` are those of the services without which no client can be served.
    """
    if support:
        return f"without {', '.join(support)} no client can be served: {_refusal(ctx, support)}"
    try:
        require_another(ctx, services)
    except CosmicError as error:
        return f"{error.what}: clients get no answer until it has restarted"
    return ""


def _refusal(ctx: Context, support: Sequence[str]) -> str:
    """Describe how clients are turned away, as `steps/containers/maintenance` does it."""
    proxy = ctx.settings.services.proxy
    if proxy is None or not ctx.settings.maintenance.file:
        return "clients get no answer until the restart has ended"
    turned_away = "clients are turned away (503, Retry-After)"
    if proxy in support:
        return f"{turned_away}, and get no answer at all while the proxy is stopped"
    return turned_away


def restart(ctx: Context, plan: RestartPlan, wait: float) -> tuple[Run, TrafficStats | None]:
    """Restart the services of a plan; return the run, and the request stats if there are any.

    A restart keeps each container, and with it any drift, so a notice names each container that has
    drifted. Waits up to `wait` seconds if another run holds the lock.
    """
    for name, why in drift_reasons(ctx, plan.services).items():
        ctx.emit(
            Notice(
                text=f"{name} stays out of date ({why}): a restart keeps the container;"
                f" {_replacement(ctx, name)} applies the compose file"
            )
        )
    return execute(ctx, plan.command, plan.steps, wait)


def _replacement(ctx: Context, name: str) -> str:
    """Return the command that replaces a service's container if it has drifted."""
    return "`cosmicdeploy deploy`" if ctx.may_replace(name) else include_command(name)
