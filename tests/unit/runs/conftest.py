"""The list that the steps of a test append words to."""

from __future__ import annotations

import pytest


@pytest.fixture
def words() -> list[str]:
    return ["here"]
