"""Faults: tests that plant one carry the mark `fault(NAME)`, and a table at the end counts them.

Where several workers share the tests (`-n 2 --dist loadfile`), the files of a group stay together
on one worker, so that what is expensive to set up is set up once. The table has the reports of all
workers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from cosmicdeploy.errors import CosmicError
from tests.costs import Costs

TRIED, SURVIVED, FAULT = "tried", "survived", "fault"
# A worker tells under this name how many tests it left out.
LEFT_OUT = "left_out"
# Rooms whose files need the same expensive fixtures; every other file is a group of its own.
GROUPS = ("tests/stack/laravel/", "tests/stack/database/")
# The longest groups begin first, so that no worker is left alone with one at the end, and the unit
# tests come last. What is not here comes between.
LONG = (
    *GROUPS,
    "tests/stack/release/test_failures.py",
    "tests/stack/release/test_rollout.py",
    "tests/stack/release/test_rollback.py",
    "tests/stack/release/test_kills.py",
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
        help="Plant some of the faults, or each at every place.",
    )
    parser.addoption("--costs", action="store_true", help="Print what each file's tests take.")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--costs"):
        config.pluginmanager.register(Costs())


@dataclass
class Tries:
    """How often a fault was planted, and what did not end well."""

    properties: list[tuple[str, object]]
    tried: int = 0
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """One try, which survives unless its block raises."""
        try:
            yield
        except (AssertionError, CosmicError) as error:
            self.failures.append(f"{name}: {error}")
        self.tried += 1
        # The last of a name counts.
        self.properties.append((TRIED, self.tried))
        self.properties.append((SURVIVED, self.tried - len(self.failures)))


@pytest.fixture
def every(request: pytest.FixtureRequest) -> bool:
    """Whether faults are to be planted at every place."""
    return bool(request.config.getoption("--faults") == "all")


@pytest.fixture
def tries(request: pytest.FixtureRequest) -> Tries:
    """For a test that plants its fault many times: it goes on after one that did not end well."""
    return Tries(request.node.user_properties)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes, restarts the engine or goes nearly the same way as another test is left
    to `make torture`, and counted as such; what all others would suffer from comes after them."""
    items.sort(key=_turn)
    if config.getoption("--faults") == "all":
        return
    left = [item for item in items if item.get_closest_marker("torture")]
    if left:
        _count_left_out(config, left)
        items[:] = [item for item in items if item not in left]


def _turn(item: pytest.Item) -> tuple[bool, int]:
    group = group_of(item.nodeid)
    between = len(LONG) + group.startswith(UNIT)
    turn = LONG.index(group) if group in LONG else between
    return item.get_closest_marker("last") is not None, turn


def group_of(nodeid: str) -> str:
    """Return the group of a test: its room or its file."""
    file = nodeid.partition("::")[0]
    return next((room for room in GROUPS if file.startswith(room)), file)


class Together(LoadScopeScheduling):
    """Gives a worker one group after the other, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Together(config, log)


def _count_left_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    output = getattr(config, "workeroutput", None)
    if output is None:
        config.hook.pytest_deselected(items=items)
    else:
        output[LEFT_OUT] = len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count what a worker left out, once: each of them has the same tests."""
    config, count = node.config, getattr(node, "workeroutput", {}).get(LEFT_OUT, 0)
    if count and not hasattr(config, LEFT_OUT):
        setattr(config, LEFT_OUT, count)
        config.hook.pytest_deselected(items=[None] * count)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers(FAULT):
        item.user_properties.append((FAULT, mark.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print fault, tried and survived, as a table in Markdown."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            ran = isinstance(report, pytest.TestReport)  # what could not be collected did not
            if ran and (report.when == "call" or outcome == "error"):
                _add(table, report)
    if table:
        terminalreporter.write_sep("-", "faults")
        terminalreporter.write_line("| fault | tried | survived |\n|---|---:|---:|")
    for name, (tried, survived) in table.items():
        terminalreporter.write_line(f"| {name} | {tried} | {survived} |")


def _add(table: dict[str, list[int]], report: pytest.TestReport) -> None:
    facts = dict(report.user_properties)
    if FAULT in facts:
        row = table[str(facts[FAULT])]
        row[0] += int(str(facts.get(TRIED, 1)))
        row[1] += int(str(facts.get(SURVIVED, int(report.passed))))
