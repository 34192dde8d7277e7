"""An engine that refuses every change once the lock is lost."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from cosmicdeploy.engine.protocol import Engine

# Methods that change nothing. All others are checked, so a method added to `Engine` is fenced too.
READ_ONLY = frozenset(
    {
        "container",
        "containers",
        "context_digest",
        "describe",
        "differences",
        "find_marker",
        "image",
        "marker_exists",
        "last_beat",
        "leftovers",
        "timed_log_lines",
        "log_lines",
        "logs",
        "containers_of_folder",
        "oneoffs",
        "processes",
        "containers_of_images",
        "subnets",
        "wait_until_ended",
        "writers",
    }
)


def fenced(engine: Engine, require: Callable[[], None]) -> Engine:
    """Return the engine with `require` called before every method that may change something.

    If `require` raises, the call is not made. A process that is frozen between the check and the
    call is not stopped: it makes that call when it continues, but not the next one. A call that has
    reached the engine runs to its end there in any case.
    """
    return cast(Engine, _Fenced(engine, require))


class _Fenced:
    def __init__(self, engine: Engine, require: Callable[[], None]) -> None:
        self._engine, self._require = engine, require

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._engine, name)
        return method if name in READ_ONLY else self._checked(method)

    def _checked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._require()
            return method(*args, **kwargs)

        return call
