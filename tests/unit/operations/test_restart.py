"""What a restart tells the operator about its cost before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.operations.restart import plan_restart
from tests.unit.operations.doctor.world import SETTINGS, World, opened

pytestmark = pytest.mark.unit

WITHOUT_FILE = SETTINGS.replace("maintenance: {file: /run/maintenance}\n", "")


@pytest.mark.parametrize(
    ("settings", "word", "cost"),
    [
        (SETTINGS, "database", "clients are turned away (503, Retry-After)"),
        (SETTINGS, "proxy", "and get no answer at all while the proxy is stopped"),
        (WITHOUT_FILE, "database", "clients get no answer until the restart has ended"),
        (
            WITHOUT_FILE.replace(", proxy: front", ""),
            "database",
            "clients get no answer until the restart has ended",
        ),
    ],
)
def test_a_503_is_promised_only_if_the_proxy_can_answer_one(
    tmp_path: Path, settings: str, word: str, cost: str
) -> None:
    plan = plan_restart(
        opened(tmp_path, World(), cosmicdeploy=settings), [word], all_services=False
    )
    assert plan.cost.endswith(cost)
    assert ("503" in plan.cost) == (settings == SETTINGS)
