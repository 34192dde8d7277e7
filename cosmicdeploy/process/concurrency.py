"""Run read-only queries concurrently; neither a signal nor the process's exit waits for them.

Also runs other calls in threads of their own (`start_in_thread`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial
from typing import TypeVar

from cosmicdeploy.process.signals import interruptible

Item = TypeVar("Item")
Result = TypeVar("Result")


def start_in_thread(
    body: Callable[[], Result], future: Future[Result] | None = None
) -> Future[Result]:
    """Run the body in a daemon thread; return the future that gets its result or its error."""
    filled = Future[Result]() if future is None else future
    # A daemon thread, since a process that exits waits for the threads of an executor.
    threading.Thread(target=_fill, args=(filled, body), daemon=True).start()
    return filled


def _fill(future: Future[Result], body: Callable[[], Result]) -> None:
    try:
        future.set_result(body())
    except BaseException as error:  # raised again in the thread that waits for the future
        future.set_exception(error)


def map_concurrently(query: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Call `query` for all items concurrently; return the results in the order of the items.

    Only for queries that change nothing: if a signal ends the wait or a query raises, the other
    queries are abandoned. Raises the error of the query that failed.
    """
    all_items = list(items)
    return map_in_background(query, all_items, at_once=len(all_items))()


def map_in_background(
    query: Callable[[Item], Result], items: Iterable[Item], at_once: int = 1
) -> Callable[[], list[Result]]:
    """Start the queries, at most `at_once` at a time, and return a function that waits for them.

    The returned function returns the results in the order of the items. If a signal ends its wait,
    or a query raises, it abandons the other queries and raises the error, as `map_concurrently`
    does.
    """
    queries = [(item, Future[Result]()) for item in items]
    waiting = deque(queries)
    for _ in range(min(at_once, len(queries))):
        start_in_thread(partial(_run_queries, query, waiting))
    return lambda: _results([future for _, future in queries], waiting)


def _run_queries(
    query: Callable[[Item], Result], waiting: deque[tuple[Item, Future[Result]]]
) -> None:
    while waiting:
        try:
            item, future = waiting.popleft()
        except IndexError:  # another thread took the last item
            return
        _fill(future, partial(query, item))


def _results(
    futures: Sequence[Future[Result]], waiting: deque[tuple[Item, Future[Result]]]
) -> list[Result]:
    try:
        with interruptible():
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        waiting.clear()  # after a signal or an error, no further query starts
    for future in done:
        if error := future.exception():
            raise error
    return [future.result() for future in futures]
