"""Flaws in or around a load balancer that cost requests or time in a rollout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cosmicdeploy.context.context import Context
from cosmicdeploy.probes.result import STAKES, CheckResult, Stake

# What clients lose if the load balancer does not know a replica, or leaves it out of service.
WHILE_OTHERS_ARE_AWAY = "requests while the other replicas are away"


@dataclass(frozen=True)
class Finding:
    """A flaw in or around the load balancer that costs requests or time in a rollout.

    `where` names the directive or replica with the flaw, and `stake` the cost. The correction is
    `todo` or, if that is "", to write `line`. `place` is "FILE:LINE" in the proxy's container.
    `lost` says which requests the flaw costs; "" if it costs only time.
    """

    where: str
    expected: str
    found: str
    stake: Stake
    line: str = ""
    todo: str = ""
    lost: str = ""
    place: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{STAKES[self.stake]}: {self.flaw}; {self.correction}"

    @property
    def correction(self) -> str:
        """What to do, in words."""
        return self.todo or f"write {self.line}"

    @property
    def flaw(self) -> str:
        """What is wrong, and where."""
        return f"{self.where}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a load balancer's configuration lacks.

    `source` is the configuration that was read, in words. `known` are the replicas that it names;
    if there are none, `findings` says nothing about them.
    """

    source: str
    known: Collection[str]
    findings: Sequence[Finding] = ()


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, each once, those with the highest cost first."""
    order = list(STAKES)
    return sorted(dict.fromkeys(findings), key=lambda each: order.index(each.stake))


def judged(expected: str, found: str, findings: Iterable[Finding]) -> CheckResult:
    """Return the result of the point `proxy` for a load balancer that would start.

    A flaw in several places is one warning.
    """
    worst = worst_first(findings)
    return CheckResult(
        point="proxy",
        ok=True,
        expected=expected,
        found=found,
        warnings=tuple(dict.fromkeys(map(str, worst))),
        stake=worst[0].stake if worst else "",
    )


def broken(expected: str, found: str, todo: str) -> CheckResult:
    """Return the result of the point `proxy` for a load balancer that fails it."""
    return CheckResult(point="proxy", ok=False, expected=expected, found=found, todo=todo)


def missing_replicas(
    ctx: Context, known: Collection[str], expected: str, *, line: str = "", todo: str = ""
) -> Iterator[Finding]:
    """Yield a finding for each replica that the load balancer does not know.

    `expected` is what the load balancer lacks; `line` and `todo` are the correction, with {name}
    for the replica. An application of which no replica is known has no findings: its requests may
    not pass through the load balancer, or the load balancer may get the replica's name from a
    variable.
    """
    for application in ctx.settings.all_applications:
        if not set(application.services) & set(known):
            continue
        for name in application.services:
            if name not in known:
                yield Finding(
                    name,
                    expected,
                    "none",
                    "requests",
                    line.format(name=name),
                    todo.format(name=name),
                    WHILE_OTHERS_ARE_AWAY,
                )


def out_of_service(name: str, todo: str) -> Finding:
    """Return the finding for a replica that a run or an operator left out of service."""
    return Finding(
        name, "in service", "out of service", "requests", todo=todo, lost=WHILE_OTHERS_ARE_AWAY
    )


def unused_maintenance_file(ctx: Context, load_balancer: str) -> Iterator[Finding]:
    """Yield a finding if `maintenance.file` is set, and the load balancer cannot look for a file.

    `load_balancer` is its name.
    """
    if file := ctx.settings.maintenance.file:
        todo = "remove the setting: a rollback that restores data then stops the proxy instead"
        found = f"{file}, which {load_balancer} cannot look for"
        yield Finding("maintenance.file", "not set", found, "clients", todo=todo)
