"""Show backups: the list, a single backup, the decisions of the retention policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console, Group
from rich.filesize import decimal

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.backup_files import CLOCK_TOLERANCE
from cosmicdeploy.database.backups.on_disk.manifest import Content, Manifest, TableRows
from cosmicdeploy.database.backups.on_disk.state import State, VerificationRecord
from cosmicdeploy.database.backups.retention import Decision
from cosmicdeploy.report.console import styled
from cosmicdeploy.report.tables import newest, one_line_table, table
from cosmicdeploy.text.formatting import format_time

LIST_COLUMNS = ("id", "status", "age", "release", "size", "proven")
DECISION_COLUMNS = ("id", "age", "release", "decision")
UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def show_backups(
    console: Console, backups: Sequence[Backup], *, copies: bool, show_all: bool = False
) -> None:
    """Print a line for each of the ten newest backups, or for all, then notes on these backups.

    With `copies`, a note names the destinations of a backup's copies.
    """
    shown, rest = newest(backups, show_all=show_all)
    console.print(one_line_table(LIST_COLUMNS, [_row(backup) for backup in shown]))
    for note, ids in _notes(shown, copies=copies).items():
        console.print(styled("  {}: {}", ", ".join(ids), note), soft_wrap=True)
    if rest:
        console.print(rest)


def _notes(backups: Iterable[Backup], *, copies: bool) -> dict[str, list[str]]:
    """Return note → ids of its backups, for notes that are too long for a row of 80 columns."""
    notes: dict[str, list[str]] = {}
    for backup in backups:
        pin, urls = backup.state.pin, backup.state.copy_urls
        pinned = ": ".join(filter(None, ("pinned", pin.reason))) if pin else ""
        copied = f"copied to {', '.join(urls)}" if copies and urls else ""
        for note in filter(None, (backup.why, pinned, copied)):
            notes.setdefault(note, []).append(backup.id)
    return notes


def show_decisions(console: Console, decisions: Iterable[Decision]) -> None:
    """Print for each backup whether it is kept or removed, and why; a long reason wraps."""
    rows = [
        {
            **_row(decision.backup),
            "decision": f"{'keep' if decision.keep else 'remove'}: {decision.reason}",
        }
        for decision in decisions
    ]
    console.print(one_line_table(DECISION_COLUMNS, rows, wrapped="decision"))


def show_backup(console: Console, backup: Backup) -> None:
    """Print everything known about a backup."""
    facts = [{"": name, " ": value} for name, value in _facts(backup) if value]
    rows = [
        {"table": name, **rows.model_dump()}
        for name, rows in backup.manifest.objects.tables.items()
    ]
    console.print(
        Group(table(("", " "), facts), "", table(("table", *TableRows.model_fields), rows))
    )


def _row(backup: Backup) -> dict[str, object]:
    manifest = backup.manifest
    return {
        "id": backup.id,
        "status": backup.status,
        "age": age(manifest.created_at),
        "release": manifest.release_text,
        "size": size(manifest),
        "proven": proven(backup.state) if backup.has_data else "",
    }


def _facts(backup: Backup) -> Iterator[tuple[str, str]]:
    manifest, state = backup.manifest, backup.state
    objects = manifest.objects
    yield "backup", f"{backup.id}, {backup.status}"
    yield "why", backup.why
    yield "created", f"{format_time(manifest.created_at)} ({ago(manifest.created_at)})"
    if backup.has_data:
        yield "took", f"{manifest.seconds:.1f} s, with {manifest.tool or 'no tool'}"
    yield "schema", manifest.database
    yield "project", manifest.project or "not on record"
    yield "server", f"{manifest.server_vendor} {manifest.server_version}".strip()
    yield "data directory", manifest.server_id
    yield "release", manifest.release_text
    yield from ((f"image of {name}", image) for name, image in manifest.images.items())
    yield "migrations", _migrations(manifest)
    yield "raw", _content(manifest.raw)
    yield "compressed", _content(manifest.compressed) + _ratio(manifest)
    for kind in ("views", "triggers", "routines", "events"):
        yield kind, ", ".join(getattr(objects, kind))
    yield "warnings", "; ".join(manifest.warnings)
    yield "structure", _structure(manifest)
    yield "verified", verified(state) if backup.has_data else ""
    yield "proven", backup.proof if backup.has_data else ""
    yield "pinned", _pinned(state)
    for copy in state.copies:
        result = f"not copied: {copy.error}" if copy.error else "compared"
        yield "copy", f"{copy.url}, {format_time(copy.at)}, {result}"
    yield "rows counted", str(manifest.rows_counted) if backup.has_data else ""


def _structure(manifest: Manifest) -> str:
    """Return how the structure was restored when the backup was made; "" if it was not restored."""
    proof = manifest.structure_proof
    if proof is None:
        return ""
    return f"restored when the backup was made: {proof.objects} objects, {proof.seconds:.1f} s"


def size(manifest: Manifest) -> str:
    """Return the size of the compressed data; "" if unknown."""
    return decimal(manifest.compressed.bytes) if manifest.compressed else ""


def verified(state: State) -> str:
    """Return how a backup was proven good or bad, and when; "no" if it was not verified."""
    how, proof = _proof(state)
    return f"{how}, {format_time(proof.at)}" if proof else how


def proven(state: State) -> str:
    """Return what `verified` returns, but shorter: with "3 d ago" instead of the time."""
    how, proof = _proof(state)
    return f"{how} {ago(proof.at)}" if proof else how


def _proof(state: State) -> tuple[str, VerificationRecord | None]:
    """Return how the backup was proven good or bad, in words and as a record.

    Damage comes first, then the last test restore, then the last read of the data.
    """
    if state.damage:
        return "DAMAGED", state.read
    if state.restored:
        return "restored" if state.restored.passed else "DID NOT RESTORE", state.restored
    return "read again" if state.read else "no", state.read


def age(since: datetime, at: datetime | None = None) -> str:
    """Return the time from `since` to `at` (default: now), such as "3 d"; or "in the future"."""
    passed = (at or datetime.now(UTC)) - since
    if passed < -CLOCK_TOLERANCE:
        return "in the future"
    for unit, length in UNITS:
        if passed >= length:
            return f"{passed // length} {unit}"
    return "< 1 min"


def ago(since: datetime) -> str:
    """Return the time since `since` for a sentence: "3 d ago", or "in the future"."""
    passed = age(since)
    return passed if passed == "in the future" else f"{passed} ago"


def _pinned(state: State) -> str:
    if state.pin is None:
        return ""
    return f"yes: {state.pin.reason}" if state.pin.reason else "yes"


def _migrations(manifest: Manifest) -> str:
    """Return which migrations had run: the last batch, a few names, or how many; "" for none."""
    if manifest.highest_batch:
        return f"up to batch {manifest.highest_batch}"
    names = manifest.migrations
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} had run"


def _content(content: Content | None) -> str:
    return f"{decimal(content.bytes)}, SHA-256 {content.sha256}" if content else ""


def _ratio(manifest: Manifest) -> str:
    if not manifest.raw or not manifest.compressed or not manifest.raw.bytes:
        return ""
    return f", {manifest.compressed.bytes / manifest.raw.bytes:.0%} of raw"
