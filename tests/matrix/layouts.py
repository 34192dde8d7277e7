"""The layouts of tests/stack as subjects of the matrix."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.matrix.result import Row
from tests.stack.layouts.layout import Layout
from tests.stack.layouts.scenario import Scenario
from tests.stack.support.origins import Origin


def run_layout(layout: Layout, row: Row, origin: Origin, folder: Path) -> None:
    """Take a layout through its scenario, up to the first step that fails."""
    folder.mkdir()
    with ExitStack() as opened:
        stack = opened.enter_context(layout.open(folder))
        scenario = Scenario(layout, stack, origin)
        all(row.run(name, step) for name, step in scenario.steps)
        # A gap is part of what a layout promises.
        row.sent, row.failures = scenario.sent, len(scenario.failures)
        row.run("down", opened.close)
