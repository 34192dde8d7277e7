"""A stand-in for an engine that does not answer, for commands that can work without an engine."""

from __future__ import annotations

from typing import Any, NoReturn, cast

from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError


def unreachable_engine(error: EngineError) -> Engine:
    """Return an engine whose methods all raise `error`."""
    return cast(Engine, _Unreachable(error))


class _Unreachable:
    def __init__(self, error: EngineError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_given: object, **_named: object) -> NoReturn:
            raise self._error

        return call
