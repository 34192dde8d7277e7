"""Run all collectors of evidence; if one fails, the others still run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.events import Warned
from cosmicdeploy.operations.checklist.evidence import (
    access_log,
    application_log,
    cache,
    database,
    devices,
    external,
    migrations,
    scheduling,
)
from cosmicdeploy.operations.checklist.verdict import Figures, Span

Collector = Callable[[Context, Span, Figures | None], Figures]

COLLECTORS: Mapping[str, Collector] = {
    # Container logs come first: they are lost when a deploy replaces the containers.
    "application": application_log.figures,
    "scheduler": scheduling.figures,
    "migrations": migrations.figures,
    "devices": devices.figures,
    "proxy": access_log.figures,
    "database": database.figures,
    "cache": cache.figures,
    "external": external.figures,
}
# A calculation raises one of these if the values in a baseline are not the expected figures.
BAD_FIGURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
COUNTERS: Mapping[str, Callable[[Context], Figures]] = {
    "database": database.counters,
    "cache": cache.counters,
}


def collect(
    ctx: Context,
    span: Span,
    earlier: Mapping[str, Figures],
    extra: Mapping[str, Collector] | None = None,
) -> dict[str, Figures]:
    """Return the figures of all collectors, and of the `extra` ones, by the collector's name.

    `earlier` holds the baseline's counters by collector. Figures that are computed from counters
    cover only the time since the baseline. The figures of a collector that fails are {"why": …,
    "todo": …}. Raises only `EngineUnavailable`.
    """
    return {
        name: _try(partial(_run, collector, ctx, span, earlier.get(name)))
        for name, collector in {**COLLECTORS, **(extra or {})}.items()
    }


def counters(ctx: Context) -> dict[str, Figures]:
    """Return the present counters by collector, without those that cannot be read."""
    figures = {name: _try(partial(read, ctx)) for name, read in COUNTERS.items()}
    return {name: each for name, each in figures.items() if "why" not in each}


def _run(collector: Collector, ctx: Context, span: Span, earlier: Figures | None) -> Figures:
    """Run a collector; if the baseline's counters are unusable, warn and run it without them.

    The counters are unusable if the operator edited the baseline, or another version wrote it.
    """
    if earlier is None:
        return collector(ctx, span, None)
    try:
        return collector(ctx, span, earlier)
    except BAD_FIGURES as error:
        ctx.emit(Warned(text=f"ignored unusable counters in the baseline: {error!r}"))
        return collector(ctx, span, None)


def _try(collect_figures: Callable[[], Figures]) -> Figures:
    try:
        return collect_figures()
    except EngineUnavailable:
        raise  # no collector works without the engine
    except CosmicError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        return {"why": why, "todo": error.todo}
