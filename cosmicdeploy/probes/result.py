"""Results of probes, which the report publishes as they are."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from cosmicdeploy.text.formatting import format_timestamp


class ProbeResult(BaseModel):
    """A result; closed and frozen, so that the report's published schema is complete."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")


class CheckResult(ProbeResult):
    """One point of the verification: what was expected, what was found, and what to do.

    A deploy fails on a `blocking` point and only reports the others; `warnings` fail nothing. A
    `skipped` point had nothing to check, and `found` says why. An `unproven` one got an answer that
    shows neither that it holds nor that it does not (a rate limit's 429, a maintenance page): it is
    not `ok`. `seconds` is wall time.
    """

    point: str
    ok: bool
    expected: str
    found: str
    todo: str = ""
    warnings: tuple[str, ...] = ()
    blocking: bool = True
    skipped: bool = False
    unproven: bool = False
    seconds: float = 0.0


def skipped(point: str, why: str) -> CheckResult:
    """Return the result of a point that has nothing to check; `why` says for what reason."""
    return CheckResult(point=point, ok=True, expected="nothing", found=why, skipped=True)


class FeatureState(ProbeResult):
    """Whether a feature is on; `enabled` is null where that is unknown, and `found` says why.

    `since` (ISO 8601) and `by` say when it was switched off and by whom, where that is recorded.
    """

    name: str
    enabled: bool | None
    since: str = ""
    by: str = ""
    description: str = ""
    found: str = ""

    @property
    def noted(self) -> str:
        """Return " since … by …" for the operator, in this machine's time zone; may be ""."""
        since = f" since {format_timestamp(self.since)}" if self.since else ""
        return since + (f" by {self.by}" if self.by else "")


class StackNotice(ProbeResult):
    """What every run leaves out or assumes about a service, and a command that helps."""

    kind: Literal["no role", "not built", "other folder", "other project"]
    service: str
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.service}: {self.what} → {self.todo}"
