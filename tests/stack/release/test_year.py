"""Scenarios of an operator's year on a stranger's Laravel stack; `make year` runs all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.year.catalogue import SCENARIOS
from tests.year.healthy import HealthyStack
from tests.year.runner import run_scenario

# A scenario is some deploys, and each waits for the soak and for nginx's default fail_timeout.
pytestmark = [pytest.mark.stack, pytest.mark.torture, pytest.mark.timeout(1800)]

SAMPLE = (
    "changed nginx file",
    "broken heartbeats",
    "crash at 18 s",
    "hotfix over a broken release",
    "kill -9 in migration",
    "rollback of the data",
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HealthyStack]:
    """The stranger's stack, removed after the last scenario."""
    stack = HealthyStack(tmp_path_factory.mktemp("year"))
    yield stack
    stack.remove()


@pytest.mark.fault("operator's year on a stranger's Laravel stack")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_scenario_ends_as_it_has_to(healthy: HealthyStack, name: str, tmp_path: Path) -> None:
    row = run_scenario(healthy, SCENARIOS[name], tmp_path)
    assert row.is_right, row
