"""The shop of this folder's tests."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from tests.unit.infrastructure.shop import Open, open_shop


@pytest.fixture
def shop(ctx: Context, tmp_path: Path) -> Open:
    """Return a function that opens the shop on an engine."""
    return partial(open_shop, ctx, tmp_path)
