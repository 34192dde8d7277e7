"""Steps that the stacks of the matrix share."""

from __future__ import annotations

import contextlib

from tests.matrix.origins import Origin
from tests.stack.support.harness import Done, StackUnderTest

# In the order of the table.
STEPS = ("up", "deploy", "no-op", "compose up", "verify", "rollback", "restore", "down")


def require(stack: StackUnderTest, origin: Origin, *words: str) -> Done:
    """Run a command that must succeed."""
    done = stack.cli(*words, "--json", **origin.environ)
    with contextlib.suppress(ValueError):
        error = done.report.get("error") or {}
        assert done.code == 0, f"exit code {done.code}: {error.get('what')} {error.get('details')}"
    assert done.code == 0, f"exit code {done.code}: {done.stderr}"
    return done


def deploy_nothing(stack: StackUnderTest, origin: Origin) -> None:
    """Deploy again; assert that this changes nothing."""
    before = stack.lives()
    done = require(stack, origin, "deploy")
    changed = [name for name, outcome in done.outcomes.items() if outcome == "changed"]
    assert done.report["outcome"] == "unchanged", f"changed again: {changed}"
    assert stack.lives() == before


def compose_up(stack: StackUnderTest, origin: Origin) -> None:
    """Run the origin's `up -d` after a deploy; assert that it leaves all containers alone."""
    before = {name: container.id for name, container in stack.containers().items()}
    origin.run_compose(stack.folder, "up", "-d")
    after = {name: container.id for name, container in stack.containers().items()}
    recreated = [name for name in after if after[name] != before.get(name)]
    assert after == before, f"recreated: {', '.join(recreated)}"
