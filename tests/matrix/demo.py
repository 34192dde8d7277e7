"""The shipped stack as a subject of the matrix."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmicdeploy.polling import poll
from cosmicdeploy.traffic.traffic_stats import TrafficStats
from tests.matrix.origins import Origin
from tests.matrix.result import Row
from tests.stack.support.harness import RELEASED, Done, StackUnderTest, lay_out_release_1

HEALTHY_WITHIN_SECONDS = 180
STEPS = ("up", "deploy", "no-op", "compose up", "verify", "rollback", "restore", "down")


def run_demo(row: Row, origin: Origin, folder: Path) -> None:
    """Take the stack through every step; a step that others need ends the row if it fails."""
    stack = lay_out_release_1(folder)
    try:
        if row.run("up", lambda: _up(stack, origin)) and row.run(
            "deploy", lambda: _deploy(row, stack, origin)
        ):
            row.run("no-op", lambda: _deploy_nothing(stack, origin))
            if origin.compose:
                row.run("compose up", lambda: _compose_up(stack, origin))
            row.run("verify", lambda: _require(stack, origin, "verify"))
            row.run("rollback", lambda: _roll_back(row, stack, origin))
            row.run("restore", lambda: _prove_restore(stack, origin))
    finally:
        row.run("down", stack.remove)


def _require(stack: StackUnderTest, origin: Origin, *words: str) -> Done:
    """Run a command that must succeed."""
    done = stack.cli(*words, "--json", **origin.environ)
    with contextlib.suppress(ValueError):
        error = done.report.get("error") or {}
        assert done.code == 0, f"exit code {done.code}: {error.get('what')} {error.get('details')}"
    assert done.code == 0, f"exit code {done.code}: {done.stderr}"
    return done


def _up(stack: StackUnderTest, origin: Origin) -> None:
    if origin.compose:
        origin.run_compose(stack.folder, "up", "-d")
        lives = poll(stack.lives, until=_are_well, every=0.5, within=HEALTHY_WITHIN_SECONDS)
        assert _are_well(lives), f"not healthy: {lives}"
        lives = stack.lives()
        _require(stack, origin, "up")  # migrates
        assert stack.lives() == lives, "`up` replaced a container that Compose had created"
    else:
        _require(stack, origin, "up")
    stack.seed()


def _are_well(lives: dict[str, tuple[str, str, bool]]) -> bool:
    return len(lives) > len(RELEASED) and all(is_well for _, _, is_well in lives.values())


def _deploy(row: Row, stack: StackUnderTest, origin: Origin) -> None:
    stack.put_release_2()
    with _counted(row, stack):
        _require(stack, origin, "deploy")
    tag = stack.open().image_of(RELEASED[0])
    assert tag is not None and stack.images() == {tag.id}, "the containers' images are mixed"
    assert stack.open().running_release() == "2"


def _deploy_nothing(stack: StackUnderTest, origin: Origin) -> None:
    before = stack.lives()
    done = _require(stack, origin, "deploy")
    changed = [name for name, outcome in done.outcomes.items() if outcome == "changed"]
    assert done.report["outcome"] == "unchanged", f"changed again: {changed}"
    assert stack.lives() == before


def _compose_up(stack: StackUnderTest, origin: Origin) -> None:
    before = {name: container.id for name, container in stack.containers().items()}
    origin.run_compose(stack.folder, "up", "-d")
    after = {name: container.id for name, container in stack.containers().items()}
    recreated = [name for name in after if after[name] != before.get(name)]
    assert after == before, f"recreated: {', '.join(recreated)}"


def _roll_back(row: Row, stack: StackUnderTest, origin: Origin) -> None:
    backup = next(
        b for b in stack.open().catalogue.list() if b.is_good and b.manifest.release == "1"
    )
    with _counted(row, stack):
        _require(stack, origin, "rollback", "--to", backup.id, "--yes")
    assert stack.open().running_release() == "1"


def _prove_restore(stack: StackUnderTest, origin: Origin) -> None:
    newest = next(b for b in stack.open().catalogue.list() if b.is_good)
    _require(stack, origin, "backup", "verify", newest.id, "--restore")


@contextmanager
def _counted(row: Row, stack: StackUnderTest) -> Iterator[TrafficStats]:
    """Send heartbeats during the block; answers 503 with Retry-After are announced maintenance."""
    with stack.beats(turning_away=True) as stats:
        yield stats
    row.sent += stats.sent
    row.failures += len(stats.failures)
    assert not stats.failures, f"{len(stats.failures)} requests failed: {stats.failures[0]}"
