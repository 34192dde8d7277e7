"""Decide which backups a retention policy keeps, and why. Nothing is removed here.

The rule `last: N` keeps the newest N usable backups. `daily: N` considers the last N days that have
a usable backup, and keeps the newest of each; `weekly` and `monthly` work alike. A backup stays if
any rule keeps it. Days begin at midnight in this machine's time zone, weeks on Monday. Backups that
only name images count as usable here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from pydantic import Field

from cosmicdeploy.database.backups.backup import Backup, newest_first
from cosmicdeploy.files.written_model import WrittenModel

FAILED_KEPT_FOR = timedelta(days=1)


class RetentionPolicy(WrittenModel):
    """How many backups each rule keeps; 0 keeps none.

    At least `minimum` usable backups always stay. `releases` is the number of releases whose
    backups and images are kept for a rollback.
    """

    last: int = Field(default=0, ge=0)
    daily: int = Field(default=0, ge=0)
    weekly: int = Field(default=0, ge=0)
    monthly: int = Field(default=0, ge=0)
    minimum: int = Field(default=1, ge=1)
    releases: int = Field(default=3, ge=0)

    @property
    def is_set(self) -> bool:
        """Whether any rule is set; without a rule, no usable backup is removed."""
        return bool(self.last or self.daily or self.weekly or self.monthly)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One backup, and why it is kept or removed."""

    backup: Backup
    keep: bool
    reason: str


def decide(
    backups: Iterable[Backup],
    policy: RetentionPolicy,
    needed: Mapping[str, str],
    at: datetime,
    zone: tzinfo | None = None,
) -> list[Decision]:
    """Decide on each backup, newest first.

    `needed` is ID → reason, for the backups that must stay even if no rule keeps them. `at` is the
    current time. Days begin at midnight in `zone`; None is this machine's time zone.
    """
    ordered = newest_first(backups)
    usable = [backup for backup in ordered if backup.is_rollback_target]
    reasons = _reasons(usable, policy, needed, zone)
    unusable = _UnusableBackups(
        policy=policy, needed=needed, at=at, newest=next(iter(usable), None)
    )
    return [
        _decide_usable(backup, reasons) if backup.is_rollback_target else unusable.decide(backup)
        for backup in ordered
    ]


def _decide_usable(backup: Backup, reasons: Mapping[str, list[str]]) -> Decision:
    why = reasons.get(backup.id)
    reason = "no rule keeps it"
    if not backup.manifest.project:
        reason += " (its project is not on record; its database is this stack's)"
    return Decision(backup=backup, keep=bool(why), reason=", ".join(why) if why else reason)


@dataclass(frozen=True, kw_only=True)
class _UnusableBackups:
    """Decides on unusable backups, which no rule counts.

    `newest` is the newest usable backup, None if there is none.
    """

    policy: RetentionPolicy
    needed: Mapping[str, str]
    at: datetime
    newest: Backup | None

    def decide(self, backup: Backup) -> Decision:
        """Decide on one unusable backup."""
        why = self.needed.get(backup.id) or self._why_kept(backup)
        return Decision(backup=backup, keep=bool(why), reason=why or f"not usable: {backup.why}")

    def _why_kept(self, backup: Backup) -> str:
        if backup.foreign:
            return backup.foreign
        if backup.damaged:
            return "its manifest or state is damaged: check it by hand"
        if backup.status == "running":
            return "it is being made"
        if backup.state.pin:
            return _pinned(backup)
        return self._why_still_useful(backup)

    def _why_still_useful(self, backup: Backup) -> str:
        state = backup.state
        if backup.from_future:
            return f"{backup.from_future}, so no rule counts it"
        if backup.is_intact and not self._is_superseded(backup):
            return f"its data is intact, although {backup.why}"
        if not backup.is_intact and state.copy_urls:
            return f"not usable here, but a copy exists: `cosmicdeploy backup fetch {backup.id}`"
        return (
            "failed less than a day ago" if self.at - _failed_at(backup) < FAILED_KEPT_FOR else ""
        )

    def _is_superseded(self, backup: Backup) -> bool:
        """Whether a newer usable backup exists and a policy is set.

        Otherwise an intact backup stays even if its test restore failed. The server may have caused
        that failure, so this may be the best backup.
        """
        created = backup.manifest.created_at
        newer = self.newest is not None and self.newest.manifest.created_at > created
        return newer and self.policy.is_set


def _failed_at(backup: Backup) -> datetime:
    """Return when the last failed verification of a backup ended, or else when its dump started."""
    read, restored = backup.state.read, backup.state.restored
    failures = [each.at for each in (read, restored) if each and not each.passed]
    return max(failures, default=backup.manifest.created_at)


def _reasons(
    usable: list[Backup], policy: RetentionPolicy, needed: Mapping[str, str], zone: tzinfo | None
) -> dict[str, list[str]]:
    """Return ID → reasons, for the usable backups that stay."""
    reasons: dict[str, list[str]] = {}

    def keep_for(backup: Backup, why: str) -> None:
        reasons.setdefault(backup.id, []).append(why)

    for backup in usable:
        if backup is usable[0]:
            keep_for(backup, "newest good backup" if backup.has_data else "newest images")
        if backup.state.pin:
            keep_for(backup, _pinned(backup))
        if backup.id in needed:
            keep_for(backup, needed[backup.id])
        if not policy.is_set:
            keep_for(backup, "no policy is set")
    for why, kept in _by_rule(usable, policy, zone):
        keep_for(kept, why)
    for backup in usable:
        if len(reasons) < policy.minimum and backup.id not in reasons:
            keep_for(backup, f"minimum of {policy.minimum}")
    return reasons


def _pinned(backup: Backup) -> str:
    reason = backup.state.pin.reason if backup.state.pin else ""
    return f"pinned: {reason}" if reason else "pinned"


def _by_rule(
    usable: list[Backup], policy: RetentionPolicy, zone: tzinfo | None
) -> Iterable[tuple[str, Backup]]:
    """Yield (reason, backup) for each rule and each backup that the rule keeps."""

    def local(backup: Backup) -> datetime:
        return backup.manifest.created_at.astimezone(zone)

    periods: tuple[tuple[str, int, Callable[[Backup], object]], ...] = (
        ("last", policy.last, lambda backup: backup.id),
        ("daily", policy.daily, lambda backup: local(backup).date()),
        ("weekly", policy.weekly, lambda backup: local(backup).isocalendar()[:2]),
        ("monthly", policy.monthly, lambda backup: (local(backup).year, local(backup).month)),
    )
    for name, count, period in periods:
        newest: dict[object, Backup] = {}
        for backup in usable:
            newest.setdefault(period(backup), backup)
        for number, kept in enumerate(list(newest.values())[:count], 1):
            yield f"{name} {number} of {count}", kept
