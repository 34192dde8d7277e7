"""How long nginx sends nothing to a replica that was away, by its own configuration.

A server that fails `max_fails` requests gets none for `fail_timeout`. Each group of servers, and
without a zone each worker process, counts for itself; nginx shows none of these counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context import Context
from cosmicdeploy.proxy.advice import FAIL_TIMEOUT, seconds
from cosmicdeploy.proxy.nginx.server import find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.upstreams import Group, Server, groups
from cosmicdeploy.proxy.replicas import ReplicaHosts, replica_groups, replica_hosts

# In seconds: nginx counts whole seconds and waits for more than fail_timeout.
SLACK = 1.5


@dataclass(frozen=True, kw_only=True)
class UpstreamPolicy:
    """How nginx treats a replica.

    `fail_timeout`: seconds for which it may get no request after it was away; 0 if nginx never
    passes it over. `in_rotation`: whether it gets requests while no server fails; then its turn
    comes within `turns` requests.
    """

    fail_timeout: float = 0.0
    in_rotation: bool = True
    turns: int = 1

    @property
    def unavailable_for(self) -> float:
        """Seconds after which every worker sends it requests again."""
        return self.fail_timeout + SLACK if self.fail_timeout else 0.0


# Where nginx's configuration cannot be read.
DEFAULT_POLICY = UpstreamPolicy(fail_timeout=seconds(FAIL_TIMEOUT))


def upstream_policies(ctx: Context) -> Mapping[str, UpstreamPolicy]:
    """Return the policy of each replica that nginx knows; none if the proxy is not nginx or does
    not run.

    Raises `ConfigError` if nginx would not start with its present configuration.
    """
    nginx = find_nginx(ctx)
    if nginx is None:
        return {}
    hosts = replica_hosts(ctx)
    with_replicas = replica_groups(hosts, groups(read_configuration(ctx, nginx)))
    return policies_of(hosts, with_replicas, len(nginx.workers))


def policies_of(
    hosts: ReplicaHosts, with_replicas: Sequence[Group], workers: int
) -> dict[str, UpstreamPolicy]:
    """As `upstream_policies`, for groups that were read already."""
    policies = {name: _policy(own, with_replicas, workers) for name, own in hosts.items()}
    return {name: policy for name, policy in policies.items() if policy is not None}


def _policy(own: set[str], with_replicas: Sequence[Group], workers: int) -> UpstreamPolicy | None:
    """Return the policy of the replica with these names and addresses."""
    places = [
        (group, server) for group in with_replicas for server in group.servers if server.host in own
    ]
    if not places:
        return None
    in_rotation = [
        (group, server) for group, server in places if group.is_balanced and server.takes_requests
    ]
    return UpstreamPolicy(
        fail_timeout=max(_fail_timeout(*place) for place in places),
        in_rotation=bool(in_rotation),
        turns=max((_turns(*place, workers) for place in in_rotation), default=1),
    )


def _fail_timeout(group: Group, server: Server) -> float:
    """Return 0 for a server that is never passed over: the only one of its group, or one that is
    down and so never gets a request."""
    never = "down" in server.options or server.options.get("max_fails") == "0"
    if never or len(group.servers) < 2:
        return 0.0
    return seconds(server.options.get("fail_timeout", FAIL_TIMEOUT))


def _turns(group: Group, server: Server, workers: int) -> int:
    total = sum(_weight(each) for each in group.servers if each.takes_requests)
    counting = 1 if "zone" in group.directives else max(1, workers)
    return counting * math.ceil(total / _weight(server))


def _weight(server: Server) -> int:
    return max(1, int(server.options.get("weight", "1")))
