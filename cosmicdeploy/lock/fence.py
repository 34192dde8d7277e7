"""An engine that changes nothing for whoever lost the right to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from cosmicdeploy.engine.protocol import Engine

# What only looks. All else is checked, so that a method added to the seam is fenced by itself.
LOOKS = frozenset(
    {
        "container",
        "containers",
        "context_digest",
        "describe",
        "differences",
        "find_claim",
        "image",
        "is_claimed",
        "last_beat",
        "leftovers",
        "log_entries",
        "log_lines",
        "logs",
        "made_from",
        "oneoffs",
        "processes",
        "running",
        "subnets",
        "wait_end",
        "writers",
    }
)


def fenced(engine: Engine, require: Callable[[], None]) -> Engine:
    """The same engine, with `require` called before everything that may change something.

    What `require` raises stops the call. A process that is frozen after the check and before the
    engine gets the call is not stopped: that call is made when it goes on, and the next one is not.
    One that already reached the engine goes on there in any case.
    """
    return cast(Engine, _Fenced(engine, require))


class _Fenced:
    def __init__(self, engine: Engine, require: Callable[[], None]) -> None:
        self._engine, self._require = engine, require

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._engine, name)
        return method if name in LOOKS else self._checked(method)

    def _checked(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*given: Any, **named: Any) -> Any:
            self._require()
            return method(*given, **named)

        return call
