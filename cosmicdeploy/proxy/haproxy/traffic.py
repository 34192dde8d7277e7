"""Take replicas out of service through HAProxy's runtime socket, and put them in service again.

HAProxy applies each change immediately and without a reload, so no client's connection is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.draining.in_flight import wait_until_closed
from cosmicdeploy.proxy.haproxy.control import POLL_SECONDS, ServerControl
from cosmicdeploy.proxy.haproxy.replicas import at_addresses, backends_of, declared, servers_of
from cosmicdeploy.proxy.haproxy.runtime import Server
from cosmicdeploy.proxy.kept_out import kept_out
from cosmicdeploy.proxy.replicas import addresses as addresses_of
from cosmicdeploy.proxy.replicas import addresses_for_proxy, superseded_addresses
from cosmicdeploy.proxy.traffic import ObservedTraffic
from cosmicdeploy.text.formatting import counted

# In seconds: how long to wait for requests that the container finishes after its stop signal, too.
FINISHING_SECONDS = 2.0
# In seconds: how long HAProxy may take to resolve a new address, and to check its server.
NOTICED_WITHIN = 30.0
# In seconds: how late HAProxy may still hear that a name does not exist. HAProxy asks for each name
# once a second. While a container is away, Docker's DNS asks the host's servers for its name, and
# their answer that there is none may come after the new container is ready. HAProxy then takes the
# server out until its next answer. Measured with HAProxy 2.6 and `hold nx 1s`: in 3 of 8 deploys,
# requests failed while the next replica was drained.
STALE_ANSWER_WITHIN = 2.5
Left = TypeVar("Left", bound=Collection[str])
TODO = "see `show servers state` at HAProxy's runtime socket, and `cosmicdeploy logs proxy`"


class HAProxyTraffic(ObservedTraffic):
    """The `Traffic` of HAProxy. Not reusable.

    Without a usable runtime socket, HAProxy is only observed.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._control = ServerControl(ctx)
        self._stopping: Collection[str] = ()
        # Replica → its servers before its container was replaced.
        self._former: dict[str, set[str]] = {}

    def before_stop(self, running: Mapping[str, Container]) -> None:
        self._stopping = list(running)
        if self._control.is_usable:
            servers = self._control.read()
            for name in running:
                self._remember(name, servers_of(self._ctx, servers, name))

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        """Return whether each backend of the replica keeps another server that gets requests.

        Servers of replicas that stop at the same time do not count.
        """
        if not self._control.is_usable:
            return False
        servers = self._control.read()
        own = servers_of(self._ctx, servers, name)
        stopping = {path for each in self._stopping for path in self._former.get(each, ())}
        left = [s for s in servers if s.gets_requests and s.path not in stopping]
        return bool(own) and backends_of(own) <= backends_of(left)

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        own = at_addresses(self._control.read(), container.addresses.values())
        self._drain(name, own, until_finished=until_finished)

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        if not self._control.is_usable:
            return False
        servers = self._control.read()
        own = at_addresses(servers, container.addresses.values())
        left = [s for s in servers if s.gets_requests and s not in own]
        if own and backends_of(own) <= backends_of(left):
            self._drain(name, own, until_finished=until_finished)
            return True
        if not self._move_beside(name, own, container):
            return False
        # Its servers now have the address of the other container: only open requests are left.
        patience = self._patience(name, until_finished=until_finished)
        connections = wait_until_closed(self._ctx, container, patience)
        self._say_unfinished(name, len(connections), until_finished=until_finished)
        return True

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        known = [name for name in names if self._is_known(name)]
        for name in known:
            self._let_in(name, self._ctx.running(name))
        if any(map(self._may_be_forgotten, known)):
            self._ctx.sleep(STALE_ANSWER_WITHIN)
            for name in known:
                self._let_in(name, self._ctx.running(name))
        if unknown := [name for name in names if name not in known]:
            super().put_in(unknown, moved=moved)

    def readmit(self, name: str, container: Container) -> None:
        if self._is_known(name):
            self._let_in(name, container)

    def superseded_stopped(self, names: Sequence[str]) -> None:
        if not self._control.taken_out:
            return

        def attempt() -> Collection[str]:
            self._control.put_in_renewed(self._control.read())
            return self._control.taken_out

        if kept := self._poll(attempt):
            self._ctx.say(
                f"HAProxy still has the addresses of stopped containers: {', '.join(kept)} stay out"
                " of service; let it resolve names with `hold valid 1s` (docs/haproxy.md)"
            )

    def adopt(self) -> None:
        if self._control.is_usable:
            self._control.adopt(kept_out(self._ctx))

    def drained(self) -> list[str]:
        return [name for name in self._control.adopted if self._is_ready(name)]

    def put_all_in(self) -> None:
        self._control.put_in(list(self._control.taken_out))

    def _is_known(self, name: str) -> bool:
        if not self._control.is_usable:
            return False
        servers = self._control.read()
        superseded = at_addresses(servers, superseded_addresses(self._ctx, name))
        own = [*servers_of(self._ctx, servers, name), *superseded]
        self._remember(name, own)
        return bool(self._former[name])

    def _may_be_forgotten(self, name: str) -> bool:
        """Return whether HAProxy may still hear that the name of a replica does not exist.

        It may if it resolves the name while it runs, and if no container had the name for a moment.
        """
        if name not in self._stopping:
            return False
        own = [s for s in self._control.read() if s.path in self._former[name]]
        lines = (declared(self._control.haproxy, server) for server in own)
        return any(line is not None and line.is_resolved for line in lines)

    def _remember(self, name: str, servers: Sequence[Server]) -> None:
        """Remember a replica's servers, except those that an operator has taken out of service."""
        by_run = self._control.taken_out
        paths = {s.path for s in servers if not s.is_taken_out or s.path in by_run}
        self._former.setdefault(name, set()).update(paths)

    def _let_in(self, name: str, container: Container) -> None:
        """Wait until HAProxy sends requests to a container of the replica.

        Raises `ProbeFailed` if it does not: the next replica must not be stopped then.
        """
        addresses = addresses_for_proxy(self._ctx, container)
        backends = {path.partition("/")[0] for path in self._former[name]}

        def attempt() -> set[str]:
            servers = self._control.read()
            self._control.put_in_renewed(servers, addresses)
            present = at_addresses(servers, addresses)
            without = backends - backends_of(present)
            self._move(name, [s for s in servers if s.backend in without], container)
            return backends - backends_of(s for s in present if s.gets_requests)

        if self._poll(attempt):
            raise ProbeFailed(
                f"HAProxy sends no requests to {name}",
                where=self._control.haproxy.container.name,
                todo=TODO,
                details=[
                    f"{server.path}: address {server.address or 'none'}, {server.check}"
                    for server in self._control.read()
                    if server.path in self._former[name]
                ],
            )

    def _move(self, name: str, servers: Sequence[Server], container: Container) -> None:
        """Give the replica's servers this container's address, unless HAProxy will find it."""
        running = superseded_addresses(self._ctx, name) | addresses_of(self._ctx, name)
        others = running - set(container.addresses.values())
        for server in servers:
            line = declared(self._control.haproxy, server)
            if server.path not in self._former[name] or (line is not None and line.slots):
                continue
            # HAProxy keeps an address as long as the name resolves to it, as it does while the
            # other container runs.
            is_resolved = line is not None and line.is_resolved
            if server.address in others or not is_resolved:
                self._control.move(server, addresses_for_proxy(self._ctx, container)[0])

    def _move_beside(self, name: str, servers: Sequence[Server], container: Container) -> bool:
        """Give a container's servers the address of the container in place, which runs beside it.

        These servers cannot be drained: they may be the only ones of their backend, since HAProxy
        may have resolved the name that both containers have to this one alone. Returns False if no
        other container is ready, or if HAProxy itself gives the servers their addresses
        (`server-template`).
        """
        if not servers:
            return True
        in_place = self._ctx.container(name)
        if in_place is None or not in_place.is_ready or in_place.id == container.id:
            return False
        lines = [declared(self._control.haproxy, server) for server in servers]
        if any(line is not None and line.slots for line in lines):
            return False
        for server in servers:
            self._control.move(server, addresses_for_proxy(self._ctx, in_place)[0])
        return True

    def _drain(self, name: str, servers: Sequence[Server], *, until_finished: bool) -> None:
        self._control.take_out([server for server in servers if not server.is_taken_out])
        patience = self._patience(name, until_finished=until_finished)
        left = self._control.wait_until_finished({s.path for s in servers}, patience)
        self._say_unfinished(name, left, until_finished=until_finished)

    def _say_unfinished(self, name: str, left: int, *, until_finished: bool) -> None:
        if left and until_finished:
            self._ctx.say(
                f"{name} is drained, except for {counted(left, 'request')} still in flight after"
                " its grace period"
            )

    def _patience(self, name: str, *, until_finished: bool) -> float:
        grace = self._ctx.service(name).stop_grace_period
        return grace if until_finished else min(grace, FINISHING_SECONDS)

    def _poll(self, attempt: Callable[[], Left]) -> Left:
        """Repeat the attempt until nothing is left, or until `NOTICED_WITHIN` is over."""
        return poll(
            attempt,
            until=lambda left: not left,
            every=POLL_SECONDS,
            within=NOTICED_WITHIN,
            sleep=self._ctx.sleep,
        )
