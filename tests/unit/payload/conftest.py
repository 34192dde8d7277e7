"""The payload is no package of ours: it is found by its path, as in its image."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PAYLOAD = Path(__file__).parents[3] / "cosmicdeploy" / "payload"
sys.path.insert(0, str(PAYLOAD / "app"))


@pytest.fixture
def payload() -> Path:
    """The payload's folder."""
    return PAYLOAD
