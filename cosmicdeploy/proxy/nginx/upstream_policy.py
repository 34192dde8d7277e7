"""Derive from nginx's configuration for how long nginx may skip a replica that was down.

After `max_fails` failed requests, a server gets no requests for `fail_timeout`. nginx counts the
failures separately in each group of servers, and without a `zone` also in each worker process. The
counts cannot be read from nginx.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups
from cosmicdeploy.proxy.nginx.resolved_names import ANY, resolved_names
from cosmicdeploy.proxy.nginx.server import find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.units import FAIL_TIMEOUT, number, seconds
from cosmicdeploy.proxy.nginx.upstreams import Group, Server, groups
from cosmicdeploy.proxy.replicas import ReplicaHosts, replica_hosts

# Seconds to wait beyond `fail_timeout`: nginx counts whole seconds, and skips a server until more
# than `fail_timeout` of them have passed.
SLACK = 1.5
# In seconds. If nginx uses an answer for longer, it is reloaded instead: see `stale_names`.
LONGEST_WAIT = 60.0


@dataclass(frozen=True, kw_only=True)
class UpstreamPolicy:
    """How nginx distributes requests to a replica.

    `fail_timeout`: seconds for which the replica may get no request after it was down; 0 if nginx
    never skips the replica. `in_rotation`: whether the replica gets requests while no server fails.
    `turns`: a replica in rotation gets at least one of this many requests. `answer_valid_for`:
    seconds for which nginx uses a name server's answer about the replica's name; 0 if nginx does
    not resolve the name while nginx runs.
    """

    fail_timeout: float = 0.0
    in_rotation: bool = True
    turns: int = 1
    answer_valid_for: float = 0.0

    @property
    def skipped_for(self) -> float:
        """Seconds for which nginx may skip the replica after it was down.

        That includes `answer_valid_for`: an answer from the time when the replica was down does not
        contain its address. Answers that are valid for too long do not count: see
        `is_resolved_late`.
        """
        answer = 0.0 if self.is_resolved_late else self.answer_valid_for
        return max(self.fail_timeout, answer)

    @property
    def unavailable_for(self) -> float:
        """Seconds after which every worker sends requests to the replica again."""
        return self.skipped_for + SLACK if self.skipped_for else 0.0

    @property
    def is_resolved_late(self) -> bool:
        """Whether nginx has to be reloaded for a new address, since a wait would take too long."""
        return self.answer_valid_for > LONGEST_WAIT


# Used if nginx's configuration cannot be read.
DEFAULT_POLICY = UpstreamPolicy(fail_timeout=seconds(FAIL_TIMEOUT))


def upstream_policies(ctx: Context) -> Mapping[str, UpstreamPolicy]:
    """Return the policy of each replica that nginx knows, by the replica's name.

    Empty if the proxy is not nginx or does not run. Raises `ConfigError` if nginx would not start
    with its present configuration.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return {}
    hosts = replica_hosts(ctx)
    return policies_of(hosts, read_configuration(ctx, nginx), len(nginx.workers))


def policies_of(
    hosts: ReplicaHosts, tree: tuple[Directive, ...], workers: int
) -> dict[str, UpstreamPolicy]:
    """Return the policy of each replica that the configuration names, by the replica's name.

    `workers` is the number of nginx's worker processes.
    """
    own_groups, resolved = replica_groups(hosts, groups(tree)), resolved_names(tree)
    policies = {name: _policy(own, own_groups, resolved, workers) for name, own in hosts.items()}
    return {name: policy for name, policy in policies.items() if policy is not None}


def _policy(
    own: set[str],
    groups_with_replicas: Sequence[Group],
    resolved: Mapping[str, float],
    workers: int,
) -> UpstreamPolicy | None:
    """Return the policy of the replica with these names and addresses; None if nginx has none."""
    places = [
        (group, server)
        for group in groups_with_replicas
        for server in group.servers
        if server.host in own
    ]
    by_resolver = [resolved[name] for name in (own if places else {*own, ANY}) & resolved.keys()]
    if not places and not by_resolver:
        return None
    in_rotation = [
        (group, server) for group, server in places if group.is_balanced and server.takes_requests
    ]
    return UpstreamPolicy(
        fail_timeout=max((_fail_timeout(*place) for place in places), default=0.0),
        in_rotation=bool(in_rotation) or not places,
        turns=max((_turns(*place, workers) for place in in_rotation), default=1),
        answer_valid_for=max(by_resolver, default=0.0),
    )


def _fail_timeout(group: Group, server: Server) -> float:
    """Return the seconds for which nginx skips a failed server; 0 if it never does."""
    # nginx never uses a server that is `down`, and never skips the only server of a group.
    never = "down" in server.options or server.options.get("max_fails") == "0"
    if never or len(group.servers) < 2:
        return 0.0
    return seconds(server.options.get("fail_timeout", FAIL_TIMEOUT))


def _turns(group: Group, server: Server, workers: int) -> int:
    total = sum(_weight(s) for s in group.servers if s.takes_requests)
    # Without a zone, each worker goes through the servers independently.
    counters = 1 if "zone" in group.directives else max(1, workers)
    return counters * math.ceil(total / _weight(server))


def _weight(server: Server) -> int:
    return max(1, number(server.options.get("weight", "1"), 1))
