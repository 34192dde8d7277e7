"""Check the preconditions without which a deploy is refused before it changes anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, Refused
from cosmicdeploy.operations.doctor.checks.host.engine import REFUSED
from cosmicdeploy.operations.doctor.combining import attempted, holding
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, flaw_of
from cosmicdeploy.probes.preconditions.release_names import require_carried_releases
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.probes.preconditions.spoken_protocol import require_spoken_protocols
from cosmicdeploy.verification.orphans import second_schedulers

TWICE = "it would be refused, and each scheduled task runs twice"


def settings(ctx: Context) -> Outcome:
    """Check that settings and compose file fit what runs."""
    parts = (require_carried_releases, require_spoken_protocols, _require_one_container_each)
    outcome = attempted(
        *(partial(_required, part, ctx) for part in parts), partial(_one_scheduler, ctx)
    )
    return holding(outcome, "settings and compose file fit what runs")


def _required(require: Callable[[Context], object], ctx: Context) -> Outcome:
    try:
        require(ctx)
    except (ConfigError, Refused) as error:
        return Outcome(flaws=(flaw_of(error, "deploy", REFUSED),))
    return Outcome()


def _require_one_container_each(ctx: Context) -> None:
    resolve_containers(ctx, ctx.settings.services.all)


def _one_scheduler(ctx: Context) -> Outcome:
    flaws = [
        Flaw(
            stake="deploy",
            loses=TWICE,
            why=f"{each.container.name} is a second scheduler",
            todo=each.todo,
        )
        for each in second_schedulers(ctx)
    ]
    return Outcome(flaws=tuple(flaws))


CHECK = Check(name="settings", about="settings and compose file fit what runs", run=settings)
