"""Backups as text: one in detail, and a list of them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.manifest import Content, Objects, TableRows
from cosmicdeploy.database.backups.on_disk.state import CopyRecord, Pin, State, VerificationRecord
from cosmicdeploy.database.backups.retention import Decision
from cosmicdeploy.report.console import PIPE_WIDTH
from cosmicdeploy.report.views.backups import (
    age,
    show_backup,
    show_backups,
    show_decisions,
    verified,
)
from tests.unit.database.backups.entries import manifest

pytestmark = pytest.mark.unit

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD, BAD = VerificationRecord(at=AT), VerificationRecord(at=AT, reason="a byte differs")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State(), "no"),
        (State(read=GOOD), "read again, "),
        (State(read=GOOD, restored=GOOD), "restored, "),
        (State(read=GOOD, restored=BAD), "DID NOT RESTORE, "),
        (State(read=BAD, restored=GOOD), "DAMAGED, "),
    ],
)
def test_a_backup_says_how_it_was_verified(state: State, text: str) -> None:
    assert verified(state).startswith(text)


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=59), "< 1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_an_age_is_shown_in_its_largest_unit(passed: timedelta, text: str) -> None:
    assert age(AT, AT + passed) == text


@pytest.fixture
def backup() -> Backup:
    described = manifest("20260301-120000-aaaa").updated(
        status="good",
        release="2",
        images={"cosmic-app-1": "sha256:1234"},
        raw=Content(bytes=4_000_000, sha256="ab" * 32),
        compressed=Content(bytes=1_000_000, sha256="cd" * 32),
        objects=Objects(tables={"remotes": TableRows(before=41, after=42)}, views=("names",)),
        tool="mariadb-dump",
        warnings=("a definer is missing",),
    )
    copies = (CopyRecord(url="/nas", at=AT), CopyRecord(url="s3://x", at=AT, error="no bucket"))
    state = State(read=GOOD, pin=Pin(at=AT, reason="[audit]"), copies=copies)
    return Backup(manifest=described, data=Path("x"), state=state)


def printed(show: object, *arguments: object, width: int = 300, **options: object) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(console, *arguments, **options)  # type: ignore[operator]
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_one_backup_is_shown_with_all_its_details(backup: Backup) -> None:
    shown = printed(show_backup, backup)
    for word in (
        "20260301-120000-aaaa, good",
        "MariaDB 10.11.19",
        "mariadb-dump",
        "sha256:1234",
        "4.0 MB, SHA-256 abab",
        "25% of raw",
        "names",
        "a definer is missing",
        "yes: [audit]",
        "not copied: no bucket",
    ):
        assert word in shown
    assert "41" in shown and "42" in shown


def test_a_list_has_one_line_for_each_backup_and_its_notes_below(backup: Backup) -> None:
    assert "/nas" not in printed(show_backups, [backup], copies=False)
    _, line, *notes = printed(show_backups, [backup], copies=True).splitlines()
    assert all(word in line for word in ("good", "1.0 MB", "read again", "d ago"))
    id_ = backup.id
    assert notes == [f"  {id_}: pinned: [audit]", f"  {id_}: copied to /nas"]
    plain = replace(backup, state=State(read=GOOD))
    [head, line] = printed(show_backups, [plain], copies=True, width=80).splitlines()
    assert head.split() == ["id", "status", "age", "release", "size", "proven"]


def test_a_long_reason_wraps_at_80_columns_and_nothing_is_lost(backup: Backup) -> None:
    release = "2026.11.27-141500-ab12cd"
    reason = "newest good one, the way back from release 2.14.0, pinned: before the fair, last 1"
    backup = replace(backup, manifest=backup.manifest.updated(release=release))
    decision = Decision(backup=backup, keep=True, reason=reason)
    head, *lines = printed(show_decisions, [decision], width=80).splitlines()
    begin = head.index("decision")
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(line[begin:].strip() for line in lines) == f"keep: {reason}"
    before_the_decision = [line[:begin].split() for line in lines]
    assert before_the_decision[0][0] == backup.id and before_the_decision[0][-1] == release
    assert not any(before_the_decision[1:])


def test_a_long_reason_stays_on_one_line_in_a_pipe(backup: Backup) -> None:
    decision = Decision(backup=backup, keep=False, reason="no rule keeps it, " * 20)
    assert len(printed(show_decisions, [decision], width=PIPE_WIDTH).splitlines()) == 2
