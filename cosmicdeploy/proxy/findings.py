"""Flaws in or around a load balancer that cost requests or time in a rollout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
