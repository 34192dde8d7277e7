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


def missing_replicas(
    ctx: Context, known: Collection[str], expected: str, todo: str
) -> Iterator[Finding]:
    """Yield a finding for each replica that the load balancer does not know.

    `expected` is what the load balancer lacks, and `todo` the correction, with {name} for the
    replica. An application of which no replica is known has no
    findings: its requests may not pass through the load balancer, or the load balancer may get the
    replica's name from a variable.
    """
    for application in ctx.settings.all_applications:
        if set(application.services) & set(known):
            for name in application.services:
                if name not in known:
                    yield Finding(name, expected, "none", todo.format(name=name), "requests")


def unused_maintenance_file(ctx: Context, load_balancer: str) -> Iterator[Finding]:
    """Yield a finding if `maintenance.file` is set, and the load balancer cannot look for a file.

    `load_balancer` is its name.
    """
    if file := ctx.settings.maintenance.file:
        todo = "remove the setting: a rollback that restores data then stops the proxy instead"
        found = f"{file}, which {load_balancer} cannot look for"
        yield Finding("maintenance.file", "not set", found, todo, "clients")
