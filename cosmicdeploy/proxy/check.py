"""A point of the checklist: is the load balancer set up so that nobody notices a deploy?

It fails where something is plainly broken; what would cost requests in a roll is a warning.
"""

from __future__ import annotations

from functools import partial

from cosmicdeploy.context import Context
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.probes.maintenance import UNTIL_RESUME, proxy_is_stopped
from cosmicdeploy.probes.result import CheckResult, skipped
from cosmicdeploy.proxy.advice import Finding, group_findings, pass_findings
from cosmicdeploy.proxy.drain import out_of, place_of
from cosmicdeploy.proxy.nginx.configuration import Directive
from cosmicdeploy.proxy.nginx.server import Nginx, configuration, find
from cosmicdeploy.proxy.nginx.upstreams import Group, groups, passes
from cosmicdeploy.proxy.replicas import Known, groups_of, known_as, nobodys
from cosmicdeploy.text.formatting import counted

_result = partial(
    CheckResult, point="proxy", expected="an nginx that finds every replica, after a restart too"
)


def proxy(ctx: Context) -> CheckResult:
    """nginx would start with what it has, and its servers are the replicas."""
    if ctx.settings.services.proxy is None:
        return skipped("proxy", "the stack has no load balancer")
    found = find(ctx)
    if found is None and proxy_is_stopped(ctx):
        return skipped("proxy", f"it is stopped, and {UNTIL_RESUME}")
    if found is None:
        return skipped("proxy", "no nginx runs there")
    try:
        tree = configuration(ctx, found)
    except ConfigError as error:
        return _result(ok=False, found="; ".join((error.what, *error.details)), todo=error.todo)
    return _judged(ctx, found, tree)


def _judged(ctx: Context, found: Nginx, tree: tuple[Directive, ...]) -> CheckResult:
    known = known_as(ctx)
    ours = groups_of(known, groups(tree))
    if not ours:
        return skipped("proxy", "none of its servers is a replica")
    if wrong := nobodys(ctx, known, ours):
        return _result(
            ok=False,
            found=f"it sends requests to {', '.join(wrong)}, which no replica has",
            todo="give the replicas these addresses in the compose file, or correct nginx's",
        )
    findings = [*_missing(known, ours), *_out(ctx, found)]
    for group in ours:
        findings += group_findings(group, ctx.settings.restart.pause, len(found.workers))
    for place in passes(tree):
        findings += pass_findings(place, ours, _away(ctx))
    warnings = tuple(dict.fromkeys(str(finding) for finding in findings))
    replicas, within = counted(len(known), "replica"), counted(len(ours), "group")
    said = f"nginx knows {replicas}, in {within}"
    return _result(ok=True, found=said, warnings=warnings)


def _away(ctx: Context) -> int:
    """How many replicas a deploy may have away at a time."""
    return min(ctx.settings.restart.max_unavailable, len(ctx.settings.services.app) - 1)


def _missing(known: Known, ours: list[Group]) -> list[Finding]:
    hosts = {server.host for group in ours for server in group.servers}
    missing = [name for name, names in known.items() if not names & hosts]
    return [
        Finding(name, "a server in nginx's upstream", "none", f"server {name}:PORT;")
        for name in missing
    ]


def _out(ctx: Context, found: Nginx) -> list[Finding]:
    return [
        Finding(
            name,
            "in service",
            "taken out",
            f"nothing: remove {place_of(ctx, found.container, name)}",
        )
        for name in out_of(ctx, found.container)
    ]
