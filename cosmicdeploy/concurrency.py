"""Run queries concurrently, in threads that a signal does not have to wait for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

from cosmicdeploy.signals import interruptible

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_concurrently(query: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Call `query` for all items at once; return the results in the order of the items.

    Only for queries that change nothing: if a signal ends the wait or one query raises, the others
    are abandoned, and not even the end of the process waits for them. Raises what a query raises.
    """
    every = list(items)
    return map_in_background(query, every, at_once=len(every))()


def map_in_background(
    query: Callable[[Item], Result], items: Iterable[Item], at_once: int = 1
) -> Callable[[], list[Result]]:
    """Start the queries now, `at_once` at a time; call the returned function for the results."""
    every = [(item, Future[Result]()) for item in items]
    left = deque(every)
    for _ in range(min(at_once, len(every))):
        # Not an executor: the process would wait for its threads before it ends.
        threading.Thread(target=_work, args=(query, left), daemon=True).start()
    return lambda: _results([future for _, future in every], left)


def _work(query: Callable[[Item], Result], left: deque[tuple[Item, Future[Result]]]) -> None:
    while left:
        try:
            item, future = left.popleft()
        except IndexError:  # another thread took it
            return
        try:
            future.set_result(query(item))
        except BaseException as error:  # raised again in the thread that waits
            future.set_exception(error)


def _results(
    futures: Sequence[Future[Result]], left: deque[tuple[Item, Future[Result]]]
) -> list[Result]:
    try:
        with interruptible():
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        left.clear()
    for future in done:
        if error := future.exception():
            raise error
    return [future.result() for future in futures]
