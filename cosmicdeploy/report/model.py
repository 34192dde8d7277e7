"""The report: what a command did, as one JSON document. Documented in docs/report.md.

`schema` is the version of this layout. Fields are only added within a version.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python

from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.result import CheckResult, FeatureState, StackNotice
from cosmicdeploy.text.sanitize import terminal_safe_json

SCHEMA: Literal[2] = 2


class Part(BaseModel):
    """Closed and frozen, so that the published schema is the whole truth."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", populate_by_name=True)


class StepReport(Part):
    """One step; `seconds` is wall time, `facts` is what came of it."""

    name: str
    kind: str
    outcome: Literal["passed", "changed", "unchanged", "failed", "skipped", "undone", "planned"]
    reason: str
    seconds: float = 0.0
    facts: dict[str, Any] = Field(default_factory=dict)


class ErrorReport(Part):
    """What went wrong, where, and what to do."""

    what: str
    where: str = ""
    todo: str = ""
    details: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: CosmicError) -> ErrorReport:
        """The report of an exception."""
        return cls(what=error.what, where=error.where, todo=error.todo, details=error.details)


class RequestStatsReport(Part):
    """Requests on one sort of connections; times in milliseconds.

    `held` were answered 503 with Retry-After while data was exchanged, `limited` 429 since we ask
    too often; neither are failures.
    `not_found` are heartbeats that were acknowledged and were not in the database then.
    """

    sent: int
    failed: int
    held: int = 0
    limited: int = 0
    not_found: int = 0
    p50_ms: float
    p99_ms: float
    max_ms: float
    longest_gap_ms: float


class BeatsReport(Part):
    """Heartbeats among the requests; `limited` were answered 429 and prove nothing,
    `not_looked_up` says why some were not looked for."""

    sent: int
    acknowledged: int
    found: int
    limited: int = 0
    not_looked_up: str = ""


class ProxyReport(Part):
    """What the load balancer's access log has: 5xx, 499, and 503 while clients were held."""

    answers: int
    errors: int
    gone: int
    held: int


class RequestsReport(RequestStatsReport):
    """Requests sent through the load balancer meanwhile; `broken` says what clients noticed,
    `failing_before` what failed before the run changed anything: then only what fails after the
    rollout breaks the promise."""

    failures: tuple[str, ...] = ()
    broken: str = ""
    failing_before: str = ""
    new: RequestStatsReport
    kept: RequestStatsReport
    beats: BeatsReport | None = None
    proxy: ProxyReport | None = None


class UnfinishedReport(Part):
    """A run that was killed, or could not go back, and that no later run took up."""

    run: str
    command: str
    at: str
    who: str
    told: str
    todo: str


class PointReport(Part):
    """One point of `checklist`. `found` and `was` tell now and before for people, `now` and
    `before` have the figures; `why` says what makes it unknown, `todo` what to do."""

    point: str
    verdict: Literal["better", "same", "worse", "unknown"]
    found: str
    was: str = ""
    why: str = ""
    todo: str = ""
    now: dict[str, Any] | None = None
    before: dict[str, Any] | None = None


class BaselineReport(Part):
    """What points are compared with: what `run` recorded `at` a time, before it put `release` in
    place of `release_before`; evidence is new since `in_place_at`."""

    run: str
    command: str
    at: str
    release_before: str
    release: str
    in_place_at: str


class ChecklistReport(Part):
    """The points, by the evidence of so many `seconds` since a moment."""

    since: str
    seconds: float
    baseline: BaselineReport | None = None
    points: tuple[PointReport, ...] = ()


class Report(Part):
    """The document; times are ISO 8601 with an offset.

    `turned_away_seconds` is how long clients were turned away while data was exchanged; `warnings`
    are what went otherwise than asked for in this call, `notices` what the stack leaves out of
    every run.
    """

    schema_version: Literal[2] = Field(default=SCHEMA, alias="schema")
    command: str
    outcome: Literal["changed", "unchanged", "planned", "done", "failed", "interrupted"]
    exit_code: int = 0
    release: str | None = None
    backup: str | None = None
    started_at: str
    seconds: float
    steps: tuple[StepReport, ...] = ()
    requests: RequestsReport | None = None
    checks: tuple[CheckResult, ...] = ()
    turned_away_seconds: float | None = None
    unfinished: tuple[UnfinishedReport, ...] = ()
    features: tuple[FeatureState, ...] = ()
    warnings: tuple[str, ...] = ()
    notices: tuple[StackNotice, ...] = ()
    checklist: ChecklistReport | None = None
    data: Any = None
    error: ErrorReport | None = None

    def to_json(self) -> str:
        """The document as it is printed."""
        # The model's own JSON has no form for an unpaired surrogate, as in a file's name.
        return terminal_safe_json(
            self.model_dump(by_alias=True), indent=2, default=to_jsonable_python
        )
