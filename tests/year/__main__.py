"""Run the year: `python -m tests.year [--scenario NAME]… [--rate RATE] [--list]`.

Lays out a stranger's Laravel stack, takes it through the chosen scenarios under load, and removes
it. Prints a table, after each scenario also into `.cache/year.md`; each scenario's requests and the
output of its commands are in `.cache/year/`. Exit code 1 if a row is wrong, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.deploy import machine
from benchmarks.deploy.cleanup import uninterrupted
from tests.stack.support.harness import DOCKER_CONFIG, ROOT
from tests.year.catalogue import SCENARIOS
from tests.year.healthy import HealthyStack, say
from tests.year.result import Row
from tests.year.runner import RATE, run_scenario
from tests.year.scenario import Scenario
from tests.year.table import table

RESULT = ROOT / ".cache" / "year.md"
RECORDS = ROOT / ".cache" / "year"
INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    """Run the chosen scenarios; return the exit code."""
    options = _parsed(words)
    if options.list:
        print("\n".join(f"{each.name}: {each.action}" for each in SCENARIOS.values()))
        return 0
    # Set up the environment of a machine that has Docker's Compose in addition to 1.29.2.
    os.environ["DOCKER_CONFIG"] = str(DOCKER_CONFIG)
    for number in (signal.SIGINT, signal.SIGTERM):  # which a shell's background jobs ignore
        signal.signal(number, signal.default_int_handler)
    chosen = [SCENARIOS[name] for name in options.scenario or SCENARIOS]
    facts = [
        *machine.describe(os.getloadavg()),
        f"Load: {options.rate:g} requests/s; {len(chosen)} of {len(SCENARIOS)} scenarios",
    ]
    rows: list[Row] = []
    is_interrupted = False
    try:
        for row in _rows(chosen, options.rate):
            rows.append(row)
            RESULT.write_text(table(rows, facts) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        is_interrupted = True
        say("interrupted; the rows so far:")
    print(table(rows, facts))
    if is_interrupted:
        return INTERRUPTED
    return 0 if all(row.is_right for row in rows) else 1


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="year", description="Run the scenarios of the year.")
    parser.add_argument(
        "--scenario",
        action="append",
        choices=list(SCENARIOS),
        metavar="NAME",
        help="run this scenario; repeatable",
    )
    parser.add_argument("--rate", type=float, default=RATE, help="requests per second")
    parser.add_argument("--list", action="store_true", help="list the scenarios, then exit")
    return parser.parse_args(words)


def _rows(scenarios: Sequence[Scenario], rate: float) -> Iterable[Row]:
    shutil.rmtree(RECORDS, ignore_errors=True)
    RECORDS.mkdir(parents=True)
    temporary = tempfile.TemporaryDirectory(prefix="year-", ignore_cleanup_errors=True)
    with temporary as folder:
        healthy = HealthyStack(Path(folder))
        try:
            for number, scenario in enumerate(scenarios, 1):
                say(f"{number} of {len(scenarios)}: {scenario.name}")
                row = run_scenario(healthy, scenario, RECORDS, rate)
                for reason in row.wrong:
                    say(f"  wrong: {reason}")
                yield row
        finally:
            with uninterrupted():
                healthy.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
