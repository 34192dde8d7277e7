"""The shipped stack as a subject of the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.context.releases import running_release
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.matrix.result import Row
from tests.stack.support.harness import RELEASED, StackUnderTest, lay_out_release_1
from tests.stack.support.origins import Origin
from tests.stack.support.releases import compose_up, create, deploy_nothing, require


def run_demo(row: Row, origin: Origin, folder: Path) -> None:
    """Take the stack through every step; a step that others need ends the row if it fails."""
    stack = lay_out_release_1(folder)
    try:
        if row.run("up", lambda: _up(stack, origin)) and row.run(
            "deploy", lambda: _deploy(row, stack, origin)
        ):
            row.run("no-op", lambda: deploy_nothing(stack, origin))
            row.run("compose up", lambda: compose_up(stack, origin))
            row.run("verify", lambda: require(stack, origin, "verify"))
            row.run("rollback", lambda: _roll_back(row, stack, origin))
            row.run("restore", lambda: _prove_restore(stack, origin))
    finally:
        row.run("down", stack.remove)


def _up(stack: StackUnderTest, origin: Origin) -> None:
    create(stack, origin)
    stack.seed()


def _deploy(row: Row, stack: StackUnderTest, origin: Origin) -> None:
    stack.put_release_2()
    with _counted(row, stack):
        require(stack, origin, "deploy")
    tag = stack.open().image_of(RELEASED[0])
    assert tag is not None and stack.images() == {tag.id}, "the containers' images are mixed"
    assert running_release(stack.open()) == "2"


def _roll_back(row: Row, stack: StackUnderTest, origin: Origin) -> None:
    backup = next(
        b for b in stack.open().catalogue.list() if b.is_good and b.manifest.release == "1"
    )
    with _counted(row, stack):
        require(stack, origin, "rollback", "--to", backup.id, "--yes")
    assert running_release(stack.open()) == "1"


def _prove_restore(stack: StackUnderTest, origin: Origin) -> None:
    newest = next(b for b in stack.open().catalogue.list() if b.is_good)
    require(stack, origin, "backup", "verify", newest.id, "--restore")


@contextmanager
def _counted(row: Row, stack: StackUnderTest) -> Iterator[TrafficStats]:
    """Send heartbeats during the block; answers 503 with Retry-After are announced maintenance."""
    with stack.beats(turning_away=True) as stats:
        yield stats
    row.sent += stats.sent
    row.failures += len(stats.failures)
    assert not stats.failures, f"{len(stats.failures)} requests failed: {stats.failures[0]}"
