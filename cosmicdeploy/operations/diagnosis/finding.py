"""The model of a diagnosis: known problems, checks, findings and remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.steps.base import Step


class Severity(StrEnum):
    """How bad a finding is. `UNKNOWN` means that the check failed."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change that may fix a problem.

    `description` says to the operator what it does; `command` is the command that does the same,
    and `kind` the kind of the run that it starts. The remedy runs `steps`, or the steps of the
    playbook named `playbook`. If it `resolves_schema`, it runs none: it records the operator's
    confirmation that the schema is repaired. The checks can see its effect after
    `effect_within` seconds at most.
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

    `todo` is a command that helps, "" if there is nothing to do. `details` are more lines for the
    operator, such as log lines. `--fix` tries the `remedies` of a problem in their order.
    """

    subject: str
    severity: Severity
    description: str
    todo: str = ""
    details: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()

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
    """Return a finding that nothing is wrong."""
    return Finding(subject=subject, severity=Severity.OK, description=description, details=details)


def warning(subject: str, description: str, todo: str = "", details: Iterable[str] = ()) -> Finding:
    """Return a finding that the operator should know, but need not fix."""
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
) -> Finding:
    """Return a finding that something is wrong."""
    return Finding(
        subject=subject,
        severity=Severity.PROBLEM,
        description=description,
        todo=todo,
        details=tuple(details),
        remedies=tuple(remedies),
    )


@dataclass(frozen=True, kw_only=True)
class KnownProblem:
    """A problem that `diagnose` can check for, with its checks by their subject, in order.

    A problem that is `fix_first` may be the cause of others, so it is fixed before them. One that
    `needs_database` is not checked for if the stack has none.
    """

    name: str
    about: str
    checks: Mapping[str, Check]
    fix_first: bool = False
    needs_database: bool = False
