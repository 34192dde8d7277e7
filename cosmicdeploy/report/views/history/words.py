"""The words for a run in all its views: its command, releases, origin and outcome."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.journal.history.entry import UNFINISHED, RunEntry
from cosmicdeploy.journal.records.origin import CiJob, GitState
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN as NO_NAME

SHORT_COMMIT = 12
UNKNOWN = "unknown"


def command(run: RunEntry) -> str:
    """Return the command line of a run, with the services that it included."""
    return " ".join([run.command, *(f"--include {name}" for name in run.included)])


def shown_release(run: RunEntry) -> str:
    """Return the release that a run put in place, or was to.

    For a run that places none, such as a restart, returns the release that ran at its end; "" if
    that is not recorded.
    """
    if not run.kind.places_release:
        return run.placed_release if run.summary else ""
    if run.outcome in ("changed", "unchanged"):
        return run.placed_release
    return run.release


def where_from(run: RunEntry) -> Iterator[tuple[str, str]]:
    """Yield host, CI job and commit, each with its name."""
    yield "host", run.host or UNKNOWN
    if run.origin is None:
        yield "from", "not recorded: the run is of an earlier version"
        return
    yield "CI job", job_name(run.origin.ci) if run.origin.ci else "none"
    yield "CI link", run.origin.ci.url if run.origin.ci else ""
    git = run.origin.git
    yield (
        "commit",
        commit_name(git, full=True) if git else "unknown: no git repository was readable",
    )


def job_name(job: CiJob) -> str:
    """Return a CI job as one text: its system and its name."""
    return ": ".join(filter(None, (job.system, job.job)))


def commit_name(git: GitState, *, full: bool = False) -> str:
    """Return a commit with its branch and whether the working tree is dirty.

    With `full`, the commit is not cut, and a missing branch and a clean tree are named too.
    """
    states = {True: "dirty", False: "clean" if full else "", None: "dirty or not: unknown"}
    branch = git.branch or ("no branch" if full else "")
    commit = git.commit if full else git.commit[:SHORT_COMMIT]
    return " ".join(filter(None, (commit, branch, states[git.dirty])))


def release_change(run: RunEntry) -> str:
    """Return the releases before a run and the one that `shown_release` returns: "1 → 2"."""
    before = ", ".join(dict.fromkeys(run.releases_before.values()))
    after = shown_release(run)
    if not before or before == after:
        return after
    return f"{before} → {after}" if after else before


def ended_by(run: RunEntry) -> str:
    """Return what has ended an interrupted run; "" if nothing has."""
    if run.resolved_by == NO_NAME:
        return "a later run, which is not recorded"
    return f"the later run {run.resolved_by}" if run.resolved_by else ""


def outcome(run: RunEntry) -> str:
    """Return in words how a run ended."""
    if run.outcome == UNFINISHED:
        return "no end is recorded: it goes on, or was killed"
    if run.end == "not undone":
        return f"{run.outcome}; NOT everything was undone"
    if run.end == "undone":
        return f"{run.outcome}{_undone(run)}"
    if run.failed_late:
        return f"{run.outcome} after all its steps; what they changed is in place"
    return run.outcome


def _undone(run: RunEntry) -> str:
    """Return what was undone of a failed run, as the end of a sentence about its outcome."""
    if run.begun:
        return "; everything that it had changed was undone"
    if run.resolves:
        return f" after it had ended earlier runs: {', '.join(run.resolves)}"
    # An abort changes what earlier runs have begun.
    return "" if run.kind is RunKind.ABORT else " before it changed anything"
