"""Find the flaws of nginx's configuration that cost requests or time in a rollout."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.advice import Finding, group_findings, pass_findings, resolver_findings
from cosmicdeploy.proxy.nginx.configuration import Directive
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import Group, groups, pass_directives
from cosmicdeploy.proxy.replicas import ReplicaHosts, replica_groups, replica_hosts
from cosmicdeploy.settings import Application
from cosmicdeploy.settings.pace import pace_of


def configuration_flaws(
    ctx: Context, tree: tuple[Directive, ...], workers: int
) -> list[Finding] | None:
    """Return the flaws of a configuration of nginx; None if none of its servers is a replica.

    `workers` is the number of nginx's worker processes. A flaw that is in several places is
    returned once for each of them.
    """
    hosts = replica_hosts(ctx)
    own_groups = replica_groups(hosts, groups(tree))
    policies = policies_of(hosts, tree, workers)
    if not policies:
        return None
    findings = _missing(ctx, hosts, own_groups)
    for group in own_groups:
        findings += group_findings(group, ctx.settings.restart.pause, workers)
    for directive in pass_directives(tree):
        findings += pass_findings(directive, own_groups, _max_down(ctx), workers)
    findings += resolver_findings(max(each.answer_valid_for for each in policies.values()))
    return findings


def hosts_of(groups_with_replicas: Sequence[Group]) -> set[str]:
    """Return the hosts of all servers of these groups."""
    return {server.host for group in groups_with_replicas for server in group.servers}


def _max_down(ctx: Context) -> int:
    """Return how many replicas of an application a deploy may have down at a time."""
    return max(_down_of(ctx, each) for each in ctx.settings.all_applications)


def _down_of(ctx: Context, application: Application) -> int:
    """Return how many replicas of one application a deploy may have down at a time.

    At least one replica stays up, so an application with one replica has 0.
    """
    replicas = application.services
    paces = [pace_of(ctx.settings, ctx.service(name)) for name in replicas]
    stopped = [pace.at_a_time or len(replicas) for pace in paces if pace.order == "stop-first"]
    return min(max(stopped, default=1), len(replicas) - 1)


def _missing(ctx: Context, hosts: ReplicaHosts, groups_with_replicas: list[Group]) -> list[Finding]:
    """Return a finding for each replica that is missing from nginx's configuration.

    An application without any replica in the configuration has no findings: its requests may not
    pass through nginx, or nginx may get the replica's name from a variable.
    """
    servers = hosts_of(groups_with_replicas)
    missing = [
        name
        for application in ctx.settings.all_applications
        if any(hosts[name] & servers for name in application.services)
        for name in application.services
        if not hosts[name] & servers
    ]
    expected, lost = "a server in nginx's upstream", "requests while the other replicas are away"
    lines = {name: f"server {name}:PORT;" for name in missing}
    return [
        Finding(name, expected, "none", "requests", line, lost=lost) for name, line in lines.items()
    ]
