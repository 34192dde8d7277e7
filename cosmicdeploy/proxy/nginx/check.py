"""The verification point `proxy`: nginx finds every replica and loses no request in a rollout.

The point fails if nginx would not start, or if nginx sends requests to an address that no replica
has. A flaw that only costs requests or time during a rollout is a warning, graded by its cost.
"""

from __future__ import annotations

from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.draining.flags import flag_file_location, flagged_in
from cosmicdeploy.proxy.findings import Finding, missing_replicas, worst_first
from cosmicdeploy.proxy.nginx.advice import group_findings, pass_findings, resolver_findings
from cosmicdeploy.proxy.nginx.configuration import Directive
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups, unknown_addresses
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import Group, groups, pass_directives
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.proxy.rollout_size import most_down
from cosmicdeploy.text.formatting import counted

_result = partial(
    CheckResult, point="proxy", expected="an nginx that finds every replica, after a restart too"
)


def check(ctx: Context) -> CheckResult:
    """Check that nginx would start with its present configuration, and knows the replicas."""
    nginx = find_nginx(ctx)
    if nginx is None:
        return skipped("proxy", "the proxy is not nginx, or does not run")
    try:
        tree = read_configuration(ctx, nginx)
    except ConfigError as error:
        return _result(ok=False, found="; ".join((error.what, *error.details)), todo=error.todo)
    return _check_configuration(ctx, nginx, tree)


def _check_configuration(ctx: Context, nginx: Nginx, tree: tuple[Directive, ...]) -> CheckResult:
    hosts = replica_hosts(ctx)
    own_groups = replica_groups(hosts, groups(tree))
    policies = policies_of(hosts, tree, len(nginx.workers))
    if not policies:
        return skipped("proxy", "none of nginx's servers is a replica")
    if unknown := unknown_addresses(ctx, hosts, own_groups):
        return _result(
            ok=False,
            found=f"nginx sends requests to {', '.join(unknown)}, which no replica has",
            todo="give the replicas these addresses in the compose file, or correct the addresses "
            "in nginx's configuration",
        )
    servers = _servers(own_groups)
    known = [name for name, own in hosts.items() if own & servers]
    findings = [
        *missing_replicas(ctx, known, "a server in nginx's upstream", "write server {name}:PORT;"),
        *_out_of_service(ctx, nginx),
    ]
    for group in own_groups:
        findings += group_findings(group, ctx.settings.restart.pause, len(nginx.workers))
    for directive in pass_directives(tree):
        findings += pass_findings(directive, own_groups, most_down(ctx))
    findings += resolver_findings(max(each.answer_valid_for for each in policies.values()))
    graded = worst_first(findings)
    found = f"nginx knows {counted(len(known), 'replica')}, in {counted(len(own_groups), 'group')}"
    if resolved := len(policies) - len(known):
        found += f", and resolves the name of {counted(resolved, 'replica')}"
    stake = graded[0].stake if graded else ""
    return _result(ok=True, found=found, warnings=tuple(map(str, graded)), stake=stake)


def _servers(groups_with_replicas: list[Group]) -> set[str]:
    return {server.host for group in groups_with_replicas for server in group.servers}


def _out_of_service(ctx: Context, nginx: Nginx) -> list[Finding]:
    return [
        Finding(
            name,
            "in service",
            "out of service",
            f"remove {flag_file_location(ctx, nginx.container, name)}",
            "requests",
        )
        for name in flagged_in(ctx, nginx.container)
    ]
