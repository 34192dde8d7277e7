"""Five ways to deploy the same stack, in one run under the same load; a table with the limits.

    python -m benchmarks.deploy --deploys 20 --others 3 --rate 200

Ends with 1 where a limit is not met or a contestant could not deploy. What it starts is removed at
the end, after a Ctrl-C too; each request and what each contestant printed stay in
.cache/bench-deploy/.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from datetime import datetime

from benchmarks.deploy import machine
from benchmarks.deploy.contest import Contest, say
from benchmarks.deploy.contestants import OURS, TITLES
from benchmarks.deploy.measure import Conditions
from benchmarks.deploy.stack import ROOT
from benchmarks.deploy.table import judged, limits, measured, remarks

INTERRUPTED = 130


def main() -> int:
    options = arguments()
    # What ends us ends in the same way as a Ctrl-C: tidily. A shell's background job, and all that
    # it starts, would ignore one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    results = ROOT / ".cache" / "bench-deploy" / datetime.now().strftime("%Y%m%d-%H%M%S")
    results.mkdir(parents=True)
    contest = Contest(
        counts={key: options.deploys if key == OURS else options.others for key in options.only},
        conditions=Conditions(rate=options.rate, quiet=options.quiet, results=results),
        swarm_order=options.swarm_order,
    )
    busy, interrupted = os.getloadavg(), False
    try:
        contest.run()
    except KeyboardInterrupt:
        interrupted = True
        say("interrupted; what was measured until then:")
    well = publish(contest, [*machine.told(busy), f"Load: {options.rate:g} requests/s"])
    return INTERRUPTED if interrupted else 0 if well else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--deploys", type=int, default=20, help="of cosmicdeploy")
    parser.add_argument("--others", type=int, default=3, help="deploys of each other contestant")
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    parser.add_argument("--quiet", type=float, default=10, help="seconds measured before a deploy")
    parser.add_argument(
        "--swarm-order", choices=("start-first", "stop-first"), default="start-first"
    )
    parser.add_argument("--only", type=keys, default=list(TITLES), help="contestants, such as e,a")
    return parser.parse_args()


def keys(text: str) -> list[str]:
    """Contestants by key, in the table's order. Raises `ArgumentTypeError`."""
    chosen = set(text.replace(",", ""))
    if not chosen or chosen - set(TITLES):
        raise argparse.ArgumentTypeError(f"choose of {', '.join(TITLES)}")
    return [key for key in TITLES if key in chosen]


def publish(contest: Contest, told: list[str]) -> bool:
    """Print the tables, and write them beside the raw results; whether all is as required."""
    results, found = contest.results, list(limits(contest.results))
    notes = [f"- {line}" for line in (*told, *remarks(results))]
    text = "\n".join([*notes, "", measured(results), "", judged(found)])
    print(text)
    (contest.conditions.results / "table.md").write_text(text + "\n")
    say(f"raw results are in {contest.conditions.results}")
    failed = results.notes or any(deploy.error for deploy in results.deploys)
    return not failed and all(limit.met is not False for limit in found)


if __name__ == "__main__":
    sys.exit(main())
