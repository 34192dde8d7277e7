"""Containers, watched for a while after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.context import Context
from cosmicdeploy.engine.model import Container

LOG_LINES = 10


@dataclass(kw_only=True)
class Seen:
    """What was seen so far. `restarts` and `oom_killed` name containers; `breaches` say what must
    not be, with log lines in `details`."""

    restarts: list[str] = field(default_factory=list)
    oom_killed: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


def look_at_containers(ctx: Context, known: Mapping[str, int], seen: Seen) -> None:
    """Add to `seen` each container that is not as well as it was; `known` are services with the
    restarts that each has behind it."""
    for name, restarts in known.items():
        found = ctx.container(name)
        if found is None:
            seen.breaches.append(f"{name} is gone")
            continue
        if found.restart_count > restarts:
            seen.restarts.append(name)
        if found.oom_killed:
            seen.oom_killed.append(name)
        if ill := _ill(found, restarts):
            seen.breaches.append(f"{name} {ill}")
            probe = [f"{name}'s last probe: {found.last_probe}"] if found.last_probe else []
            log = ctx.engine.logs(found.id, tail=LOG_LINES)
            seen.details += [*probe, *(f"{name}: {line}" for line in log)]


def _ill(found: Container, restarts: int) -> str:
    if found.oom_killed:
        return "ran out of memory"
    if found.restart_count > restarts:
        return f"ended and was restarted ({found.restart_count - restarts} times)"
    if not found.running:
        return f"ended (it is {found.status}, exit code {found.exit_code})"
    return "is unhealthy" if found.health == "unhealthy" else ""
