"""Findings of checks, their severity, and their remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.steps.base import Step


class Severity(StrEnum):
    """How bad a finding is; `UNKNOWN` could not be checked, and counts as not well."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change that may fix a problem.

    `says` describes it to the operator, `command` is the command that does the same, and `kind`
    the kind of the run that it starts. It consists of `steps`, or of a `playbook` by name; or it
    `resolves` what a killed run left in the schema, on which only a person may decide. Its result
    shows within `shows_within` seconds.
    """

    says: str
    command: str
    kind: RunKind = RunKind.OTHER
    steps: Sequence[Step] = ()
    playbook: str = ""
    resolves: bool = False
    shows_within: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found about `looked_at`.

    `todo` is the command that helps, "" where there is nothing to do; `details` are lines for the
    operator, such as log lines. `--fix` tries the `remedies` of a problem in their order.
    """

    looked_at: str
    severity: Severity
    found: str
    todo: str = ""
    details: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing has to be fixed."""
        return self.severity in (Severity.OK, Severity.WARNING)

    def facts(self) -> dict[str, Any]:
        """Return the finding as JSON for the report."""
        return {
            "looked_at": self.looked_at,
            "severity": str(self.severity),
            "found": self.found,
            "todo": self.todo,
            "details": list(self.details),
            "remedies": [remedy.says for remedy in self.remedies],
        }


Findings = Iterable[Finding]


def ok(looked_at: str, found: str, *details: str) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(looked_at=looked_at, severity=Severity.OK, found=found, details=details)


def warning(looked_at: str, found: str, todo: str = "", details: Iterable[str] = ()) -> Finding:
    """Return a finding that does not have to be fixed."""
    return Finding(
        looked_at=looked_at,
        severity=Severity.WARNING,
        found=found,
        todo=todo,
        details=tuple(details),
    )


def problem(
    looked_at: str,
    found: str,
    todo: str,
    *,
    details: Iterable[str] = (),
    remedies: Iterable[Remedy] = (),
) -> Finding:
    """Return a finding that something is wrong."""
    return Finding(
        looked_at=looked_at,
        severity=Severity.PROBLEM,
        found=found,
        todo=todo,
        details=tuple(details),
        remedies=tuple(remedies),
    )


Check = Callable[[Context], Findings]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A trouble that operators run into, with its checks by subject, in order.

    Other troubles depend on one that is `beneath`: it is fixed first.
    """

    name: str
    about: str
    checks: Mapping[str, Check]
    beneath: bool = False
