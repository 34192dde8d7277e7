"""A journal of which few runs stay, so that tests need few lines."""

from __future__ import annotations

import pytest

from cosmicdeploy.journal.rotation import retention, rotation


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of runs that stay, in place of 1,000."""
    monkeypatch.setattr(retention, "KEPT_UNITS", 5)
    monkeypatch.setattr(rotation, "KEPT_UNITS", 5)
    monkeypatch.setattr(rotation, "MANY_UNITS", 8)
    return 5
