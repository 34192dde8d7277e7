"""Check that a rollback can turn clients away with a 503, instead of refusing connections."""

from __future__ import annotations

from cosmicdeploy.context.context import NO_DATABASE, Context
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome
from cosmicdeploy.probes.maintenance import maintenance_notice
from cosmicdeploy.proxy import LoadBalancer, load_balancer

FILE = "/run/cosmicdeploy/maintenance"
REFUSED = "in a rollback of data, connections are refused"
NOT_TURNED_AWAY = "a rollback of data would be undone, since {} would let clients in"
NO_PROXY = "without a proxy, a rollback of data cannot keep clients out"


def maintenance(ctx: Context) -> Outcome:
    """Check that the load balancer looks for `maintenance.file`."""
    name, file = ctx.settings.services.proxy, ctx.settings.maintenance.file
    if not ctx.has_database:
        return Outcome(found=f"never needed: {NO_DATABASE}")
    if name is None:
        return Outcome(flaws=(_without_proxy(),))
    balancer = load_balancer(ctx)
    if file is None:
        return Outcome(flaws=(_without_file(ctx, balancer),))
    if balancer.looks_for(str(file)):
        return Outcome(found=f"{balancer.name} answers 503 while {file} exists")
    return Outcome(flaws=(_not_looked_for(balancer, str(file)),))


def _without_proxy() -> Flaw:
    return Flaw(
        stake="note",
        loses=NO_PROXY,
        why="if the rollback fails after it has started the old release, its undo swaps out the"
        " data that clients have written since",
        todo="put an nginx or a Caddy in front of the application (docs/proxy.md)",
    )


def _without_file(ctx: Context, balancer: LoadBalancer) -> Flaw:
    """Return the flaw of a stack without the switch, with the lines of its load balancer."""
    switch = balancer.maintenance_switch(FILE)
    todo, lines = switch.todo, switch.lines
    if switch.is_possible:
        own = f"maintenance: {{file: {FILE}}}"
        named = "the last one into" if lines else "name the file in"
        todo, lines = f"{todo}, and {named} cosmicdeploy.yaml:", (*lines, own)
    why = maintenance_notice(ctx)
    return Flaw(stake="requests", loses=REFUSED, why=why, todo=todo, lines=lines)


def _not_looked_for(balancer: LoadBalancer, file: str) -> Flaw:
    switch = balancer.maintenance_switch(file)
    why = f"{balancer.name} does not look for {file} (`maintenance.file`)"
    todo = f"{switch.todo}:"
    if not switch.is_possible:
        why = f"{balancer.name} cannot look for {file} (`maintenance.file`)"
        todo = "remove `maintenance.file`: the proxy is then stopped instead"
    loses = NOT_TURNED_AWAY.format(balancer.name)
    return Flaw(stake="deploy", loses=loses, why=why, todo=todo, lines=switch.lines)


CHECK = Check(name="maintenance", about="a rollback turns clients away with a 503", run=maintenance)
