"""What a check found, how bad it is, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.steps.base import Step


class Severity(StrEnum):
    """`UNKNOWN` is what could not be looked at; it is as little well as a problem."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Something that may help: `says` what it does, `command` is how one would type it.

    It is either `steps`, or a `playbook` by name, or `resolves` what a killed run left in the
    schema, on which only a person may decide. What comes of it is seen within `shows_within`
    seconds.
    """

    says: str
    command: str
    steps: Sequence[Step] = ()
    playbook: str = ""
    resolves: bool = False
    shows_within: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`todo` is the exact command, "" where there is nothing to do; `details` are lines worth
    seeing; `remedies` are tried in their order by `--fix`, where this is a problem."""

    looked_at: str
    severity: Severity
    found: str
    todo: str = ""
    details: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def well(self) -> bool:
        return self.severity in (Severity.OK, Severity.WARNING)

    def facts(self) -> dict[str, Any]:
        """For reports."""
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
    """Nothing is wrong there."""
    return Finding(looked_at=looked_at, severity=Severity.OK, found=found, details=details)


def warning(looked_at: str, found: str, todo: str = "", details: Iterable[str] = ()) -> Finding:
    """Worth a look, and nothing that has to be mended."""
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
    """Something is wrong."""
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
    """Something that operators run into: what it is about, and what is looked at, in order. The
    others rest on a `beneath` one: it is mended first."""

    name: str
    about: str
    checks: Mapping[str, Check]
    beneath: bool = False
