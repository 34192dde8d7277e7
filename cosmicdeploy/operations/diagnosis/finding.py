"""The model of a diagnosis: known problems, checks, findings and remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cosmicdeploy.context.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.steps.base import Step


class Severity(StrEnum):
    """How bad a finding is. `UNKNOWN` means that the check ended in an error."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change that may fix a problem.

    `description` tells the operator what the remedy does. `command` names the remedy's run in the
    journal and the lock: it is the command that does the same, or `diagnose --fix` if there is
    none. `kind` is the kind of that run. The run consists of the `steps`, or of the steps of the
    playbook named `playbook`.

    A remedy that `resolves_schema` runs no steps: it records that the operator has repaired the
    schema. The checks can see a remedy's effect after `effect_within` seconds at most.
    """

    description: str
    command: str
    kind: RunKind = RunKind.OTHER
    steps: Sequence[Step] = ()
    playbook: str = ""
    resolves_schema: bool = False
    effect_within: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found out about its `subject`, such as "containers" or "pending".

    `todo` is what the operator can do, mostly a command; "" if there is nothing to do. `details`
    are more lines for the operator, such as log lines. If the finding does not pass, `--fix` tries
    its `remedies` in their order.

    If the finding passes, `services` are the services that work according to it. Then `describe`
    returns its description for a part of these services (see `consistency.py`). If the finding does
    not pass, `services` are the services that do not work according to it.
    """

    subject: str
    severity: Severity
    description: str
    todo: str = ""
    details: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    services: tuple[str, ...] = ()
    describe: Callable[[Sequence[str]], str] | None = None

    @property
    def passes(self) -> bool:
        """Whether nothing has to be fixed; a warning passes too."""
        return self.severity in (Severity.OK, Severity.WARNING)

    def facts(self) -> dict[str, Any]:
        """Return the finding as JSON for the report."""
        return {
            "looked_at": self.subject,
            "severity": str(self.severity),
            "found": self.description,
            "todo": self.todo,
            "details": list(self.details),
            "remedies": [remedy.description for remedy in self.remedies],
        }


Findings = Iterable[Finding]
Check = Callable[[Context], Findings]


def ok(subject: str, description: str, *details: str) -> Finding:
    """Return a finding which says that nothing is wrong."""
    return Finding(subject=subject, severity=Severity.OK, description=description, details=details)


def works(
    subject: str, services: Iterable[str], describe: Callable[[Sequence[str]], str] | str
) -> Finding:
    """Return a finding which says that these services work.

    `describe` returns the description of the finding for all or some of these services. It is a
    text if the description is the same for all of them.
    """
    if isinstance(describe, str):
        text = describe
        return works(subject, services, lambda _: text)
    names = tuple(services)
    return Finding(
        subject=subject,
        severity=Severity.OK,
        description=describe(names),
        services=names,
        describe=describe,
    )


def warning(subject: str, description: str, todo: str = "", details: Iterable[str] = ()) -> Finding:
    """Return a finding that the operator should know about, but need not fix."""
    return Finding(
        subject=subject,
        severity=Severity.WARNING,
        description=description,
        todo=todo,
        details=tuple(details),
    )


def problem(
    subject: str,
    description: str,
    todo: str,
    *,
    details: Iterable[str] = (),
    remedies: Iterable[Remedy] = (),
    services: Iterable[str] = (),
) -> Finding:
    """Return a finding which says that something is wrong.

    `services` are the services that do not work.
    """
    return Finding(
        subject=subject,
        severity=Severity.PROBLEM,
        description=description,
        todo=todo,
        details=tuple(details),
        remedies=tuple(remedies),
        services=tuple(services),
    )


@dataclass(frozen=True, kw_only=True)
class KnownProblem:
    """A problem that `diagnose` can check for.

    `checks` maps the subject of each check to the check, in the order in which they run. With
    `fix_first`, the problem may cause others, so it is fixed before them. With `needs_database`,
    the checks do not run if the stack has no database.
    """

    name: str
    about: str
    checks: Mapping[str, Check]
    fix_first: bool = False
    needs_database: bool = False


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A known problem and the findings of its checks."""

    problem: KnownProblem
    findings: Sequence[Finding]

    @property
    def passes(self) -> bool:
        """Whether all findings pass."""
        return all(finding.passes for finding in self.findings)

    def facts(self) -> dict[str, Any]:
        """Return the diagnosis as JSON for the report."""
        return {
            "trouble": self.problem.name,
            "about": self.problem.about,
            "well": self.passes,
            "findings": [finding.facts() for finding in self.findings],
        }
