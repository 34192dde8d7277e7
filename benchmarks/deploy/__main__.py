"""Compare five ways to deploy the same stack under the same load.

    python -m benchmarks.deploy --deploys 20 --others 3 --rate 200

Each way is a contestant. Prints tables of the measurements and the limits; exits with 1 if a limit
is not met or a deploy fails. Everything it starts is removed at the end, even after Ctrl-C; the
requests and the output of the contestants stay in .cache/bench-deploy/.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import datetime

from benchmarks.deploy import machine
from benchmarks.deploy.contest import Contest, say
from benchmarks.deploy.measure import Conditions
from benchmarks.deploy.stack import ROOT
from benchmarks.deploy.table import check_limits, limits_table, measured_table, remarks
from benchmarks.deploy.ways.contestants import COSMICDEPLOY, TITLES

INTERRUPTED = 130


def main() -> int:
    options = arguments()
    # Both signals end the run as Ctrl-C does, with a clean-up. The handler of SIGINT is set too,
    # since the background jobs of a shell ignore this signal by default.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    results = ROOT / ".cache" / "bench-deploy" / datetime.now().strftime("%Y%m%d-%H%M%S")
    results.mkdir(parents=True)
    contest = Contest(
        counts={
            key: options.deploys if key == COSMICDEPLOY else options.others for key in options.only
        },
        conditions=Conditions(rate=options.rate, quiet=options.quiet, results=results),
        swarm_order=options.swarm_order,
    )
    load_average, is_interrupted = os.getloadavg(), False
    try:
        contest.run()
    except KeyboardInterrupt:
        is_interrupted = True
        say("interrupted; the measurements so far:")
    machine_facts = [*machine.describe(load_average), f"Load: {options.rate:g} requests/s"]
    is_good = publish(contest, machine_facts)
    if is_interrupted:
        return INTERRUPTED
    return 0 if is_good else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--deploys", type=int, default=20, help="deploys by cosmicdeploy")
    parser.add_argument("--others", type=int, default=3, help="deploys by each other contestant")
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    parser.add_argument(
        "--quiet", type=float, default=10, help="seconds of load measured before each deploy"
    )
    parser.add_argument(
        "--swarm-order", choices=("start-first", "stop-first"), default="start-first"
    )
    parser.add_argument(
        "--only", type=keys, default=list(TITLES), help="only these contestants, such as e,a"
    )
    return parser.parse_args()


def keys(text: str) -> list[str]:
    """Parse contestant keys; return them in table order. Raises `ArgumentTypeError`."""
    chosen = set(text.replace(",", ""))
    if not chosen or chosen - set(TITLES):
        raise argparse.ArgumentTypeError(f"choose from {', '.join(TITLES)}")
    return [key for key in TITLES if key in chosen]


def publish(contest: Contest, machine_facts: list[str]) -> bool:
    """Print and store the tables; return whether all measured limits are met without an error."""
    results, limits = contest.results, list(check_limits(contest.results))
    notes = [f"- {line}" for line in (*machine_facts, *remarks(results))]
    text = "\n".join([*notes, "", measured_table(results), "", limits_table(limits)])
    print(text)
    (contest.conditions.results / "table.md").write_text(text + "\n")
    say(f"raw results are in {contest.conditions.results}")
    failed = results.notes or any(deploy.error for deploy in results.deploys)
    return not failed and all(limit.met is not False for limit in limits)


if __name__ == "__main__":
    sys.exit(main())
