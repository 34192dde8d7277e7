"""Looks that are made at the same time, and that a signal breaks off."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

from cosmicdeploy.signals import interruptible

Item = TypeVar("Item")
Found = TypeVar("Found")


def map_concurrently(look: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """Return what a look at each of these items found, in their order; all looks at once.

    For what only looks: where a signal ends the wait, or one look raises, the others are left to
    themselves, and nobody waits for them, not even when the process ends.
    """
    every = list(items)
    return map_in_background(look, every, at_once=len(every))()


def map_in_background(
    look: Callable[[Item], Found], items: Iterable[Item], at_once: int = 1
) -> Callable[[], list[Found]]:
    """As `map_concurrently`, begun now and waited for by calling what is returned."""
    every = [(item, Future[Found]()) for item in items]
    left = deque(every)
    for _ in range(min(at_once, len(every))):
        # An executor's threads would be waited for when the process ends.
        threading.Thread(target=_look_at_each, args=(look, left), daemon=True).start()
    return lambda: _results([future for _, future in every], left)


def _look_at_each(look: Callable[[Item], Found], left: deque[tuple[Item, Future[Found]]]) -> None:
    while left:
        try:
            item, future = left.popleft()
        except IndexError:  # another thread took it
            return
        try:
            future.set_result(look(item))
        except BaseException as error:  # whoever waits raises it
            future.set_exception(error)


def _results(
    futures: Sequence[Future[Found]], left: deque[tuple[Item, Future[Found]]]
) -> list[Found]:
    try:
        with interruptible():
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        left.clear()
    for future in done:
        if error := future.exception():
            raise error
    return [future.result() for future in futures]
