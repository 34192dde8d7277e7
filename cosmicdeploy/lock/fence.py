"""Wrap the engine so that it refuses every change once the run has lost its lock."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from cosmicdeploy.engine.protocol import Engine

# Methods that change nothing. All others are checked, so a new method of `Engine` is fenced too.
READ_ONLY = frozenset(
    {
        "builder_of",
        "container",
        "containers",
        "context_digest",
        "describe",
        "differences",
        "find_marker",
        "image",
        "image_history",
        "info",
        "marker_exists",
        "last_beat",
        "leftovers",
        "timed_log_lines",
        "log_lines",
        "logs",
        "containers_of_folder",
        "oneoffs",
        "processes",
        "read_file",
        "require_supported",
        "resolved",
        "registry_digest",
        "containers_of_images",
        "subnets",
        "volume_exists",
        "wait_until_ended",
        "writers",
    }
)


def fenced(engine: Engine, require: Callable[[], None]) -> Engine:
    """Return the engine, wrapped to call `require` before each method that may change something.

    If `require` raises, the method is not called. One gap remains: a process that is frozen between
    `require` and the method makes that one call when it thaws; the process's next call is refused.
    A call that has already reached the engine runs to its end there.
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
