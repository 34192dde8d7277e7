"""Containers, watched for a while after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.facts import Container

LOG_LINES = 10


@dataclass(kw_only=True)
class Seen:
    """What was seen so far. `restarts` and `oom_killed` name containers; `breaches` say what must
    not be, with log lines in `details`."""

    restarts: list[str] = field(default_factory=list)
    oom_killed: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Before:
    """What a container has behind it already."""

    restarts: int = 0
    oom_killed: bool = False

    @classmethod
    def of(cls, container: Container) -> Before:
        """As it is now."""
        return cls(restarts=container.restart_count, oom_killed=container.oom_killed)


def look_at_containers(ctx: Context, known: Mapping[str, Before], seen: Seen) -> None:
    """Add to `seen` each container that is not as well as it was."""
    for name, before in known.items():
        found = ctx.container(name)
        if found is None:
            seen.breaches.append(f"{name} is gone")
            continue
        if found.restart_count > before.restarts:
            seen.restarts.append(name)
        if found.oom_killed and not before.oom_killed:
            seen.oom_killed.append(name)
        if ill := _ill(found, before):
            seen.breaches.append(f"{name} {ill}")
            probe = [f"{name}'s last probe: {found.last_probe}"] if found.last_probe else []
            log = ctx.engine.logs(found.id, tail=LOG_LINES)
            seen.details += [*probe, *(f"{name}: {line}" for line in log)]


def _ill(found: Container, before: Before) -> str:
    if found.oom_killed and not before.oom_killed:
        return "ran out of memory"
    if found.restart_count > before.restarts:
        return f"ended and was restarted ({found.restart_count - before.restarts} times)"
    if not found.is_running:
        return f"ended (it is {found.status}, exit code {found.exit_code})"
    return "is unhealthy" if found.health == "unhealthy" else ""
