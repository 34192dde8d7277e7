"""Drain replicas behind Traefik by their health; see at Traefik's API who gets requests.

Traefik hears of a container's health from the engine, and collects changes for two seconds before
it applies them. It hears of a stop only after the container has ended. So the drain file makes the
old container unhealthy, and the container stops only once Traefik no longer lists its address.
Measured with Traefik 3.7: without that, one of ten requests failed during a rollout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError, ProbeFailed
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.draining.drained_traffic import DrainedTraffic, containers_of
from cosmicdeploy.proxy.traefik.api import RoutedService, read_services, using
from cosmicdeploy.proxy.traefik.noticing import drained_within, healthy_within
from cosmicdeploy.proxy.traefik.process import Traefik, find_traefik
from cosmicdeploy.proxy.traefik.reading import Reading

POLL_SECONDS = 0.25
# In seconds: what Traefik takes beyond its throttle to apply a change. Measured: 0.7 s at most.
SLACK = 1.0

Result = TypeVar("Result")


class TraefikTraffic(DrainedTraffic):
    """The `Traffic` of Traefik with its provider for Docker. Not reusable.

    Without the API, the time is waited for that Traefik takes to apply a change.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        # The replicas whose containers have got requests from Traefik.
        self._known: set[str] = set()
        # The replicas whose container Traefik no longer listed when it stopped.
        self._taken_out: set[str] = set()

    def before_stop(self, running: Mapping[str, Container]) -> None:
        super().before_stop(running)
        self._known |= {name for name, container in running.items() if self._uses(container)}

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        known = [name for name in names if self._is_known(name)]
        self._wait_for_old_addresses(known)
        super().put_in(known, moved=moved)
        if unknown := [name for name in names if name not in known]:
            self._observe(unknown)

    def adopt(self) -> None:
        super().adopt()
        self._known |= {*self.drained()}  # Traefik has dropped only what it had used

    def _is_known(self, name: str) -> bool:
        """Return whether Traefik has to send requests to a replica once it is healthy.

        The present list of its API does not decide: a replica is missing there if it was unhealthy
        before, or if it has just started. If Traefik looks only at some containers, it looks at
        those of an application of which it lists a replica.
        """
        if not self._has_api or self._is_listed(name):
            return True
        reading = Reading(options=self._traefik.options, traefik=self._traefik)
        if not reading.routes_to(self._ctx.running(name).labels):
            return False
        application = self._ctx.settings.application_of(name)
        same = application.services if application is not None else ()
        return not reading.is_constrained or any(map(self._is_listed, same))

    def _is_listed(self, name: str) -> bool:
        """Return whether Traefik sends requests to a container of a replica, or has sent some."""
        if name not in self._known and any(map(self._uses, containers_of(self._ctx, name))):
            self._known.add(name)
        return name in self._known

    def _drain(self, name: str, container: Container, *, until_finished: bool) -> None:
        super()._drain(name, container, until_finished=until_finished)
        self._taken_out.add(name)

    def _wait_for_old_addresses(self, names: Sequence[str]) -> None:
        """Wait until Traefik has dropped containers that stopped although it still listed them.

        The engine gives their addresses to the next containers, so the API would list a new
        container that Traefik does not know yet.
        """
        if set(names) & set(self._stopping) - self._taken_out:
            self._ctx.sleep(self._applied_within)
        self._taken_out -= set(names)

    def _others_serve(self, name: str) -> bool:
        if not self._has_api:
            return super()._others_serve(name)
        container = self._ctx.container(name)
        users = self._users(container) if container is not None else None
        return bool(users) and all(each.up - self._addresses_of_stopping() for each in users or ())

    def _wait_until_out(self, name: str, container: Container) -> None:
        if not self._has_api:
            self._wait_for_health(container, "unhealthy", drained_within(container))
            return
        within = drained_within(container) + self._applied_within
        users = self._poll(lambda: self._users(container), lambda users: users == [], within)
        if users != []:
            services = ", ".join(each.name for each in users or ())
            raise ProbeFailed(
                f"Traefik still sends requests to {name}"
                f" ({services or 'its API no longer answers'})",
                where=self._traefik.container.name,
                todo="see whether its health check fails: `docker inspect -f"
                f" '{{{{json .State.Health}}}}' {container.name}`",
            )

    def _wait_until_in(self, name: str, container: Container) -> None:
        within = healthy_within(container)
        if not self._has_api:
            self._wait_for_health(container, "healthy", within)
        elif not self._poll(lambda: self._users(container), bool, within + self._applied_within):
            raise ProbeFailed(
                f"Traefik sends no requests to {name}: no service of it has its address",
                where=self._traefik.container.name,
                todo=f"see its labels, its health (`cosmicdeploy status`), and"
                f" `cosmicdeploy logs {self._ctx.settings.services.proxy}`",
            )

    def _wait_for_health(self, container: Container, wanted: str, within: float) -> None:
        """Wait until the engine reports this health, and then until Traefik has applied it.

        Raises `ProbeFailed` if the engine does not report it within `within` seconds.
        """

        def health() -> str:
            now = self._ctx.engine.container(container.id)
            return (now.health or "healthy") if now is not None else "removed"

        found = self._poll(health, lambda found: found == wanted, within)
        if found != wanted:
            raise ProbeFailed(
                f"{container.name} is still {found}, and should be {wanted}",
                where=container.name,
                todo="see its health check in the compose file",
            )
        self._ctx.sleep(self._applied_within)

    @property
    def _applied_within(self) -> float:
        """Seconds within which Traefik applies what the engine reports."""
        return self._traefik.throttle + SLACK

    @cached_property
    def _traefik(self) -> Traefik:
        found = find_traefik(self._ctx)
        if found is None:
            raise EngineError("Traefik does not run", where=str(self._ctx.settings.services.proxy))
        return found

    @cached_property
    def _has_api(self) -> bool:
        return read_services(self._ctx, self._traefik) is not None

    def _users(self, container: Container) -> list[RoutedService] | None:
        """Return the services that send requests to a container; None if the API is silent."""
        services = read_services(self._ctx, self._traefik)
        return None if services is None else using(services, container.addresses.values())

    def _uses(self, container: Container) -> bool:
        return self._has_api and bool(self._users(container))

    def _addresses_of_stopping(self) -> set[str]:
        stopping = (self._ctx.container(name) for name in self._stopping)
        return {a for each in stopping if each is not None for a in each.addresses.values()}

    def _poll(
        self, query: Callable[[], Result], until: Callable[[Result], object], within: float
    ) -> Result:
        return poll(
            query,
            until=until,
            every=POLL_SECONDS,
            within=within,
            sleep=self._ctx.sleep,
        )
