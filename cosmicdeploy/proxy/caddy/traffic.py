"""Take replicas out of Caddy's service, and wait for what Caddy does not show.

Caddy finds out by itself which replicas can be used: by its own requests to their health path, and
by failed requests. Its admin endpoint shows how many requests are in flight, but not what Caddy
thinks of a replica, so the deployer waits as long as Caddy may take. Caddy's configuration is never
changed: each change closes the connections of clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError, EngineError
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.urls import replica_url
from cosmicdeploy.process.polling import poll
from cosmicdeploy.proxy.caddy.process import Caddy, Json, admin_of, ask_admin, find_caddy
from cosmicdeploy.proxy.caddy.routes import (
    ReverseProxy,
    checked_files,
    reverse_proxies,
    with_replicas,
)
from cosmicdeploy.proxy.draining.drained_traffic import DrainedTraffic
from cosmicdeploy.proxy.draining.flags import flag, flag_file
from cosmicdeploy.proxy.replicas import addresses, replica_hosts, superseded_addresses, unique_names

POLL_SECONDS = 0.1
# In seconds: how long a replica's health path may take to fail once its drain file exists.
FAILS_WITHIN = 10.0
# In seconds. Measured with Caddy 2.11 and checks each 0.5 s: a replaced container's first request
# came up to so long after the container was ready. The next replica is taken out only after that,
# and serves until then. So of two replicas one is always used, and `lb_try_duration` need not be as
# long: it only has to outlast a failed try (`check.py`).
USED_WITHIN = 4.1
# In seconds, beyond the times in Caddy's configuration.
SLACK = 0.5
GOOD = range(200, 300)


class CaddyTraffic(DrainedTraffic):
    """The `Traffic` of Caddy. Not reusable.

    A replica is taken out by a flag file that Caddy looks for on each request
    (`proxy.out_of_service`), or by a drain file that its own health path looks for
    (`proxy.drain_file`), if Caddy asks that path.
    """

    def can_take_out(self, name: str, *, is_alone: bool) -> bool:
        if self._is_flagged_by_file(name):
            return is_alone and self._others_serve(name)
        is_known = self.knows_how_to_take_out(name)
        return is_known and super().can_take_out(name, is_alone=is_alone)

    def knows_how_to_take_out(self, name: str) -> bool:
        """Return whether a file can take the replica out, while another one serves."""
        return can_be_taken_out(self._ctx, self._caddy.configuration, name)

    def take_out(self, name: str, container: Container, *, until_finished: bool) -> None:
        if not self._is_flagged_by_file(name):
            super().take_out(name, container, until_finished=until_finished)
            return
        self._out.append(name)
        flag(self._ctx, name)
        self._wait_until_finished(name, container, until_finished=until_finished)

    def take_out_beside(self, name: str, container: Container, *, until_finished: bool) -> bool:
        return False  # both containers have the name by which Caddy knows the replica

    def readmit(self, name: str, container: Container) -> None:
        pass  # it was never taken out

    def put_in(self, names: Sequence[str], *, moved: bool) -> None:
        had_flags = set(names) <= set(self._out)
        self.put_all_in()
        # A superseded container still gets requests, so no client waits for Caddy to notice these.
        if any(superseded_addresses(self._ctx, name) for name in names):
            self._ctx.sleep(self._ctx.settings.restart.pause)
            return
        proxies = [each for name in names for each in self._proxies(name)]
        seconds = wait_of(proxies, was_drained=had_flags)
        self._ctx.sleep(seconds)
        if any(each.health_uri for each in proxies):
            # Connections to the replicas prove nothing: Caddy's own checks make some.
            self._ctx.sleep(self._ctx.settings.restart.pause - seconds)
        else:
            self._observe(names)

    def _wait_until_out(self, name: str, container: Container) -> None:
        """Wait until Caddy must have noticed that the replica's health path fails.

        Raises `ConfigError` if the path does not fail, although the drain file exists.
        """
        own = self._proxies(name)
        for uri in {each.health_uri for each in own}:
            self._require_failing(name, uri)
        self._ctx.sleep(max((each.noticed_within for each in own), default=0.0) + SLACK)

    def _require_failing(self, name: str, uri: str) -> None:
        url = replica_url(self._ctx, name) + uri
        last = poll(
            lambda: send_request(url),
            until=lambda response: response.status not in GOOD,
            every=POLL_SECONDS,
            within=FAILS_WITHIN,
            sleep=self._ctx.sleep,
        )
        if last.status in GOOD:
            raise ConfigError(
                f"{name} still answers {last.status} at {uri} although its drain file exists",
                where=f"proxy.drain_file: {self._ctx.settings.proxy.drain_file}",
                todo="let the application answer 503 there while the file exists, or remove the"
                " setting (docs/caddy.md)",
            )

    def _wait_until_finished(
        self, name: str, container: Container, *, until_finished: bool
    ) -> None:
        if self._in_flight(name) is None:
            super()._wait_until_finished(name, container, until_finished=until_finished)
            return
        within = self._patience(name, until_finished=until_finished)
        left = poll(
            lambda: self._in_flight(name),
            until=lambda count: not count,
            every=POLL_SECONDS,
            within=within,
            sleep=self._ctx.sleep,
        )
        self._say_unfinished(name, left or 0, "request", until_finished=until_finished)

    def _in_flight(self, name: str) -> int | None:
        """Return the requests in flight to a replica; None if Caddy does not show them."""
        caddy = self._caddy
        admin = admin_of(caddy.container, caddy.configuration)
        rows = ask_admin(self._ctx, caddy.container, admin, "/reverse_proxy/upstreams")
        own = own_hosts(self._ctx, name)
        counts = [
            each.get("num_requests", 0)
            for each in (rows if isinstance(rows, list) else ())
            if isinstance(each, dict) and str(each.get("address", "")).rpartition(":")[0] in own
        ]
        return sum(count for count in counts if isinstance(count, int)) if counts else None

    def _is_flagged_by_file(self, name: str) -> bool:
        return flag_file(self._ctx, name) in checked_files(self._caddy.configuration)

    def _proxies(self, name: str) -> list[ReverseProxy]:
        return with_replicas(self._all_proxies, replica_hosts(self._ctx)[name])

    @cached_property
    def _all_proxies(self) -> list[ReverseProxy]:
        return reverse_proxies(self._caddy.configuration)

    @cached_property
    def _caddy(self) -> Caddy:
        found = find_caddy(self._ctx)
        if found is None:
            raise EngineError("Caddy does not run", where=str(self._ctx.settings.services.proxy))
        return found


def can_be_taken_out(ctx: Context, configuration: Json, name: str) -> bool:
    """Return whether a file takes a replica out of Caddy's service, while another one serves."""
    if flag_file(ctx, name) in checked_files(configuration):
        return True
    own = with_replicas(reverse_proxies(configuration), replica_hosts(ctx)[name])
    is_asked = bool(own) and all(each.health_uri for each in own)
    # If two containers share a name, Caddy's health check may reach either.
    is_told_apart = all(each.hosts & own_hosts(ctx, name) for each in own)
    return is_asked and is_told_apart and ctx.settings.proxy.drain_file is not None


