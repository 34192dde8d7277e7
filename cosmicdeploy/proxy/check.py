"""The verification point `proxy`: nginx finds every replica and loses no request in a rollout.

The point fails if nginx would not start, or if nginx sends requests to an address that no replica
has. A flaw that only costs requests or time during a rollout is a warning, graded by its cost.
"""

from __future__ import annotations

from functools import partial

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, proxy_is_stopped
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.advice import Finding, worst_first
from cosmicdeploy.proxy.drain import flag_file_location, flagged
from cosmicdeploy.proxy.flaws import configuration_flaws, hosts_of
from cosmicdeploy.proxy.nginx.configuration import Directive
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import groups
from cosmicdeploy.proxy.replicas import replica_groups, replica_hosts, unknown_addresses
from cosmicdeploy.text.formatting import counted

_result = partial(
    CheckResult, point="proxy", expected="an nginx that finds every replica, after a restart too"
)


def proxy(ctx: Context) -> CheckResult:
    """Check that nginx would start with its present configuration, and knows the replicas."""
    if ctx.settings.services.proxy is None:
        return skipped("proxy", "the stack has no load balancer")
    nginx = find_nginx(ctx)
    if nginx is None and proxy_is_stopped(ctx):
        return skipped("proxy", f"the proxy is stopped, and {UNTIL_RESUME}")
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
    flaws = configuration_flaws(ctx, tree, len(nginx.workers))
    if flaws is None:
        return skipped("proxy", "none of nginx's servers is a replica")
    if unknown := unknown_addresses(ctx, hosts, own_groups):
        return _result(
            ok=False,
            found=f"nginx sends requests to {', '.join(unknown)}, which no replica has",
            todo="give the replicas these addresses in the compose file, or correct the addresses "
            "in nginx's configuration",
        )
    graded = worst_first([*out_of_service_flaws(ctx, nginx), *flaws])
    policies, servers = policies_of(hosts, tree, len(nginx.workers)), hosts_of(own_groups)
    in_groups = sum(bool(own & servers) for own in hosts.values())
    found = f"nginx knows {counted(in_groups, 'replica')}, in {counted(len(own_groups), 'group')}"
    if resolved := len(policies) - in_groups:
        found += f", and resolves the name of {counted(resolved, 'replica')}"
    stake = graded[0].stake if graded else ""
    return _result(
        ok=True, found=found, warnings=tuple(dict.fromkeys(map(str, graded))), stake=stake
    )


def out_of_service_flaws(ctx: Context, nginx: Nginx) -> list[Finding]:
    """Return a finding for each replica that a flag file leaves out of service."""
    return [
        Finding(
            name,
            "in service",
            "out of service",
            "requests",
            todo=f"remove {flag_file_location(ctx, nginx.container, name)}",
            lost="requests while the other replicas are away",
        )
        for name in flagged(ctx, nginx.container)
    ]
