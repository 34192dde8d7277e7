"""The workers of a stack's nginx, which a reload replaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cosmicdeploy.proxy.nginx.server import find_nginx
from tests.stack.support.harness import StackUnderTest


def nginx_workers(stack: StackUnderTest) -> set[tuple[int, int]]:
    """Return the id and start time of each nginx worker."""
    nginx = find_nginx(stack.open())
    assert nginx is not None and nginx.workers
    return {(worker.pid, worker.started) for worker in nginx.workers}


@contextmanager
def no_reload(stack: StackUnderTest) -> Iterator[None]:
    """Assert that nginx is not reloaded during the block."""
    before = nginx_workers(stack)
    yield
    assert nginx_workers(stack) == before, "nginx was reloaded"
