"""Find the flaws of nginx's configuration that cost requests or time in a rollout."""

from __future__ import annotations

from collections.abc import Sequence

from cosmicdeploy.context.context import Context
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.findings import Finding, missing_replicas
from cosmicdeploy.proxy.nginx.flaws.advice import group_findings, pass_findings, resolver_findings
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import Group, groups, pass_directives
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.proxy.rollout_size import most_down


def configuration_flaws(
    ctx: Context, tree: tuple[Directive, ...], workers: int
) -> list[Finding] | None:
    """Return the flaws of a configuration of nginx; None if it passes no requests to replicas.

    `workers` is the number of nginx's worker processes. A flaw is repeated for each place that has
    it.
    """
    hosts = replica_hosts(ctx)
    own_groups = replica_groups(hosts, groups(tree))
    policies = policies_of(hosts, tree, workers)
    if not policies:
        return None
    servers = hosts_of(own_groups)
    known = [name for name, own in hosts.items() if own & servers]
    expected, line = "a server in nginx's upstream", "server {name}:PORT;"
    findings = list(missing_replicas(ctx, known, expected, line=line))
    for group in own_groups:
        findings += group_findings(group, ctx.settings.restart.pause, workers)
    for directive in pass_directives(tree):
        findings += pass_findings(directive, own_groups, most_down(ctx), workers)
    findings += resolver_findings(max(each.answer_valid_for for each in policies.values()))
    return findings


def hosts_of(groups_with_replicas: Sequence[Group]) -> set[str]:
    """Return the hosts of all servers of these groups."""
    return {server.host for group in groups_with_replicas for server in group.servers}
