"""Check that the proxy loses no request in a rollout; else say how many, why, and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Stake, Unchecked
from cosmicdeploy.probes.result import Stake as Cost
from cosmicdeploy.proxy import LoadBalancer, load_balancer
from cosmicdeploy.proxy.declared.hosts import lacking_host, todo_of
from cosmicdeploy.proxy.findings import Finding, worst_first
from cosmicdeploy.steps.rollout.planning.moves import described_reloads, possible_reloads

# What each cost of a finding puts at stake here, and what is lost; "" if the finding says that.
AT_STAKE: Mapping[Cost, tuple[Stake, str]] = {
    "requests": ("requests", ""),
    "clients": ("time", "clients wait longer in each deploy"),
    "deploys": ("time", "each deploy takes longer"),
}
OUTAGE = "all of them once {} restarts, or those that it sends to a wrong address"
UNROUTED = "requests that do not reach the application prove nothing"
IDLE_CLOSED = "idle connections of clients, if addresses change"
MOST_PLACES = 4


def proxy(ctx: Context) -> Outcome:
    """Check the load balancer's configuration as it runs, or as it is mounted before it runs."""
    balancer = load_balancer(ctx)
    point = balancer.check()
    if not point.ok:
        loses = OUTAGE.format(balancer.name)
        return Outcome(
            flaws=(Flaw(stake="requests", loses=loses, why=point.found, todo=point.todo),)
        )
    inspection = balancer.inspect()
    if not inspection.known:
        why = f"none of the servers in {inspection.source} is a replica"
        todo = f"name the replicas there ({balancer.page}), if requests pass through it"
        return Outcome(unchecked=(Unchecked(why=why, todo=todo),))
    flaws = [*_flaws(inspection.findings), *_unrouted(ctx), *_reloads(ctx, balancer)]
    found = f"{inspection.source}: no known flaw" if not flaws else ""
    return Outcome(found=found, flaws=tuple(flaws))


@dataclass(frozen=True)
class _Kind:
    """What findings in several places have in common if the same line corrects them."""

    stake: Cost
    expected: str
    line: str
    lost: str


def _flaws(findings: Sequence[Finding]) -> Iterator[Flaw]:
    """Yield a flaw for each kind of finding, with all the places that have it."""
    kinds: dict[_Kind, list[Finding]] = {}
    for each in findings:
        kind = _Kind(each.stake, each.expected, each.line, each.lost)
        kinds.setdefault(kind, []).append(each)
    for first in worst_first(same[0] for same in kinds.values()):
        kind = _Kind(first.stake, first.expected, first.line, first.lost)
        yield _flaw(first, kinds[kind])


def _flaw(first: Finding, same: Sequence[Finding]) -> Flaw:
    stake, loses = AT_STAKE[first.stake]
    more = f" (and {len(same) - 1} more)" if len(same) > 1 else ""
    return Flaw(
        stake=stake,
        loses=loses or first.lost,
        why=first.flaw + more,
        todo=_todo(first, same),
        lines=(first.line,) if first.line else (),
    )


def _todo(first: Finding, same: Sequence[Finding]) -> str:
    """Return where to write the line, or what else to do."""
    places = list(dict.fromkeys(each.place for each in same if each.place))
    if not places:
        return first.correction
    left_out = len(places) - MOST_PLACES
    more = f" and {left_out} more" if left_out > 0 else ""
    return f"write into {', '.join(places[:MOST_PLACES])}{more}:"


def _unrouted(ctx: Context) -> Iterator[Flaw]:
    """Yield a flaw if the requests of a deploy lack the host name of the application."""
    if (host := lacking_host(ctx)) is not None:
        yield Flaw(
            stake="proof",
            loses=UNROUTED,
            why=f"the proxy recognizes requests to the application by the host name {host.name}"
            f" ({host.place}), and those of a deploy do not carry it",
            todo=todo_of(host),
            lines=(f"probe: {{host: {host.name}}}",),
        )


def _reloads(ctx: Context, balancer: LoadBalancer) -> Iterator[Flaw]:
    """Yield a flaw if the load balancer may have to be reloaded for a replica's new address."""
    if reloads := possible_reloads(ctx, ctx.settings.services.app):
        yield Flaw(
            stake="note",
            loses=IDLE_CLOSED,
            why=described_reloads(reloads),
            todo=f"give each replica an `ipv4_address` ({balancer.page})",
        )


CHECK = Check(name="proxy", about="the proxy loses no request in a rollout", run=proxy)
