"""The commands that continue from a run: finish, undo or repeat it, or go back before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

from cosmicdeploy.journal.history.entry import UNFINISHED, RunEntry
from cosmicdeploy.journal.run_kind import RunKind
from cosmicdeploy.journal.step_kinds import BACKUP
from cosmicdeploy.journal.unfinished.interrupted_run import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """A command, and what it does."""

    command: str
    does: str


def continuations(entry: RunEntry) -> list[Continuation]:
    """Return the commands that continue from a run, the likeliest first.

    They follow from the journal alone; `status` says which of them can work now.
    """
    if entry.resolved_by:
        commands = _resolved(entry)
    elif entry.outcome == UNFINISHED or entry.end == "not undone":
        commands = _open(entry)
    elif entry.outcome in ("failed", "interrupted"):
        commands = _failed(entry)
    else:
        commands = _succeeded(entry)
    page = Continuation(
        command=f"cosmicdeploy report {quote(entry.id)} --html run.html",
        does="writes the run as an HTML page",
    )
    return [*commands, page]


def _resolved(entry: RunEntry) -> Iterator[Continuation]:
    if entry.resolved_by == UNKNOWN:
        yield Continuation(command="cosmicdeploy history", does="lists the later runs")
        return
    yield Continuation(
        command=f"cosmicdeploy history show {quote(entry.resolved_by)}",
        does="shows the later run that ended this one",
    )


def _open(entry: RunEntry) -> Iterator[Continuation]:
    yield Continuation(
        command="cosmicdeploy status",
        does="shows whether the run still goes on, and which of these commands can work now",
    )
    if entry.command == UNKNOWN:
        return
    if not entry.kind.places_release:
        yield Continuation(command=_again(entry), does="runs it again, which finishes it")
        return
    if not entry.failed_at and entry.kind is not RunKind.ABORT:
        yield Continuation(command=_again(entry, resume=True), does="resumes it")
    yield Continuation(command="cosmicdeploy deploy --abort", does="undoes it")


def _failed(entry: RunEntry) -> Iterator[Continuation]:
    if entry.kind is RunKind.DEPLOY:
        yield Continuation(
            command="cosmicdeploy deploy --plan", does="shows what another deploy would change"
        )
    if entry.command != UNKNOWN:
        yield Continuation(command=_again(entry), does="tries again, once the cause is removed")


def _succeeded(entry: RunEntry) -> Iterator[Continuation]:
    if entry.backup and entry.kind.places_release:
        to_backup = f"cosmicdeploy rollback --to {quote(entry.backup)}"
        yield Continuation(
            command=f"{to_backup} --code-only",
            does="puts back the release before it; schema and data stay",
        )
        if _has_data(entry):
            does = "also puts back schema and data; what was written since is lost"
            yield Continuation(command=to_backup, does=does)
    if entry.kind.places_release:
        yield Continuation(command="cosmicdeploy verify", does="checks the release again")
        yield Continuation(
            command="cosmicdeploy checklist",
            does="compares the time since the run with the time before it",
        )
    elif entry.backup:
        yield Continuation(
            command=f"cosmicdeploy backup show {quote(entry.backup)}", does="shows the backup"
        )


def _has_data(entry: RunEntry) -> bool:
    """Whether the run's backup has data; it has none if the stack has no database.

    True if the run has no summary, since nothing else records it.
    """
    backups = [step for step in entry.steps if step.kind == BACKUP]
    return entry.summary is None or any("proof" in step.facts for step in backups)


def _again(entry: RunEntry, *, resume: bool = False) -> str:
    """Return the command that repeats a run; with `resume`, the one that resumes it.

    Only `deploy` has an option for it: a rollback is resumed by repeating its command.
    """
    options = ["--to", entry.target] if entry.target else []
    for name in entry.included:
        options += ["--include", name]
    if resume and entry.command == "deploy":
        options = ["--resume", *options]
    return " ".join(["cosmicdeploy", entry.command, *map(quote, options)])
