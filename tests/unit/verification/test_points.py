"""The points of the verification, and their former names."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import UsageError
from cosmicdeploy.steps.verify import VerifyStep
from cosmicdeploy.verification.points import CHECKS, RENAMED, known_points

pytestmark = pytest.mark.unit


def test_a_former_name_of_a_point_is_accepted() -> None:
    assert set(RENAMED.values()) <= set(CHECKS)
    assert known_points(["health", "strays", "orphans"]) == ("health", "orphans")
    assert VerifyStep(name="verify", only=("strays",)).only == ("orphans",)


def test_an_unknown_point_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="There is no point 'orphan'") as raised:
        known_points(["orphan"])
    assert "orphans" in raised.value.todo
