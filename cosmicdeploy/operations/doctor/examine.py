"""Run the checks of `doctor` concurrently, each with a time limit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.operations.doctor.outcome import Check, Outcome, Result, Unchecked, unchecked_of
from cosmicdeploy.process.concurrency import start_in_thread
from cosmicdeploy.process.startup import import_http_client_early

# How long to wait for checks that remove a container of their own, after their time or a signal.
CLEANUP_SECONDS = 15.0
AGAIN = "run `cosmicdeploy doctor` again when the host is less busy"


def examine(ctx: Context, checks: Sequence[Check]) -> list[Result]:
    """Run the checks, and return their results in the same order.

    A check that ends with an error, or does not end in time, counts as not checked. The thread of a
    late check ends at its next safe point. Raises nothing but what a signal raises.
    """
    import_http_client_early()
    ctx, began = ctx.with_cached_facts(), time.monotonic()
    futures = [start_in_thread(partial(_run, ctx, check)) for check in checks]
    try:
        for check, future in zip(checks, futures, strict=True):
            wait([future], timeout=max(0.0, began + check.seconds - time.monotonic()))
        return [_result(*pair) for pair in zip(checks, futures, strict=True)]
    finally:
        pairs = zip(checks, futures, strict=True)
        _end(ctx, [future for check, future in pairs if check.cleans_up])


def _run(ctx: Context, check: Check) -> tuple[Outcome, float]:
    """Return the outcome of a check and the seconds that it took; an error becomes an outcome."""
    began = time.monotonic()
    try:
        outcome = check.run(ctx)
    except Exception as error:  # also a bug: it must not hide what the other checks found
        outcome = Outcome(unchecked=(unchecked_of(to_cosmic_error(error)),))
    return outcome, time.monotonic() - began


def _result(check: Check, future: Future[tuple[Outcome, float]]) -> Result:
    if not future.done():
        why = f"no result within {check.seconds:.0f} s"
        late = Outcome(unchecked=(Unchecked(why=why, todo=AGAIN),))
        return Result(check=check, outcome=late, seconds=check.seconds)
    outcome, seconds = future.result(timeout=0)
    return Result(check=check, outcome=outcome, seconds=seconds)


def _end(ctx: Context, cleaning_up: Sequence[Future[tuple[Outcome, float]]]) -> None:
    """Let the checks that still run end; wait for those that have a container to remove."""
    ctx.interrupts.end_threads()
    wait(cleaning_up, timeout=CLEANUP_SECONDS)
