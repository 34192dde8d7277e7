"""Distribute the tests to workers, select the torture tests, and count the injected faults.

With several workers (`-n 2 --dist loadfile`), all tests of a group run on the same one, so that an
expensive fixture is set up once. A test that injects a fault has the marker `fault(NAME)`; at the
end, a table shows for each fault how often it was tried and how often it was survived, on all
workers together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from cosmicdeploy.errors import CosmicError
from tests.costs import Costs

TRIED, SURVIVED, FAULT = "tried", "survived", "fault"
# The key under which a worker reports how many tests it deselected.
DESELECTED = "deselected"
# Folders whose files share expensive fixtures. Every other file is a group of its own.
GROUPS = ("tests/stack/laravel/", "tests/stack/database/")
# The longest groups run first, so that none of them keeps one worker busy at the end while the
# others are idle. Then come all other groups, and the unit tests last.
LONGEST_FIRST = (
    *GROUPS,
    "tests/stack/release/test_year.py",
    "tests/stack/release/failures/test_failures.py",
    "tests/stack/release/rollout/test_rollout.py",
    "tests/stack/release/test_rollback.py",
    "tests/stack/release/failures/test_kills.py",
    "tests/stack/release/test_migrations.py",
    "tests/stack/observe/test_diagnose.py",
    "tests/stack/operate/test_restart.py",
    "tests/stack/observe/test_checklist.py",
)
UNIT = "tests/unit/"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults",
        choices=("sample", "all"),
        default="sample",
        help="Inject faults at some places, or each fault at every place.",
    )
    parser.addoption("--costs", action="store_true", help="Print how long each file's tests take.")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--costs"):
        config.pluginmanager.register(Costs())


@dataclass
class Tries:
    """Counts how often a test injected its fault, and collects the failures.

    `properties` are the user properties of the test, which reach the report.
    """

    properties: list[tuple[str, object]]
    tried: int = 0
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Count one try as survived, unless the block raises; the test continues in any case."""
        try:
            yield
        except (AssertionError, CosmicError) as error:
            self.failures.append(f"{name}: {error}")
        self.tried += 1
        # The report uses the last property of each name.
        self.properties.append((TRIED, self.tried))
        self.properties.append((SURVIVED, self.tried - len(self.failures)))


@pytest.fixture
def every_place(request: pytest.FixtureRequest) -> bool:
    """Return whether to inject faults at every place instead of some."""
    return bool(request.config.getoption("--faults") == "all")


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Tries:
    """Return the counter for a test that injects its fault many times."""
    return Tries(request.node.user_properties)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests; deselect those with the marker `torture` unless `--faults=all` is given."""
    items.sort(key=_position)
    if config.getoption("--faults") == "all":
        return
    torture = [item for item in items if item.get_closest_marker("torture")]
    if torture:
        _report_deselected(config, torture)
        items[:] = [item for item in items if item not in torture]


def _position(item: pytest.Item) -> tuple[bool, int]:
    """Return a test's sort key: by group, with the tests marked `last` after all groups."""
    group = group_of(item.nodeid)
    if group in LONGEST_FIRST:
        position = LONGEST_FIRST.index(group)
    else:
        position = len(LONGEST_FIRST) + group.startswith(UNIT)
    return item.get_closest_marker("last") is not None, position


def group_of(nodeid: str) -> str:
    """Return the group of a test: a folder of `GROUPS`, or the test's file."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in GROUPS if file.startswith(folder)), file)


class GroupScheduling(LoadScopeScheduling):
    """Gives each worker whole groups, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def _report_deselected(config: pytest.Config, items: list[pytest.Item]) -> None:
    output = getattr(config, "workeroutput", None)
    if output is None:
        config.hook.pytest_deselected(items=items)
    else:
        output[DESELECTED] = len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count the deselected tests of the first worker that ends; all workers deselect the same."""
    config, count = node.config, getattr(node, "workeroutput", {}).get(DESELECTED, 0)
    if count and not hasattr(config, DESELECTED):
        setattr(config, DESELECTED, count)
        config.hook.pytest_deselected(items=[SimpleNamespace()] * count)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers(FAULT):
        item.user_properties.append((FAULT, mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a Markdown table of the faults: how often each was tried, and how often survived."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            is_test = isinstance(report, pytest.TestReport)  # not an error of the collection
            if is_test and (report.when == "call" or outcome == "error"):
                _add(table, report)
    if table:
        terminalreporter.write_sep("-", "faults")
        terminalreporter.write_line("| fault | tried | survived |\n|---|---:|---:|")
    for name, (tried, survived) in table.items():
        terminalreporter.write_line(f"| {name} | {tried} | {survived} |")


def _add(table: dict[str, list[int]], report: pytest.TestReport) -> None:
    """Add a test to the row of its fault; a test without `Tries` counts as one try."""
    facts = dict(report.user_properties)
    if FAULT in facts:
        row = table[str(facts[FAULT])]
        row[0] += int(str(facts.get(TRIED, 1)))
        row[1] += int(str(facts.get(SURVIVED, int(report.passed))))
