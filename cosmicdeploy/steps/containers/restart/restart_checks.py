"""Check what a restart in place requires; find the drift that remains after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineError, Refused
from cosmicdeploy.settings import of_application
from cosmicdeploy.steps.containers.restart.stop_start import serves
from cosmicdeploy.steps.rollout.drift import STARTED_IN_PLACE, drift_of


def require_served(ctx: Context, names: Iterable[str]) -> None:
    """Raise `Refused` if one of these is the database, the cache or the proxy.

    Every request needs them, so such a restart has to turn clients away (`turns_away`).
    """
    infrastructure = [name for name in names if name in ctx.settings.services.support]
    if infrastructure:
        raise Refused(
            f"Without {', '.join(infrastructure)} no client can be served",
            where="restart-in-place",
            todo="set `turns_away: true` in the step, or leave these services out",
        )


def require_another(ctx: Context, names: Iterable[str]) -> None:
    """Raise `CosmicError` if the restart leaves no replica of an application ready.

    That is so if the restart includes only one replica, and no other replica is ready. A restart
    that includes several replicas restarts the others first.
    """
    for application in ctx.settings.all_applications:
        touched = set(names) & set(application.services)
        if not touched:
            continue
        serving = [name for name in application.services if serves(ctx, name)]
        if touched == set(serving) and len(serving) == 1:
            of = of_application(application, ctx.settings.all_applications)
            others = [name for name in application.services if name != serving[0]]
            raise CosmicError(
                f"No replica{of} but {serving[0]} is ready",
                where="restart",
                todo=_how_to_restart(serving[0], others),
            )


def _how_to_restart(name: str, others: Sequence[str]) -> str:
    """Return what to do if a replica is to restart while none of the `others` is ready."""
    anyway = (
        f"restart it although clients may get no answer: `cosmicdeploy restart {name} --yes`, or"
        " `leaves_none: true` in the step"
    )
    if not others:
        return anyway
    return (
        f"make another one ready first: `cosmicdeploy up`, or `cosmicdeploy restart {others[0]}`;"
        f" or {anyway}"
    )


def drift_reasons(ctx: Context, names: Iterable[str]) -> dict[str, str]:
    """Return service → why its container has drifted, apart from being stopped or paused.

    If the drift cannot be found out, the reason is that error.
    """
    drifts = {name: _drift_reason(ctx, name) for name in names}
    return {name: why for name, why in drifts.items() if why and why not in STARTED_IN_PLACE}


def _drift_reason(ctx: Context, name: str) -> str | None:
    try:
        # Without the mounted files: the restarted container reads them again.
        return drift_of(ctx, name, with_files=False).reason
    except EngineError as error:
        return error.what
