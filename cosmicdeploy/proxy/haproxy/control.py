"""Read and change HAProxy's servers during one rollout; remember which ones were taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, EngineError, EngineUnavailable
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.haproxy.configuration import socket_of
from cosmicdeploy.proxy.haproxy.process import HAProxy, find_haproxy
from cosmicdeploy.proxy.haproxy.replicas import must_not_persist, taken_out
from cosmicdeploy.proxy.haproxy.runtime import Server, read_servers, set_address, set_state

POLL_SECONDS = 0.1


class ServerControl:
    """The servers of the HAProxy that runs now. Not reusable.

    `taken_out` maps each server that is out of service because of a run, as BACKEND/SERVER, to the
    address that it had then; "" if that is unknown. `adopted` are the replicas of which `adopt` has
    found servers out of service.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.taken_out: dict[str, str] = {}
        self.adopted: list[str] = []

    @cached_property
    def haproxy(self) -> HAProxy:
        """The running HAProxy. Raises `EngineError` if it does not run."""
        found = find_haproxy(self._ctx)
        if found is None:
            raise EngineError("HAProxy does not run", where=str(self._ctx.settings.services.proxy))
        return found

    def read(self) -> list[Server]:
        """Return all servers. Raises `ConfigError` and `EngineError`."""
        return read_servers(self._ctx, self.haproxy)

    @cached_property
    def is_usable(self) -> bool:
        """Whether the runtime socket can be used; if not, says why, once."""
        try:
            self.read()
            self._require_admin()
        except EngineUnavailable:
            raise
        except (ConfigError, EngineError) as error:
            self._ctx.say(f"HAProxy is only observed: {error.what} ({error.where})")
            return False
        return True

    def _require_admin(self) -> None:
        """Raise `ConfigError` if HAProxy would refuse every change."""
        if not socket_of(self.haproxy.sections, only_admin=True):
            raise ConfigError(
                "HAProxy's runtime socket may only be read",
                where="stats socket",
                todo="add `level admin` to it (docs/haproxy.md)",
            )

    def adopt(self, kept: Collection[str]) -> None:
        """Read which servers of the replicas are out of service, except those in `kept`.

        Raises `ConfigError` and `EngineError`.
        """
        servers = [server for server in self.read() if server.path not in kept]
        by_replica = taken_out(self._ctx, self.haproxy, servers)
        self.adopted = list(by_replica)
        self.taken_out |= {server.path: "" for own in by_replica.values() for server in own}

    def take_out(self, servers: Iterable[Server]) -> None:
        """Stop new requests to these servers. Raises `ConfigError` and `EngineError`."""
        for server in servers:
            # A drained server still gets the requests of clients with a cookie for it.
            state = "maint" if must_not_persist(self.haproxy, server) else "drain"
            self.taken_out[server.path] = server.address
            set_state(self._ctx, self.haproxy, server.path, state)

    def wait_until_finished(self, paths: Collection[str], within: float) -> int:
        """Wait until these servers have no request in flight; return how many are left.

        `within` is in seconds.
        """

        def in_flight() -> int:
            return sum(server.sessions for server in self.read() if server.path in paths)

        return poll(
            in_flight,
            until=lambda count: not count,
            every=POLL_SECONDS,
            within=within,
            sleep=self._ctx.sleep,
        )

    def move(self, server: Server, address: str) -> None:
        """Send new requests to another address of the same server."""
        set_address(self._ctx, self.haproxy, server.path, address)

    def put_in(self, paths: Iterable[str]) -> None:
        """Make servers that were taken out ready again."""
        for path in [path for path in paths if path in self.taken_out]:
            set_state(self._ctx, self.haproxy, path, "ready")
            del self.taken_out[path]

    def put_in_renewed(self, servers: Sequence[Server], live: Collection[str] = ()) -> None:
        """Make those servers ready again whose address has changed, or is one of the `live` ones.

        A server that keeps the address of a stopped container stays out of service.
        """
        self.put_in(
            [
                server.path
                for server in servers
                if server.address in live or server.address != self.taken_out.get(server.path)
            ]
        )
