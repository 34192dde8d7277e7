"""Describe the state of a service's container, in the same words in every check."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Container

# The exit code of a process that was killed (128 + SIGKILL).
KILLED = 137


def describe_state(container: Container | None) -> str:
    """Return a container's state as the end of a sentence: "is paused", "has no container"."""
    if container is None:
        return "has no container"
    if container.is_active:
        return f"is {container.health or container.status}"
    reason = f"exit code {container.exit_code}"
    if container.oom_killed:
        reason += ", out of memory"
    elif container.exit_code == KILLED:
        reason += ", killed"
    return f"is {container.status} ({reason})"
