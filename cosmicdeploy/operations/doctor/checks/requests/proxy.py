"""Check that the proxy loses no request in a rollout: how many it would, why, what to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.operations.doctor.outcome import Check, Flaw, Outcome, Stake, Unchecked
from cosmicdeploy.probes.result import Stake as Cost
from cosmicdeploy.proxy import check
from cosmicdeploy.proxy.findings import Finding, worst_first
from cosmicdeploy.proxy.nginx.check import out_of_service_flaws
from cosmicdeploy.proxy.nginx.flaws.configuration import configuration_flaws
from cosmicdeploy.proxy.nginx.reading import Reading, read_proxy, shown_place
from cosmicdeploy.steps.rollout.planning.moves import described_reloads, possible_reloads

# What each cost of a flaw puts at stake here.
AT_STAKE: Mapping[Cost, tuple[Stake, str]] = {
    "requests": ("requests", ""),
    "clients": ("time", "clients wait longer in each deploy"),
    "deploys": ("time", "each deploy takes longer"),
}
OUTAGE = "all of them once nginx restarts, or those that it sends to a wrong address"
IDLE_CLOSED = "idle connections of clients, if addresses change"
MOST_PLACES = 4


def proxy(ctx: Context) -> Outcome:
    """Check nginx's configuration as it runs, or as it is mounted before it runs."""
    name = ctx.settings.services.proxy
    if name is None:
        return Outcome(found="the stack has no proxy")
    point = check.proxy(ctx)
    if not point.ok:
        return Outcome(
            flaws=(Flaw(stake="requests", loses=OUTAGE, why=point.found, todo=point.todo),)
        )
    reading = read_proxy(ctx, name)
    findings = configuration_flaws(ctx, reading.tree, reading.workers)
    if findings is None:
        why = f"none of the servers in {reading.source} is a replica"
        todo = "name the replicas in an `upstream` (docs/proxy.md), if requests pass through it"
        return Outcome(unchecked=(Unchecked(why=why, todo=todo),))
    flaws = [*_flaws(ctx, [*_out_of_service(ctx, reading), *findings]), *_reloads(ctx)]
    found = f"{reading.source}: no known flaw" if not flaws else ""
    return Outcome(found=found, flaws=tuple(flaws))


def _out_of_service(ctx: Context, reading: Reading) -> Sequence[Finding]:
    return out_of_service_flaws(ctx, reading.nginx) if reading.nginx else ()


@dataclass(frozen=True)
class _Kind:
    """What findings have in common that one line corrects, wherever they are."""

    stake: Cost
    expected: str
    line: str
    lost: str


def _flaws(ctx: Context, findings: Sequence[Finding]) -> Iterator[Flaw]:
    """Yield a flaw for each kind of finding, with all the places that have it."""
    kinds: dict[_Kind, list[Finding]] = {}
    for each in findings:
        kind = _Kind(each.stake, each.expected, each.line, each.lost)
        kinds.setdefault(kind, []).append(each)
    for first in worst_first(same[0] for same in kinds.values()):
        kind = _Kind(first.stake, first.expected, first.line, first.lost)
        yield _flaw(ctx, first, kinds[kind])


def _flaw(ctx: Context, first: Finding, same: Sequence[Finding]) -> Flaw:
    stake, loses = AT_STAKE[first.stake]
    more = f" (and {len(same) - 1} more)" if len(same) > 1 else ""
    return Flaw(
        stake=stake,
        loses=loses or first.lost,
        why=first.flaw + more,
        todo=_todo(ctx, first, same),
        lines=(first.line,) if first.line else (),
    )


def _todo(ctx: Context, first: Finding, same: Sequence[Finding]) -> str:
    """Return where to write the line, or what else to do."""
    places = list(dict.fromkeys(shown_place(ctx, each.place) for each in same if each.place))
    if not places:
        return first.correction
    left_out = len(places) - MOST_PLACES
    more = f" and {left_out} more" if left_out > 0 else ""
    return f"write into {', '.join(places[:MOST_PLACES])}{more}:"


def _reloads(ctx: Context) -> Iterator[Flaw]:
    """Yield a flaw if nginx may have to be reloaded for a replica's new address."""
    if reloads := possible_reloads(ctx, ctx.settings.services.app):
        yield Flaw(
            stake="note",
            loses=IDLE_CLOSED,
            why=described_reloads(reloads),
            todo="give each replica an `ipv4_address` (docs/proxy.md)",
        )


CHECK = Check(name="proxy", about="the proxy loses no request in a rollout", run=proxy)
