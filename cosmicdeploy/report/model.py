"""The report of a command, which `--json` prints; docs/report.md documents it.

`schema` is the version of the layout. Within a version, fields are added but never removed.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from pydantic_core import to_jsonable_python

from cosmicdeploy.errors import CosmicError
from cosmicdeploy.probes.result import CheckResult, FeatureState, StackNotice
from cosmicdeploy.report.part import Part
from cosmicdeploy.report.requests_model import GapReport, RequestsReport
from cosmicdeploy.text.sanitize import terminal_safe_json

SCHEMA: Literal[2] = 2


class StepReport(Part):
    """One step; `seconds` is wall time. What `facts` contains depends on the step's kind."""

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
        """Return the part of the report that describes an exception."""
        return cls(what=error.what, where=error.where, todo=error.todo, details=error.details)


class UnfinishedReport(Part):
    """A run that was interrupted or whose undo failed, and that no later run has resolved.

    `at` is when the run began, and `who` started it. `told` describes the run in one line. `todo`
    names the commands that resume or undo the run.
    """

    run: str
    command: str
    at: str
    who: str
    told: str
    todo: str


class PointReport(Part):
    """One point of `checklist`.

    `found` describes the present state, and `now` has its figures. `was` describes the baseline,
    and `before` has its figures. `why` says why the verdict is unknown, and `todo` what to do.
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
    """The baseline, which `run` recorded at the time `at`, while `release_before` was running.

    `release` is the release that the run put in place, at the time `in_place_at`. By default, the
    checklist uses evidence from that time on.
    """

    run: str
    command: str
    at: str
    release_before: str
    release: str
    in_place_at: str


class ChecklistReport(Part):
    """The points of `checklist`, judged by the evidence of the `seconds` that follow `since`."""

    since: str
    seconds: float
    baseline: BaselineReport | None = None
    points: tuple[PointReport, ...] = ()


class FlawReport(Part):
    """Something that would be lost: what and how much, why, and what to do or to write.

    `stake` is the kind of thing that would be lost; with `time` or `note`, the check does not fail.
    `lines` are the lines to paste into a file.
    """

    stake: Literal["data", "requests", "jobs", "secrets", "proof", "deploy", "time", "note"]
    loses: str
    why: str
    todo: str
    lines: tuple[str, ...] = ()


class UncheckedReport(Part):
    """Something that `doctor` could not check, why, and what to do to have it checked."""

    why: str
    todo: str = ""


class DoctorReport(Part):
    """One check of `doctor`. `found` is what holds; `seconds` is how long the check took."""

    check: str
    about: str
    verdict: Literal["holds", "warns", "loses", "not checked"]
    found: str
    flaws: tuple[FlawReport, ...] = ()
    unchecked: tuple[UncheckedReport, ...] = ()
    seconds: float


class Report(Part):
    """The report of a command; times are ISO 8601 with an offset.

    `release` is the release that runs at the end; in a plan, it is the release that would be built
    or pulled. If there are several applications, `releases` has the release of each by its name,
    and `release` is that of the main application. `run` is the id of the run in the journal, and
    `page` is the file of its page; null if there is none. `turned_away_seconds` is how long
    maintenance lasted. `gaps` are the announced times in which clients were not served. `warnings`
    are about this call; `notices` say what each run on this stack omits or assumes.
    """

    schema_version: Literal[2] = Field(default=SCHEMA, alias="schema")
    command: str
    outcome: Literal["changed", "unchanged", "planned", "done", "failed", "interrupted"]
    exit_code: int = 0
    release: str | None = None
    releases: dict[str, str] = Field(default_factory=dict)
    backup: str | None = None
    run: str | None = None
    page: str | None = None
    started_at: str
    seconds: float
    steps: tuple[StepReport, ...] = ()
    requests: RequestsReport | None = None
    checks: tuple[CheckResult, ...] = ()
    turned_away_seconds: float | None = None
    gaps: tuple[GapReport, ...] = ()
    unfinished: tuple[UnfinishedReport, ...] = ()
    features: tuple[FeatureState, ...] = ()
    warnings: tuple[str, ...] = ()
    notices: tuple[StackNotice, ...] = ()
    checklist: ChecklistReport | None = None
    doctor: tuple[DoctorReport, ...] = ()
    data: Any = None
    error: ErrorReport | None = None

    def to_json(self) -> str:
        """Return the report as JSON."""
        # Pydantic's own JSON encoder fails on unpaired surrogates, which file names may contain.
        return terminal_safe_json(
            self.model_dump(by_alias=True), indent=2, default=to_jsonable_python
        )
