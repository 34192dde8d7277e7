"""Find the replicas that may get another address, which nginx only learns by a reload."""

from __future__ import annotations

from collections.abc import Iterable

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups
from cosmicdeploy.proxy.nginx.server import find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import groups
from cosmicdeploy.proxy.replicas import names, replica_hosts


def may_need_reload(ctx: Context, replicas: Iterable[str]) -> list[str]:
    """Return those of these replicas whose new container may need a reload of nginx.

    Such replicas have no fixed address, and nginx resolves their names only rarely, or only when it
    starts or reloads. Empty if the proxy is not nginx, or does not run. Raises `ConfigError` if
    nginx would not start with its present configuration.
    """
    movable = [name for name in replicas if not _has_fixed_address(ctx, name)]
    nginx = find_nginx(ctx) if movable else None
    if nginx is None:
        return []
    hosts, tree = replica_hosts(ctx), read_configuration(ctx, nginx)
    policies = policies_of(hosts, tree, len(nginx.workers))
    late = {name for name, policy in policies.items() if policy.is_resolved_late}
    known = {
        server.host
        for group in replica_groups(hosts, groups(tree))
        for server in group.servers
        if "resolve" not in server.options
    }
    return [name for name in movable if name in late or names(ctx, name) & known]


def _has_fixed_address(ctx: Context, name: str) -> bool:
    """Whether the replica has a fixed address in each network that it shares with the proxy.

    If it shares none with the proxy, whether it has one in each of its networks.
    """
    proxy, own = ctx.settings.services.proxy, ctx.service(name).networks
    others = {each.network for each in ctx.service(proxy).networks} if proxy else set()
    shared = [each for each in own if each.network in others]
    return all(each.ipv4_address for each in shared or own)
