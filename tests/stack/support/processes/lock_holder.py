"""Hold a lock in a separate process and change a container again and again.

The change renames the container, so that the engine itself records the last change. Ends when
standard input closes; prints each event on a line.
"""

from __future__ import annotations

import argparse
import select
import sys

from cosmicdeploy.engine import connect
from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.lock import LockWait, hold_lock
from cosmicdeploy.lock.fence import fenced
from cosmicdeploy.process.signals import deferred_interrupts

CHANGE_SECONDS = 0.1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("project")
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--stale-after", type=float, default=30.0)
    parser.add_argument("--change", help="the id of a container to rename")
    try:
        work(parser.parse_args())
    except BaseException as error:  # as the command line does
        converted = to_cosmic_error(error)
        say(f"{type(converted).__name__}: {converted}")
        return int(converted.exit_code)
    return 0


def work(options: argparse.Namespace) -> None:
    real = connect()
    with deferred_interrupts(lambda: None) as interrupts:
        patience = LockWait(
            wait=options.wait,
            stale_after=options.stale_after,
            on_wait=say,
            safe_point=interrupts.safe_point,
        )
        with hold_lock(real, options.project, "deploy", patience) as lock:
            engine, count = fenced(real, lock.require), 0
            say("held")
            while not select.select([sys.stdin], [], [], CHANGE_SECONDS)[0]:
                interrupts.safe_point()
                count += 1
                if options.change:
                    engine.rename(options.change, f"{options.project}-{count}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
