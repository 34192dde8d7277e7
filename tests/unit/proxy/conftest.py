"""Contexts of a stack behind a scripted proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from tests.unit.proxy.engine import ScriptedEngine, stack


@pytest.fixture
def stack_of(ctx: Context) -> Callable[..., Any]:
    """Return a function that returns the context of a stack on a `ScriptedEngine`."""

    def context(engine: ScriptedEngine, **options: Any) -> Any:
        return stack(partial(replace, ctx), engine, **options)

    return context
