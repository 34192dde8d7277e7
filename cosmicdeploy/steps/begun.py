"""What the journal knows of migrations that were begun: whether anything settled them since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cosmicdeploy.journal import Journal, Record

KIND = "migrate"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A migrate step that was begun: its `before`, the backup that its run made ("" for none), and
    once it was done, what it reported. `failed`: its run went on to undo it."""

    before: dict[str, Any]
    backup: str = ""
    done: dict[str, Any] | None = None
    failed: bool = False

    @property
    def settled(self) -> bool:
        """Whether it is known to have ended well."""
        return self.done is not None and not self.failed


def unresolved(journal: Journal) -> Begun | None:
    """The last migrate step, unless it ended well, was undone, restored over or resolved."""
    begun, run = None, _Run()
    for record in journal.records():
        run = run.after(record)
        if record.get("step_kind") == KIND:
            begun = _after_step(begun, record, run)
        elif record["kind"] in ("failed", "ended") and begun and run.migrates:
            begun = replace(begun, failed=True)
        elif record["kind"] == "resolved" or (record["kind"] == "success" and run.settles):
            begun = None
    return None if begun is None or begun.settled else begun


def _after_step(begun: Begun | None, record: Record, run: _Run) -> Begun | None:
    if record["kind"] == "intent":
        return Begun(before=record["before"], backup=run.backup)
    if record["kind"] == "done" and begun is not None:
        return replace(begun, done=record.get("facts") or {})
    return None if record["kind"] == "undone" else begun


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What is known of the run that a record belongs to."""

    command: str = ""
    backup: str = ""
    restores: bool = False
    migrates: bool = False

    def after(self, record: Record) -> _Run:
        kind, step = record["kind"], record.get("step_kind")
        if kind == "run":
            return _Run(command=record.get("command", ""))
        if kind == "done" and step == "backup":
            return replace(self, backup=(record.get("facts") or {}).get("backup", ""))
        if step == "restore" and kind in ("done", "undone"):
            return replace(self, restores=kind == "done")
        return replace(self, migrates=True) if step == KIND else self

    @property
    def settles(self) -> bool:
        """Whether its success says that the schema is whole: every deploy looks first."""
        return self.restores or self.migrates or self.command == "deploy"
