"""The option `--costs`: print how long the tests of each file took, and how busy each worker was.

The set-up of a fixture counts for the file whose test needs it first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest

PHASES = ("setup", "call", "teardown")
# Files that take less time than this are summed up in the row `others`.
MINIMUM_SECONDS = 5.0


class Costs:
    """Adds up the durations in the reports of all workers."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(PHASES, 0.0))
        self._tests: dict[str, int] = defaultdict(int)
        self._workers: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.partition("::")[0]
        self._files[file][report.when] += report.duration
        self._tests[file] += report.when == "setup"
        self._workers[getattr(report, "worker_id", "main")].append((report.start, report.stop))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_sep("-", "costs in seconds")
        for line in (*self._by_file(), "", *self._by_worker()):
            terminalreporter.write_line(line)

    def _by_file(self) -> Iterable[str]:
        yield "| file | tests | set-up | call | tear-down | all |\n|---|---:|---:|---:|---:|---:|"
        rest = dict.fromkeys(PHASES, 0.0)
        rest_tests = 0
        for file, phases in sorted(self._files.items(), key=lambda item: -sum(item[1].values())):
            if sum(phases.values()) >= MINIMUM_SECONDS:
                yield _row(file, self._tests[file], phases)
            else:
                rest_tests += self._tests[file]
                rest = {phase: rest[phase] + phases[phase] for phase in PHASES}
        yield _row("others", rest_tests, rest)
        sums = {phase: sum(each[phase] for each in self._files.values()) for phase in PHASES}
        yield _row("all", sum(self._tests.values()), sums)

    def _by_worker(self) -> Iterable[str]:
        yield "| worker | begins | ends | at work |\n|---|---:|---:|---:|"
        first = min((start for times in self._workers.values() for start, _ in times), default=0.0)
        for worker, times in sorted(self._workers.items()):
            begins = min(start for start, _ in times) - first
            ends = max(stop for _, stop in times) - first
            at_work = sum(stop - start for start, stop in times)
            yield f"| {worker} | {begins:.0f} | {ends:.0f} | {at_work:.0f} |"


def _row(name: str, tests: int, phases: dict[str, float]) -> str:
    seconds = " | ".join(f"{phases[phase]:.1f}" for phase in PHASES)
    return f"| {name} | {tests} | {seconds} | {sum(phases.values()):.1f} |"
