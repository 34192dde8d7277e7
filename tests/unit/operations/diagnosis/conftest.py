"""The stack of these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from tests.unit.operations.diagnosis.world import World, context_of


@pytest.fixture
def opened(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[World], Context]:
    """Return a function that returns the context of a world."""
    return context_of(ctx, tmp_path, monkeypatch)
