"""The troubles that `diagnose` knows, and the checks of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cosmicdeploy.context import Context
from cosmicdeploy.errors import CosmicError, EngineUnavailable, UsageError
from cosmicdeploy.operations.diagnosis.checks import (
    command,
    database_load,
    migration,
    scheduler,
    unhealthy,
)
from cosmicdeploy.operations.diagnosis.finding import Check, Finding, Findings, Severity, Trouble
from cosmicdeploy.text.suggest import did_you_mean

TROUBLES: Mapping[str, Trouble] = {
    trouble.name: trouble
    for trouble in (
        migration.TROUBLE,
        command.TROUBLE,
        scheduler.TROUBLE,
        database_load.TROUBLE,
        unhealthy.TROUBLE,
    )
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A trouble and the findings of its checks."""

    trouble: Trouble
    findings: Sequence[Finding]

    @property
    def well(self) -> bool:
        """Whether no finding is a problem or unknown."""
        return all(finding.well for finding in self.findings)

    def facts(self) -> dict[str, Any]:
        """Return the diagnosis as JSON for the report."""
        return {
            "trouble": self.trouble.name,
            "about": self.trouble.about,
            "well": self.well,
            "findings": [finding.facts() for finding in self.findings],
        }


def troubles_named(names: Sequence[str]) -> Sequence[Trouble]:
    """Return the troubles with these names, each once; all for no name.

    Raises `UsageError` for an unknown name.
    """
    for name in names:
        if name not in TROUBLES:
            raise UsageError(
                f"There is no problem {name!r}",
                where=f"diagnose: {', '.join(TROUBLES)}",
                todo=did_you_mean(name, TROUBLES) or "name one of them, or none for all",
            )
    return [TROUBLES[name] for name in dict.fromkeys(names)] or list(TROUBLES.values())


def diagnose(ctx: Context, trouble: Trouble) -> Diagnosis:
    """Run the checks of one trouble.

    An error of a check is a finding. Raises only `EngineUnavailable`: without an engine nothing can
    be checked.
    """
    findings: list[Finding] = []
    for subject, check in trouble.checks.items():
        ctx.safe_point()
        ctx.say(f"looking at {trouble.name}: {subject}")
        findings += _findings(ctx, subject, check)
    return Diagnosis(trouble=trouble, findings=findings)


def _findings(ctx: Context, subject: str, check: Check) -> Findings:
    """Yield a check's findings; an error on the way is the last one."""
    findings: Iterator[Finding] = iter(check(ctx))
    while True:
        try:
            finding = next(findings, None)
        except EngineUnavailable:
            raise
        except CosmicError as error:
            yield _unknown(subject, error)
            return
        if finding is None:
            return
        yield finding


def _unknown(subject: str, error: CosmicError) -> Finding:
    where = f" ({error.where})" if error.where else ""
    return Finding(
        looked_at=subject,
        severity=Severity.UNKNOWN,
        found=f"{error.what}{where}",
        todo=error.todo,
        details=error.details,
    )
