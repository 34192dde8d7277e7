"""The verification point `proxy`: nginx finds every replica and loses no request in a rollout.

The point fails if nginx would not start, or if nginx sends requests to an address that no replica
has. A flaw that only costs requests or time during a rollout is a warning, graded by its cost.
"""

from __future__ import annotations

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.declared.directives import Directive
from cosmicdeploy.proxy.draining.flags import flag_file_location, flagged_in
from cosmicdeploy.proxy.findings import Finding, Inspection, broken, judged, out_of_service
from cosmicdeploy.proxy.nginx.declared import templates_of
from cosmicdeploy.proxy.nginx.flaws.configuration import configuration_flaws, hosts_of
from cosmicdeploy.proxy.nginx.reading import read_nginx
from cosmicdeploy.proxy.nginx.replica_groups import replica_groups, unknown_addresses
from cosmicdeploy.proxy.nginx.server import Nginx, find_nginx, read_configuration
from cosmicdeploy.proxy.nginx.upstream_policy import policies_of
from cosmicdeploy.proxy.nginx.upstreams import groups
from cosmicdeploy.proxy.places import with_shown_places
from cosmicdeploy.proxy.replicas import replica_hosts
from cosmicdeploy.text.formatting import counted

EXPECTED = "an nginx that finds every replica, after a restart too"


def check(ctx: Context) -> CheckResult:
    """Check that nginx would start with its present configuration, and knows the replicas."""
    nginx = find_nginx(ctx)
    if nginx is None:
        return skipped("proxy", "the proxy is not nginx, or does not run")
    try:
        tree = read_configuration(ctx, nginx)
    except ConfigError as error:
        return broken(EXPECTED, "; ".join((error.what, *error.details)), error.todo)
    return _check_configuration(ctx, nginx, tree)


def _check_configuration(ctx: Context, nginx: Nginx, tree: tuple[Directive, ...]) -> CheckResult:
    hosts = replica_hosts(ctx)
    own_groups = replica_groups(hosts, groups(tree))
    flaws = configuration_flaws(ctx, tree, len(nginx.workers))
    if flaws is None:
        return skipped("proxy", "none of nginx's servers is a replica")
    if unknown := unknown_addresses(ctx, hosts, own_groups):
        return broken(
            EXPECTED,
            f"nginx sends requests to {', '.join(unknown)}, which no replica has",
            "give the replicas these addresses in the compose file, or correct the addresses in"
            " nginx's configuration",
        )
    policies, servers = policies_of(hosts, tree, len(nginx.workers)), hosts_of(own_groups)
    in_groups = sum(bool(own & servers) for own in hosts.values())
    found = f"nginx knows {counted(in_groups, 'replica')}, in {counted(len(own_groups), 'group')}"
    if resolved := len(policies) - in_groups:
        found += f", and resolves the name of {counted(resolved, 'replica')}"
    return judged(EXPECTED, found, [*out_of_service_flaws(ctx, nginx), *flaws])


def inspect(ctx: Context) -> Inspection:
    """Return what nginx's configuration lacks. Raises as `read_nginx` does."""
    reading = read_nginx(ctx)
    known = policies_of(replica_hosts(ctx), reading.tree, reading.workers)
    flaws = configuration_flaws(ctx, reading.tree, reading.workers) or []
    if reading.nginx is not None:
        flaws = [*out_of_service_flaws(ctx, reading.nginx), *flaws]
    shown = with_shown_places(ctx, flaws, templates_of)
    return Inspection(source=reading.source, known=list(known), findings=shown)


def out_of_service_flaws(ctx: Context, nginx: Nginx) -> list[Finding]:
    """Return a finding for each replica that a flag file leaves out of service."""
    return [
        out_of_service(name, f"remove {flag_file_location(ctx, nginx.container, name)}")
        for name in flagged_in(ctx, nginx.container)
    ]
