"""Backups as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from rich.console import Console, Group
from rich.filesize import decimal

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.backup_files import CLOCK_TOLERANCE
from cosmicdeploy.database.backups.manifest import Content, Manifest, TableRows
from cosmicdeploy.database.backups.retention import Decision
from cosmicdeploy.database.backups.state import State, VerificationRecord
from cosmicdeploy.report.tables import table
from cosmicdeploy.text.formatting import format_time

# With those behind only where one of the backups has something to say there: a line is to fit.
LISTED = ("id", "status", "age", "release", "size", "proven")
NOTED = ("pinned", "copies", "why")
DECIDED = ("id", "made", "release", "size", "decision", "reason")
UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def show_backups(console: Console, backups: Iterable[Backup], *, copies: bool) -> None:
    """A line for each."""
    rows = [_row(backup) for backup in backups]
    noted = [name for name in NOTED if any(row[name] for row in rows)]
    wanted = [name for name in noted if copies or name != "copies"]
    console.print(table((*LISTED, *wanted), rows))


def show_decisions(console: Console, decisions: Iterable[Decision]) -> None:
    """What stays, what goes, and why."""
    rows = [
        {
            **_row(decision.backup),
            "decision": "keep" if decision.keep else "remove",
            "reason": decision.reason,
        }
        for decision in decisions
    ]
    console.print(table(DECIDED, rows))


def show_backup(console: Console, backup: Backup) -> None:
    """All that is known of one."""
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
        "made": format_time(manifest.created_at),
        "release": manifest.release or "",
        "size": size(manifest),
        "proven": proven(backup.state),
        "pinned": _pinned(backup.state),
        "copies": ", ".join(backup.state.copy_urls),
        "why": backup.why,
    }


def _facts(backup: Backup) -> Iterator[tuple[str, str]]:
    manifest, state = backup.manifest, backup.state
    objects = manifest.objects
    yield "backup", f"{backup.id}, {backup.status}"
    yield "why", backup.why
    yield "made", f"{format_time(manifest.created_at)} ({ago(manifest.created_at)})"
    yield "took", f"{manifest.seconds:.1f} s, with {manifest.tool or 'no tool'}"
    yield "schema", manifest.database
    yield "project", manifest.project or "not on record"
    yield "server", f"{manifest.server_vendor} {manifest.server_version}"
    yield "release", manifest.release or ""
    yield from ((f"image of {name}", image) for name, image in manifest.images.items())
    yield "migrations", f"up to batch {manifest.highest_batch}" if manifest.highest_batch else ""
    yield "raw", _content(manifest.raw)
    yield "compressed", _content(manifest.compressed) + _ratio(manifest)
    for kind in ("views", "triggers", "routines", "events"):
        yield kind, ", ".join(getattr(objects, kind))
    yield "warnings", "; ".join(manifest.warnings)
    yield "verified", verified(state)
    yield "pinned", _pinned(state)
    for copy in state.copies:
        found = f"not copied: {copy.error}" if copy.error else "compared"
        yield "copy", f"{copy.url}, {format_time(copy.at)}, {found}"
    yield "rows counted", str(manifest.rows_counted)


def size(manifest: Manifest) -> str:
    """What the data takes on the disk."""
    return decimal(manifest.compressed.bytes) if manifest.compressed else ""


def verified(state: State) -> str:
    """How and when a backup was proven last: the strongest proof, and what failed."""
    how, proof = _proof(state)
    return f"{how}, {format_time(proof.at)}" if proof else how


def proven(state: State) -> str:
    """As `verified`, for a table."""
    how, proof = _proof(state)
    return f"{how} {ago(proof.at)}" if proof else how


def _proof(state: State) -> tuple[str, VerificationRecord | None]:
    if state.damage:
        return "DAMAGED", state.read
    if state.restored:
        return "restored" if state.restored.passed else "DID NOT RESTORE", state.restored
    return "read again" if state.read else "no", state.read


def age(since: datetime, at: datetime | None = None) -> str:
    """How long ago that was, in its largest unit."""
    passed = (at or datetime.now(UTC)) - since
    if passed < -CLOCK_TOLERANCE:
        return "in the future"
    for unit, length in UNITS:
        if passed >= length:
            return f"{passed // length} {unit}"
    return "< 1 min"


def ago(since: datetime) -> str:
    """As `age`, in a sentence."""
    passed = age(since)
    return passed if passed == "in the future" else f"{passed} ago"


def _pinned(state: State) -> str:
    if state.pin is None:
        return ""
    return f"yes: {state.pin.reason}" if state.pin.reason else "yes"


def _content(content: Content | None) -> str:
    return f"{decimal(content.bytes)}, SHA-256 {content.sha256}" if content else ""


def _ratio(manifest: Manifest) -> str:
    if not manifest.raw or not manifest.compressed or not manifest.raw.bytes:
        return ""
    return f", {manifest.compressed.bytes / manifest.raw.bytes:.0%} of raw"
