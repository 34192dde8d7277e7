"""The `health` topic: how the state of each container changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import release_of
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.probes.monitor.event import HEALTH, MONITOR, MonitorEvent
from cosmicdeploy.text.formatting import counted

EVERY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """The properties of a service's container whose changes the monitor reports.

    `state` is the health of a running container with a health check, else the container's status.
    If the service has no container, `id` is "". `started_at` is ISO 8601, `image` an image id.
    """

    id: str = ""
    state: str = "missing"
    restarts: int = 0
    started_at: str = ""
    image: str = ""

    @classmethod
    def of(cls, container: Container | None) -> ContainerState:
        """Return the container's state now."""
        if container is None:
            return cls()
        has_health = container.is_running and container.health
        return cls(
            id=container.id,
            state=container.health if has_health else container.status,
            restarts=container.restart_count,
            started_at=container.started_at,
            image=container.image_id,
        )


class Health:
    """Compares the state of all services' containers with their state at the last poll.

    Each poll sends one request per service to the engine, and another for each new container.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: Mapping[str, ContainerState] = {}
        self._releases: dict[str, str] = {}

    def poll(self) -> Iterator[MonitorEvent]:
        """Yield a quiet event with the state of all containers, then an event for each change.

        The first poll yields a summary instead of changes. Raises `EngineError`.
        """
        services = self._ctx.settings.services.all
        states = {name: ContainerState.of(self._ctx.container(name)) for name in services}
        # The queries for releases may fail. Then the next poll compares with the same states again.
        events = [self._table(states), *self._events(states)]
        self._known = states
        yield from events

    def _events(self, states: Mapping[str, ContainerState]) -> Iterator[MonitorEvent]:
        if not self._known:
            yield _event(MONITOR, summary(states))
            return
        for name, state in states.items():
            if text := change(self._known[name], state, self._release(state)):
                yield _event(name, text)

    def _table(self, states: Mapping[str, ContainerState]) -> MonitorEvent:
        rows = [
            {
                "service": name,
                "state": state.state,
                "release": self._release(state),
                "restarts": state.restarts,
                "since": state.started_at,
            }
            for name, state in states.items()
        ]
        return MonitorEvent(
            at=time.time(), topic=HEALTH, source=HEALTH, text="", facts={"rows": rows}, quiet=True
        )

    def _release(self, state: ContainerState) -> str:
        if state.id not in self._releases:
            container = self._ctx.engine.container(state.id) if state.id else None
            self._releases[state.id] = release_of(self._ctx, container) if container else ""
        return self._releases[state.id]


def summary(states: Mapping[str, ContainerState]) -> str:
    """Return one line: how many containers exist, and which services have no working container."""
    bad = [f"{name} is {state.state}" for name, state in states.items() if not _is_well(state)]
    existing = [state for state in states.values() if state.id]
    return f"{counted(len(existing), 'container')}, {', '.join(bad) or 'all well'}"


def change(before: ContainerState, now: ContainerState, release: str) -> str:
    """Describe how a container's state has changed; "" if it has not."""
    if not now.id:
        return "is gone" if before.id else ""
    suffix = f" (release {release})" if release else ""
    if now.id != before.id:
        return f"{'was replaced' if before.id else 'was created'}; now {now.state}{suffix}"
    if now.restarts > before.restarts:
        return f"ended and was restarted; now {now.state}"
    if now.started_at != before.started_at:
        was_started = "was started" if before.state == "created" else "was started again"
        return f"{was_started}; now {now.state}"
    return f"is {now.state}" if now.state != before.state else ""


def _is_well(state: ContainerState) -> bool:
    return state.state in ("running", "healthy")


def _event(source: str, text: str) -> MonitorEvent:
    return MonitorEvent(at=time.time(), topic=HEALTH, source=source, text=text)