def own_hosts(ctx: Context, name: str) -> set[str]:
    """Return the names and addresses that only this replica has."""
    return unique_names(ctx, name) | addresses(ctx, name)


def wait_of(proxies: Sequence[ReverseProxy], *, was_drained: bool) -> float:
    """Return after how many seconds Caddy sends requests to a replica that was down.

    `was_drained`: no request of a client has found out that it was down.
    """
    by_checks = max((each.noticed_within for each in proxies), default=0.0)
    by_checks = max(by_checks, USED_WITHIN) if by_checks else 0.0
    failed = 0.0 if was_drained else max((each.fail_duration for each in proxies), default=0.0)
    longest = max(by_checks, failed)
    return longest + SLACK if longest else 0.0


def describe_waits(ctx: Context, replicas: Sequence[str]) -> str:
    """Describe in a plan how long Caddy makes the rollout of these replicas wait."""
    caddy = find_caddy(ctx)
    proxies = reverse_proxies(caddy.configuration) if caddy is not None else []
    hosts = replica_hosts(ctx)
    own = [each for name in replicas for each in with_replicas(proxies, hosts[name])]
    seconds = wait_of(own, was_drained=False)
    if seconds <= ctx.settings.restart.pause:
        return ""
    return (
        f"Caddy may skip a restarted replica for {seconds - SLACK:g} s: the rollout waits"
        f" {seconds:g} s after each of {len(replicas)}"
    )
