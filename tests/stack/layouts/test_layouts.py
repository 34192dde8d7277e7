"""Each layout is deployed under load, survives a failing release, and is rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.layouts.layout import Layout
from tests.stack.layouts.scenario import Scenario
from tests.stack.support.origins import ORIGINS

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(each, id=each.name, marks=[] if each.sample else [pytest.mark.torture])
        for each in LAYOUTS.values()
    ],
)
def test_a_layout_goes_from_its_first_start_to_a_rollback(layout: Layout, tmp_path: Path) -> None:
    origin = ORIGINS[layout.origin]
    if not origin.is_installed:
        pytest.skip(f"{origin.name} is not installed")
    with layout.open(tmp_path) as stack:
        for _name, step in Scenario(layout, stack, origin).steps:
            step()
