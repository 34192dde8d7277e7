"""Which backups a policy keeps: examples, and rules that hold for any policy."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.on_disk.state import CopyRecord, Pin, State, VerificationRecord
from cosmicdeploy.database.backups.retention import Decision, RetentionPolicy, decide
from tests.unit.database.backups.entries import manifest

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def backup_at(
    at: datetime, state: State | None = None, status: str = "good", damaged: str = ""
) -> Backup:
    backup_id = f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-0000"
    described = manifest(backup_id).updated(status=status)
    return Backup(manifest=described, data=Path(), state=state or State(), damaged=damaged)


def backup_ago(state: State | None = None, status: str = "good", **passed: float) -> Backup:
    return backup_at(NOW - timedelta(**passed), state, status)


def kept(decisions: list[Decision]) -> list[str]:
    return [d.backup.id[:13] for d in decisions if d.keep]


HOURLY = [backup_at(NOW - timedelta(hours=h)) for h in range(24 * 70)]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (RetentionPolicy(last=3), ["20260301-1200", "20260301-1100", "20260301-1000"]),
        (RetentionPolicy(daily=3), ["20260301-1200", "20260228-2300", "20260227-2300"]),
        # 1 March 2026 is a Sunday.
        (RetentionPolicy(weekly=3), ["20260301-1200", "20260222-2300", "20260215-2300"]),
        (RetentionPolicy(monthly=2), ["20260301-1200", "20260228-2300"]),
        (RetentionPolicy(last=2, monthly=2), ["20260301-1200", "20260301-1100", "20260228-2300"]),
        (RetentionPolicy(daily=1, minimum=3), ["20260301-1200", "20260301-1100", "20260301-1000"]),
    ],
)
def test_each_rule_keeps_its_number_of_hourly_backups(
    keep: RetentionPolicy, expected: list[str]
) -> None:
    assert kept(decide(HOURLY, keep, {}, NOW, UTC)) == expected


def test_days_without_a_backup_do_not_count() -> None:
    rare = [backup_ago(days=0), backup_ago(days=20), backup_ago(days=40), backup_ago(days=60)]
    assert len(kept(decide(rare, RetentionPolicy(daily=3), {}, NOW, UTC))) == 3


def test_days_begin_at_midnight_in_the_time_zone() -> None:
    late = backup_at(datetime(2026, 2, 27, 22, 30, tzinfo=UTC))
    later = backup_at(datetime(2026, 2, 27, 23, 30, tzinfo=UTC))  # 28 February in Zürich
    two = [late, later]
    assert kept(decide(two, RetentionPolicy(daily=2), {}, NOW, UTC)) == ["20260227-2330"]
    assert len(kept(decide(two, RetentionPolicy(daily=2), {}, NOW, ZoneInfo("Europe/Zurich")))) == 2


def test_without_a_policy_only_old_failures_are_removed() -> None:
    backups = [
        *HOURLY,
        backup_ago(days=2, seconds=7, status="failed"),
        backup_ago(hours=23.5, status="failed"),
    ]
    removed = [d for d in decide(backups, RetentionPolicy(), {}, NOW) if not d.keep]
    assert [d.backup.status for d in removed] == ["failed"]
    assert removed[0].backup.manifest.created_at == NOW - timedelta(days=2, seconds=7)


@pytest.mark.parametrize(
    ("backup", "why"),
    [
        (backup_ago(days=9, status="running"), "being made"),
        (backup_at(NOW - timedelta(days=9), status="failed", damaged="no JSON"), "damaged"),
        (backup_ago(State(pin=Pin(at=NOW, reason="audit")), "failed", days=9), "pinned: audit"),
        (
            backup_ago(State(copies=(CopyRecord(url="/nas", at=NOW),)), "failed", days=9),
            "a copy exists",
        ),
        (
            backup_ago(State(read=VerificationRecord(at=NOW, reason="a byte differs")), days=9),
            "less than a day",
        ),
    ],
)
def test_some_backups_are_kept_although_they_are_unusable(backup: Backup, why: str) -> None:
    [decision] = decide([backup], RetentionPolicy(last=1), {}, NOW)
    assert decision.keep
    assert why in decision.reason


def test_a_damaged_backup_counts_for_no_rule() -> None:
    damaged = backup_ago(
        State(read=VerificationRecord(at=NOW - timedelta(days=2), reason="a byte differs")), days=1
    )
    older = backup_ago(days=3)
    decisions = decide([damaged, older], RetentionPolicy(last=1), {}, NOW)
    assert [(d.backup, d.keep) for d in decisions] == [(damaged, False), (older, True)]
    assert "a byte differs" in decisions[0].reason


def test_a_failed_copy_does_not_keep_its_backup() -> None:
    failed = CopyRecord(url="/nas", at=NOW, error="full")
    backup = backup_ago(State(copies=(failed,)), "failed", days=9)
    assert not decide([backup], RetentionPolicy(last=1), {}, NOW)[0].keep


def test_every_reason_is_given() -> None:
    pinned = backup_ago(State(pin=Pin(at=NOW)), hours=1)
    needed = {pinned.id: "needed to roll back release 2"}
    [decision] = decide([pinned], RetentionPolicy(last=2, daily=1), needed, NOW, UTC)
    assert decision.reason == (
        "newest good backup, pinned, needed to roll back release 2, last 1 of 2, daily 1 of 1"
    )


def test_no_policy_removes_protected_or_needed_backups() -> None:
    chance = random.Random(7)  # noqa: S311 - not secret, but reproducible
    policies = itertools.product((0, 1, 3), (0, 2), (0, 2), (0, 1), (1, 2, 5))
    for last, daily, weekly, monthly, minimum in policies:
        keep = RetentionPolicy(
            last=last, daily=daily, weekly=weekly, monthly=monthly, minimum=minimum
        )
        backups = [random_backup(chance) for _ in range(chance.randrange(25))]
        needed = {b.id: "needed" for b in chance.sample(backups, len(backups) // 5)}
        decisions = decide(backups, keep, needed, NOW)
        kept_ids = {d.backup.id for d in decisions if d.keep}
        usable = sorted((b.id for b in backups if b.is_usable), reverse=True)
        assert len(decisions) == len(backups)
        assert all(d.reason for d in decisions)
        assert set(usable[:1]) <= kept_ids
        assert {b.id for b in backups if b.state.pin} | set(needed) <= kept_ids
        assert len(kept_ids & set(usable)) >= min(minimum, len(usable))
        assert {b.id for b in backups if b.status == "running"} <= kept_ids


def random_backup(chance: random.Random) -> Backup:
    pin = Pin(at=NOW) if chance.random() < 0.1 else None
    read = VerificationRecord(
        at=NOW - timedelta(days=3), reason=chance.choice(["", "", "", "damaged"])
    )
    status = chance.choice(["good", "good", "good", "failed", "running"])
    at = NOW - timedelta(seconds=chance.randrange(80 * 86400))
    return backup_at(at, State(pin=pin, read=read), status)
