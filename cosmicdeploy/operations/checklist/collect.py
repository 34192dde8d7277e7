"""All collectors, each by itself: what one cannot find out keeps no other from it."""

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
from cosmicdeploy.operations.checklist.span import Figures, Span

Collector = Callable[[Context, Span, Figures | None], Figures]

COLLECTORS: Mapping[str, Collector] = {
    # First what a deploy takes away with the containers that it replaces.
    "application": application_log.figures,
    "scheduler": scheduling.figures,
    "migrations": migrations.figures,
    "devices": devices.figures,
    "proxy": access_log.figures,
    "database": database.figures,
    "cache": cache.figures,
    "external": external.figures,
}
# What comes of counting with what is no figure.
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
    """What all of them, and `more`, find within a span; since `earlier` counters, as far as these
    are known. {"why": …} of one that cannot find anything. Raises `EngineUnavailable`."""
    return {
        name: _tried(partial(_since, find, ctx, span, earlier.get(name)))
        for name, find in {**COLLECTORS, **(more or {})}.items()
    }


def counters(ctx: Context) -> dict[str, Figures]:
    """The counters as they are now, of those that can be had."""
    found = {name: _tried(partial(read, ctx)) for name, read in COUNTERS.items()}
    return {name: figures for name, figures in found.items() if "why" not in figures}


def _since(find: Collector, ctx: Context, span: Span, earlier: Figures | None) -> Figures:
    """Counters of a baseline that somebody else wrote are worth as much as none."""
    if earlier is None:
        return find(ctx, span, None)
    try:
        return find(ctx, span, earlier)
    except NOT_FIGURES as error:
        ctx.emit(Warned(text=f"counters of the baseline are passed over: {error!r}"))
        return find(ctx, span, None)


def _tried(find: Callable[[], Figures]) -> Figures:
    try:
        return find()
    except EngineUnavailable:
        raise  # then nothing can be found out
    except CosmicError as error:
        told = f"{error.what} ({error.where})" if error.where else error.what
        return {"why": told, "todo": error.todo}
