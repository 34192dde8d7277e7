"""Run all collectors of evidence; a failure of one does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cosmicdeploy.context import Context
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
    # First the evidence that is lost with the containers that a deploy replaces.
    "application": application_log.figures,
    "scheduler": scheduling.figures,
    "migrations": migrations.figures,
    "devices": devices.figures,
    "proxy": access_log.figures,
    "database": database.figures,
    "cache": cache.figures,
    "external": external.figures,
}
# Errors of a calculation with values that are no figures.
NOT_FIGURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
COUNTERS: Mapping[str, Callable[[Context], Figures]] = {
    "database": database.counters,
    "cache": cache.counters,
}


def collect(
    ctx: Context,
    span: Span,
    earlier: Mapping[str, Figures],
    more: Mapping[str, Collector] | None = None,
) -> dict[str, Figures]:
    """Return the figures of all collectors, and of `more`, within a span.

    Counters are compared with `earlier` ones where there are any. A collector that fails has
    {"why": …}. Raises only `EngineUnavailable`.
    """
    return {
        name: _try(partial(_since, collector, ctx, span, earlier.get(name)))
        for name, collector in {**COLLECTORS, **(more or {})}.items()
    }


def counters(ctx: Context) -> dict[str, Figures]:
    """Return the present counters; those that cannot be read are left out."""
    figures = {name: _try(partial(read, ctx)) for name, read in COUNTERS.items()}
    return {name: each for name, each in figures.items() if "why" not in each}


def _since(collector: Collector, ctx: Context, span: Span, earlier: Figures | None) -> Figures:
    """Run a collector; counters of a baseline that are no figures are passed over with a warning.

    The operator or another version may have written the baseline.
    """
    if earlier is None:
        return collector(ctx, span, None)
    try:
        return collector(ctx, span, earlier)
    except NOT_FIGURES as error:
        ctx.emit(Warned(text=f"counters of the baseline are passed over: {error!r}"))
        return collector(ctx, span, None)


def _try(collect_figures: Callable[[], Figures]) -> Figures:
    try:
        return collect_figures()
    except EngineUnavailable:
        raise  # no collector works without the engine
    except CosmicError as error:
        why = f"{error.what} ({error.where})" if error.where else error.what
        return {"why": why, "todo": error.todo}
