"""Commands on a stack of some origin that must succeed, and what must not change during them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from cosmicdeploy.probes.serving import wait_until_served
from cosmicdeploy.process.polling import poll
from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.origins import Origin

WELL_WITHIN_SECONDS = 180
Existing = Sequence[tuple[str, str, str]]


def require(stack: StackUnderTest, origin: Origin, *words: str) -> Done:
    """Run a command that must succeed."""
    done = stack.cli(*words, "--json", **origin.environ)
    with contextlib.suppress(ValueError):
        error = done.report.get("error") or {}
        assert done.code == 0, f"exit code {done.code}: {error.get('what')} {error.get('details')}"
    assert done.code == 0, f"exit code {done.code}: {done.stderr}"
    return done


def create(stack: StackUnderTest, origin: Origin) -> None:
    """Start the stack; one that Compose creates is taken over with its containers as they are.

    Compose does not wait until its containers are well, or until the proxy uses them.
    """
    if origin.creates:
        origin.run_compose(stack, "up", "-d")
        lives = poll(stack.lives, until=_are_well, every=0.5, within=WELL_WITHIN_SECONDS)
        assert _are_well(lives), f"not well: {lives}"
        wait_until_served(stack.open())
    before = existing(stack)
    require(stack, origin, "up")
    assert existing(stack) == before or not origin.creates, "`up` replaced a container of Compose"


def _are_well(lives: dict[str, tuple[str, str, bool]]) -> bool:
    return bool(lives) and all(is_well for _, _, is_well in lives.values())


def existing(stack: StackUnderTest) -> Existing:
    """Return the name, id and image id of each container of the project, one-shot ones too."""
    ctx = stack.open()
    containers = ctx.engine.containers(ctx.stack.project)
    return sorted((each.name, each.id, each.image_id) for each in containers)


def deploy_nothing(stack: StackUnderTest, origin: Origin) -> None:
    """Deploy again; assert that this changes nothing."""
    before = stack.lives()
    done = require(stack, origin, "deploy")
    changed = [name for name, outcome in done.outcomes.items() if outcome == "changed"]
    assert done.report["outcome"] == "unchanged", f"changed again: {changed}"
    assert stack.lives() == before


def compose_up(stack: StackUnderTest, origin: Origin) -> None:
    """Run the origin's `up -d` after a deploy; assert that it leaves all containers alone."""
    before = existing(stack)
    origin.run_compose(stack, "up", "-d")
    after = existing(stack)
    recreated = [name for name, *_ in after if name not in {name for name, *_ in before}]
    recreated += [each[0] for each in after if each not in before and each[0] not in recreated]
    assert after == before, f"recreated: {', '.join(recreated)}"
