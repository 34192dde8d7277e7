"""Clients that ask a stack for each of its paths while something is done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.stack.stacks.one_app import OneApp
from tests.stack.support.network.steady import Counted, steady

PER_SECOND = 20


@contextmanager
def load(stack: OneApp) -> Iterator[Counted]:
    """Send requests during the block: half on new connections, half on kept ones, no retries.

    Two requests for each slow path, which take a second, are in hand at any time.
    """
    counted, url = Counted(host=stack.host), stack.url()
    with ExitStack() as clients:
        for path in stack.paths:
            asking = steady(url + path, PER_SECOND, clients=4, method="GET", counted=counted)
            clients.enter_context(asking)
        for path in stack.slow_paths:
            asking = steady(url + path, clients=2, method="GET", counted=counted)
            clients.enter_context(asking)
        yield counted
