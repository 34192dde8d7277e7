"""What the engine reports, as data."""

from __future__ import annotations

import pytest

from tests.unit.engine.shop_stack import container

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("started_at", "unix"),
    [
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("2026-02-02T18:30:00Z", 1_770_057_000.0),
        ("", 0.0),
        ("0001-01-01T00:00:00Z", 0.0),
    ],
)
def test_a_container_that_was_never_started_has_no_time_before_1970(
    started_at: str, unix: float
) -> None:
    assert container("db-1", "created", started_at=started_at).started_unix == unix
