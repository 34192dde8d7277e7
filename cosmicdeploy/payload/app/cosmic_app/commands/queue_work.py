"""The command queue:work."""

from __future__ import annotations

from argparse import Namespace

from cosmic_app.console.context import Command, Console
from cosmic_app.features import Switches
from cosmic_app.log import log_lifetime
from cosmic_app.queue.worker import WAIT_SECONDS, Worker, work_until
from cosmic_app.stop import StopSignal


def work(console: Console, options: Namespace) -> int:
    """Process jobs until SIGTERM; finish the current job first."""
    stopped = StopSignal()
    client = console.connect_redis(timeout=WAIT_SECONDS + 1, text=False)
    worker = Worker(client, console.settings.worker_name, Switches(console.settings.features))
    with log_lifetime("Queue worker", console.settings.release):
        work_until(worker, stopped, console.settings.alive_file.touch)
    return 0


COMMANDS = (
    Command(
        name="queue:work",
        description="Start processing jobs on the queue as a daemon",
        handle=work,
        long_running=True,
    ),
)
