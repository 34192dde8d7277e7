"""Results of probes; the report contains them unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cosmicdeploy.text.formatting import counted, format_timestamp

# What a warning may cost, the worst first: clients' requests, clients' time, or operators' time.
Stake = Literal["requests", "clients", "deploys"]
STAKES: Mapping[Stake, str] = {
    "requests": "may lose requests in a deploy",
    "clients": "slows clients down in a deploy",
    "deploys": "slows deploys down",
}


class ProbeResult(BaseModel):
    """Base of all results. Unknown fields are refused, so that the report's schema is complete."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")


class CheckResult(ProbeResult):
    """One point of the verification: what was expected, what was found, and what to do.

    A deploy fails if a `blocking` point fails; if another point fails, the deploy only reports it.
    `warnings` never make a point fail; `stake` is the highest cost that they may have, "" if there
    are none or the cost is not known. A `skipped` point had nothing to check; `found` says why. An
    `unproven` point is not `ok`, but no failure was found either: the only response was a rate
    limit's 429 or a maintenance page. `failing` are the services that a failure concerns, as far as
    known. `seconds` is how long the check took.
    """

    point: str
    ok: bool
    expected: str
    found: str
    todo: str = ""
    warnings: tuple[str, ...] = ()
    stake: Literal["", "requests", "clients", "deploys"] = ""
    blocking: bool = True
    skipped: bool = False
    unproven: bool = False
    failing: tuple[str, ...] = ()
    seconds: float = 0.0


def graded(check: CheckResult) -> str:
    """Return how many warnings a point has and what they may cost; "" for no warning."""
    if not check.warnings:
        return ""
    stake = f": {STAKES[check.stake]}" if check.stake else ""
    return f"{check.point} has {counted(len(check.warnings), 'warning')}{stake}"


def skipped(point: str, why: str) -> CheckResult:
    """Return the result of a point that has nothing to check, for the reason `why`."""
    return CheckResult(point=point, ok=True, expected="nothing", found=why, skipped=True)


class FeatureState(ProbeResult):
    """Whether a feature is on; if `enabled` is null, that is unknown, and `found` says why.

    `since` (ISO 8601) and `by` say when and by whom the feature was switched off; "" if that is
    unknown.
    """

    name: str
    enabled: bool | None
    since: str = ""
    by: str = ""
    description: str = ""
    found: str = ""

    @property
    def noted(self) -> str:
        """The text " since … by …", without what is unknown; the time is in the local time zone."""
        since = f" since {format_timestamp(self.since)}" if self.since else ""
        return since + (f" by {self.by}" if self.by else "")


class StackNotice(ProbeResult):
    """What runs leave out for a service or presume about it, and what the operator can do.

    `service` is "" if the notice is about the whole stack; then `kind` says what it is about.
    """

    kind: Literal[
        "no database",
        "no console",
        "no migrations",
        "no SQL",
        "no way back",
        "no table",
        "no dry run",
        "presumed",
        "left alone",
        "more replicas",
        "changed",
        "not probed",
        "other folder",
        "other project",
        "without effect",
    ]
    service: str
    what: str
    todo: str

    @property
    def subject(self) -> str:
        """What the notice is about."""
        return self.service or self.kind

    def __str__(self) -> str:
        return f"{self.subject}: {self.what} → {self.todo}"
