"""The report of a command, which `--json` prints; docs/report.md documents it.

`schema` is the version of the layout. Within a version, fields are added but never removed.
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
    """Base of all parts of the report.

    No part accepts an undeclared field, so that the published schema is complete.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", populate_by_name=True)


class StepReport(Part):
    """One step; `seconds` is wall time, `facts` are what the step found or did, by kind."""

    name: str
    kind: str
    outcome: Literal["passed", "changed", "unchanged", "failed", "skipped", "undone", "planned"]
    reason: str
    seconds: float = 0.0
    facts: dict[str, Any] = Field(default_factory=dict)


class ErrorReport(Part):
    """An error: what happened, where, and what to do."""

    what: str
    where: str = ""
    todo: str = ""
    details: tuple[str, ...] = ()

    @classmethod
    def of(cls, error: CosmicError) -> ErrorReport:
        """Return the report's part for an exception."""
        return cls(what=error.what, where=error.where, todo=error.todo, details=error.details)


class RequestStatsReport(Part):
    """Statistics of requests; times are in milliseconds.

    `held` requests got 503 with Retry-After during maintenance, `limited` ones got 429; neither is
    a failure. `not_found` counts acknowledged heartbeats that were missing in the database.
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
    """Heartbeats among the requests; `found` counts those that the database has.

    `limited` heartbeats got 429 and prove nothing. `not_looked_up` says why some heartbeats were
    not looked up in the database.
    """

    sent: int
    acknowledged: int
    found: int
    limited: int = 0
    not_looked_up: str = ""


class ProxyReport(Part):
    """Responses in the proxy's access log, counted.

    `errors` are 5xx, `gone` are 499 (the client closed the connection), `held` are 503 during
    maintenance.
    """

    answers: int
    errors: int
    gone: int
    held: int


class RequestsReport(RequestStatsReport):
    """Requests sent through the proxy during the run, on `new` and on `kept` connections.

    `broken` says what clients noticed. `failing_before` says which requests failed before the run
    changed anything: if there are any, only failures after the rollout count.
    """

    failures: tuple[str, ...] = ()
    broken: str = ""
    failing_before: str = ""
    new: RequestStatsReport
    kept: RequestStatsReport
    beats: BeatsReport | None = None
    proxy: ProxyReport | None = None


class UnfinishedReport(Part):
    """A run that was interrupted or whose undo failed, and that no later run has resolved.

    `told` describes it in one line.
    """

    run: str
    command: str
    at: str
    who: str
    told: str
    todo: str


class PointReport(Part):
    """One point of `checklist`.

    `found` describes the present and `was` the baseline; `now` and `before` have their figures.
    `why` says why the verdict is unknown, `todo` what to do.
    """

    point: str
    verdict: Literal["better", "same", "worse", "unknown"]
    found: str
    was: str = ""
    why: str = ""
    todo: str = ""
    now: dict[str, Any] | None = None
    before: dict[str, Any] | None = None


class BaselineReport(Part):
    """The baseline: recorded by `run` at the time `at`, before `release` replaced `release_before`.

    `in_place_at` is when `release` was in place: evidence counts from then on.
    """

    run: str
    command: str
    at: str
    release_before: str
    release: str
    in_place_at: str


class ChecklistReport(Part):
    """The points of `checklist`, judged by evidence from the `seconds` after `since`."""

    since: str
    seconds: float
    baseline: BaselineReport | None = None
    points: tuple[PointReport, ...] = ()


class Report(Part):
    """The report of a command; times are ISO 8601 with an offset.

    `release` is the release that runs at the end; in a plan, the release that would be built.
    `turned_away_seconds` is how long maintenance lasted. `warnings` are about this call, `notices`
    about what every run on this stack leaves out.
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
        """Return the report as JSON."""
        # Pydantic's own JSON encoder fails on an unpaired surrogate, as a file's name may have.
        return terminal_safe_json(
            self.model_dump(by_alias=True), indent=2, default=to_jsonable_python
        )
