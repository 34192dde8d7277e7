"""Observe the health of containers during the soak, the time after a rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.crash_log import last_log_lines
from cosmicdeploy.text.formatting import counted


@dataclass(kw_only=True)
class Observation:
    """What was observed during the soak so far.

    `restarts` and `oom_killed` name services. Each line of `breaches` says what went wrong;
    `details` holds the last probes and log lines of the containers concerned.
    """

    restarts: list[str] = field(default_factory=list)
    oom_killed: list[str] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class InitialState:
    """How often a container had restarted, and whether it ran out of memory, before the soak."""

    restarts: int = 0
    oom_killed: bool = False

    @classmethod
    def of(cls, container: Container) -> InitialState:
        """Return the container's state now."""
        return cls(restarts=container.restart_count, oom_killed=container.oom_killed)


def observe_containers(
    ctx: Context, initial: Mapping[str, InitialState], observation: Observation
) -> None:
    """Inspect each service in `initial` once; add what got worse to `observation`."""
    for name, before in initial.items():
        container = ctx.container(name)
        if container is None:
            observation.breaches.append(f"{name} is gone")
            continue
        if container.restart_count > before.restarts:
            observation.restarts.append(name)
        if container.oom_killed and not before.oom_killed:
            observation.oom_killed.append(name)
        if problem := _problem(container, before):
            last = container.last_probe
            observation.breaches.append(f"{name} {problem}")
            observation.details += [f"{name}'s last probe: {last}"] if last else []
            log = last_log_lines(ctx, container)
            observation.details += [f"{name}: {line}" for line in log]


def _problem(container: Container, before: InitialState) -> str:
    if container.oom_killed and not before.oom_killed:
        return "ran out of memory"
    if container.restart_count > before.restarts:
        restarts = container.restart_count - before.restarts
        return f"ended and was restarted ({counted(restarts, 'time')})"
    if not container.is_running:
        return f"ended (it is {container.status}, exit code {container.exit_code})"
    return "is unhealthy" if container.health == "unhealthy" else ""
