"""Flaws in or around a load balancer that cost requests or time in a rollout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import STAKES, Stake


@dataclass(frozen=True)
class Finding:
    """A flaw in or around the load balancer that costs requests or time in a rollout.

    `where` names the directive or replica with the flaw, `todo` the correction, `stake` the cost.
    """

    where: str
    expected: str
    found: str
    todo: str
    stake: Stake

    def __str__(self) -> str:
        flaw = f"{self.where}: expected {self.expected}, found {self.found}"
        return f"{STAKES[self.stake]}: {flaw}; {self.todo}"


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, each once, those with the highest cost first."""
    order = list(STAKES)
    return sorted(dict.fromkeys(findings), key=lambda each: order.index(each.stake))


def missing_replicas(ctx: Context, known: Collection[str], expected: str) -> Iterator[Finding]:
    """Yield a finding for each replica that the load balancer does not know.

    `expected` is what the load balancer lacks. An application of which no replica is known has no
    findings: its requests may not pass through the load balancer, or the load balancer may get the
    replica's name from a variable.
    """
    for application in ctx.settings.all_applications:
        if set(application.services) & set(known):
            for name in application.services:
                if name not in known:
                    todo = f"write server {name}:PORT;"
                    yield Finding(name, expected, "none", todo, "requests")
