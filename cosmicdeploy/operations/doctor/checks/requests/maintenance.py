"""Check that a rollback can turn clients away with a 503, instead of refusing connections."""

from __future__ import annotations

from contextlib import suppress

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.errors import ProbeFailed
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome
from cosmicdeploy.probes.maintenance import maintenance_notice
from cosmicdeploy.proxy.nginx.configuration import tests_file
from cosmicdeploy.proxy.nginx.reading import read_proxy

IN_NGINX = (
    "write these into nginx's configuration (each location with a `proxy_pass` gets the first one)"
)
FILE = "/run/cosmicdeploy/maintenance"
REFUSED = "in a rollback of data, connections are refused"
NOT_TURNED_AWAY = "a rollback of data would be undone, since nginx would let clients in"
NO_PROXY = "without a proxy, a rollback of data cannot keep clients out"


def maintenance(ctx: Context) -> Outcome:
    """Check that nginx looks for `maintenance.file`."""
    name, file = ctx.settings.services.proxy, ctx.settings.maintenance.file
    if not ctx.has_database:
        return Outcome(found=f"never needed: {NO_DATABASE}")
    if name is None:
        return Outcome(flaws=(_without_proxy(),))
    if file is None:
        return Outcome(flaws=(_without_file(ctx, name),))
    if tests_file(read_proxy(ctx, name).tree, str(file)):
        return Outcome(found=f"nginx answers 503 while {file} exists")
    return Outcome(flaws=(_not_looked_for(str(file)),))


def _without_proxy() -> Flaw:
    return Flaw(
        stake="note",
        loses=NO_PROXY,
        why="if it fails after it has started the old release, what clients wrote since is only in"
        " the data that is swapped out again",
        todo="put an nginx in front of the application (docs/proxy.md)",
    )


def _without_file(ctx: Context, name: str) -> Flaw:
    """Return the flaw of a stack without the switch; nginx's lines only if the proxy is nginx."""
    todo = (
        "let the proxy answer 503 with Retry-After while a file exists, and name the file in"
        " cosmicdeploy.yaml:"
    )
    lines: tuple[str, ...] = (f"maintenance: {{file: {FILE}}}",)
    with suppress(ProbeFailed):
        read_proxy(ctx, name)
        todo = f"{IN_NGINX}, and the last one into cosmicdeploy.yaml:"
        lines = (*_nginx_lines(FILE), *lines)
    why = maintenance_notice(ctx)
    return Flaw(stake="requests", loses=REFUSED, why=why, todo=todo, lines=lines)


def _not_looked_for(file: str) -> Flaw:
    return Flaw(
        stake="deploy",
        loses=NOT_TURNED_AWAY,
        why=f"no condition in nginx's configuration looks for {file} (`maintenance.file`)",
        todo=f"{IN_NGINX}:",
        lines=_nginx_lines(file),
    )


def _nginx_lines(file: str) -> tuple[str, ...]:
    return (
        f"if (-f {file}) {{ return 503; }}",
        "error_page 503 = @maintenance;",
        "location @maintenance { add_header Retry-After 5 always; return 503; }",
    )


CHECK = Check(name="maintenance", about="a rollback turns clients away with a 503", run=maintenance)
