"""The command queue:probe."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from cosmic_app.console.context import Command, Console
from cosmic_app.queue.jobs import Job, push


def probe(console: Console, options: Namespace) -> int:
    """Queue jobs that only sleep, and print their ids. The worker logs when each has ended."""
    jobs = [Job.new("Probe", {"seconds": options.seconds}) for _ in range(options.count)]
    push(console.connect_redis(), jobs)
    for job in jobs:
        console.line(job.id)
    return 0


def add_options(parser: ArgumentParser) -> None:
    """Add the options of queue:probe."""
    parser.add_argument("count", type=int, nargs="?", default=1, help="how many jobs")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long each sleeps, up to 5")


COMMANDS = (
    Command(
        name="queue:probe",
        description="Queue jobs that only sleep, to watch the workers",
        handle=probe,
        options=add_options,
    ),
)
