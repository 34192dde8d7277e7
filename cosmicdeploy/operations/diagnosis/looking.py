"""Run a trouble's checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable
from cosmicdeploy.operations.diagnosis.finding import Check, Finding, Findings, Severity, Trouble


@dataclass(frozen=True, kw_only=True)
class Diagnosed:
    """A trouble with what was found."""

    trouble: Trouble
    findings: Sequence[Finding]

    @property
    def well(self) -> bool:
        return all(finding.well for finding in self.findings)

    def facts(self) -> dict[str, Any]:
        """For reports."""
        return {
            "trouble": self.trouble.name,
            "about": self.trouble.about,
            "well": self.well,
            "findings": [finding.facts() for finding in self.findings],
        }


def diagnosed(ctx: Context, trouble: Trouble) -> Diagnosed:
    """Look at one trouble; raises `EngineUnavailable` alone, since without an engine nothing can
    be looked at."""
    findings: list[Finding] = []
    for looked_at, check in trouble.checks.items():
        ctx.safe_point()
        ctx.say(f"looking at {trouble.name}: {looked_at}")
        findings += _found(ctx, looked_at, check)
    return Diagnosed(trouble=trouble, findings=findings)


def _found(ctx: Context, looked_at: str, check: Check) -> Findings:
    """An error on the way is a finding of its own, after those that came before it."""
    found: Iterator[Finding] = iter(check(ctx))
    while True:
        try:
            finding = next(found, None)
        except EngineUnavailable:
            raise
        except CosmicError as error:
            yield _not_seen(looked_at, error)
            return
        if finding is None:
            return
        yield finding


def _not_seen(looked_at: str, error: CosmicError) -> Finding:
    where = f" ({error.where})" if error.where else ""
    return Finding(
        looked_at=looked_at,
        severity=Severity.UNKNOWN,
        found=f"{error.what}{where}",
        todo=error.todo,
        details=error.details,
    )
