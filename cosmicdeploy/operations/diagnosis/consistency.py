"""Keep the findings of one call of `diagnose` from contradicting each other.

A finding may say that some services work, but it covers only what its own check sees. Another check
may find that one of these services does not work: a replica whose health check passes may answer
its clients with 502.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cosmicdeploy.operations.diagnosis.finding import Diagnosis, Finding, ok


def consistent(diagnoses: Iterable[Diagnosis]) -> Sequence[Diagnosis]:
    """Return the diagnoses without contradictions.

    If a finding says that services work, those that do not work according to another finding are
    left out of it, and it refers to that other finding. If no service is left, the finding is
    dropped, unless its problem would then have no finding.
    """
    diagnoses = list(diagnoses)
    broken = _broken(finding for each in diagnoses for finding in each.findings)
    return [replace(each, findings=_agreeing(each.findings, broken)) for each in diagnoses]


def _broken(findings: Iterable[Finding]) -> Mapping[str, str]:
    """Return service → subject of the first finding that says that the service does not work."""
    broken: dict[str, str] = {}
    for finding in findings:
        if not finding.passes:
            for name in finding.services:
                broken.setdefault(name, finding.subject)
    return broken


def _agreeing(findings: Iterable[Finding], broken: Mapping[str, str]) -> list[Finding]:
    """Return the findings, changed or dropped where they contradict `broken`."""
    agreeing, dropped = list[Finding](), list[Finding]()
    for finding in findings:
        contradicted = [name for name in finding.services if name in broken]
        references = ", ".join(f"{name}: see {broken[name]}" for name in contradicted)
        if finding.describe is None or not contradicted:
            agreeing.append(finding)
        elif names := tuple(name for name in finding.services if name not in broken):
            description = f"{finding.describe(names)}; {references}"
            agreeing.append(replace(finding, description=description, services=names))
        else:
            dropped.append(ok(finding.subject, f"this check passes; {references}"))
    return agreeing or dropped[:1]
