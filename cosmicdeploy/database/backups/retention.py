"""Which backups a policy keeps, and why. Nothing is removed here.

For each of the last N days (weeks, months) that have a good backup, the newest one of it is kept;
the rules are independent of one another. Days begin at midnight of this machine's zone, weeks on
Monday.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from pydantic import BaseModel, ConfigDict, Field

from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.selection import newest_first

FAILED_STAYS = timedelta(days=1)


class RetentionPolicy(BaseModel):
    """The policy, in numbers of backups; 0 for a rule that keeps nothing.

    `minimum` good ones stay in any case; `releases` is for how many releases the way back is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    last: int = Field(default=0, ge=0)
    daily: int = Field(default=0, ge=0)
    weekly: int = Field(default=0, ge=0)
    monthly: int = Field(default=0, ge=0)
    minimum: int = Field(default=1, ge=1)
    releases: int = Field(default=3, ge=0)

    @property
    def is_set(self) -> bool:
        """Whether any rule is given; without one no good backup is ever removed."""
        return bool(self.last or self.daily or self.weekly or self.monthly)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One backup, and why it stays or goes."""

    backup: Backup
    keep: bool
    reason: str


def decide(
    backups: Iterable[Backup],
    keep: RetentionPolicy,
    needed: Mapping[str, str],
    at: datetime,
    zone: tzinfo | None = None,
) -> list[Decision]:
    """A decision for each backup, newest first.

    `needed` names backups that must stay whatever the policy says: id → why. `zone` is where days
    begin; None is this machine's.
    """
    ordered = newest_first(backups)
    usable = [backup for backup in ordered if backup.usable]
    reasons = _reasons(usable, keep, needed, zone)
    judge = Unusable(keep=keep, needed=needed, at=at, newest=next(iter(usable), None))
    return [
        _good(backup, reasons) if backup.usable else judge.decision(backup) for backup in ordered
    ]


def _good(backup: Backup, reasons: Mapping[str, list[str]]) -> Decision:
    why = reasons.get(backup.id)
    goes = "no rule keeps it"
    if not backup.manifest.project:
        goes += " (its project is not on record; its database is this stack's)"
    return Decision(backup=backup, keep=bool(why), reason=", ".join(why) if why else goes)


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """Judges what no rule counts; `newest` is the newest usable backup."""

    keep: RetentionPolicy
    needed: Mapping[str, str]
    at: datetime
    newest: Backup | None

    def decision(self, backup: Backup) -> Decision:
        """Whether it stays, and why."""
        why = self.needed.get(backup.id) or self._stays(backup)
        return Decision(backup=backup, keep=bool(why), reason=why or f"not usable: {backup.why}")

    def _stays(self, backup: Backup) -> str:
        if backup.foreign:
            return backup.foreign
        if backup.damaged:
            return "its manifest or state is damaged: a person should look at it"
        if backup.status == "running":
            return "being made"
        if backup.state.pin:
            return _pinned(backup)
        return self._counts_for_nothing(backup)

    def _counts_for_nothing(self, backup: Backup) -> str:
        state = backup.state
        if backup.ahead:
            return f"{backup.ahead}, so no rule counts it"
        if backup.whole and not self._is_superseded(backup):
            return f"no newer one is good: {backup.why}"
        if not backup.whole and state.copy_urls:
            return "not usable here, but a copy is elsewhere: fetch it again"
        return "failed less than a day ago" if self.at - _failed_at(backup) < FAILED_STAYS else ""

    def _is_superseded(self, backup: Backup) -> bool:
        """A file that is whole may be the best there is, though it did not restore: what failed may
        have been the server."""
        made = backup.manifest.created_at
        newer = self.newest is not None and self.newest.manifest.created_at > made
        return newer and self.keep.is_set


def _failed_at(backup: Backup) -> datetime:
    """When it was found not usable; a dump that failed, when it was begun."""
    read, restored = backup.state.read, backup.state.restored
    found = [proof.at for proof in (read, restored) if proof and not proof.good]
    return max(found, default=backup.manifest.created_at)


def _reasons(
    usable: list[Backup], keep: RetentionPolicy, needed: Mapping[str, str], zone: tzinfo | None
) -> dict[str, list[str]]:
    """Why usable ones stay, by id; the newest first."""
    found: dict[str, list[str]] = {}

    def stays(backup: Backup, why: str) -> None:
        found.setdefault(backup.id, []).append(why)

    for backup in usable:
        if backup is usable[0]:
            stays(backup, "newest good one")
        if backup.state.pin:
            stays(backup, _pinned(backup))
        if backup.id in needed:
            stays(backup, needed[backup.id])
        if not keep.is_set:
            stays(backup, "no policy is set")
    for why, kept in _by_rule(usable, keep, zone):
        stays(kept, why)
    for backup in usable:
        if len(found) < keep.minimum and backup.id not in found:
            stays(backup, f"minimum of {keep.minimum}")
    return found


def _pinned(backup: Backup) -> str:
    reason = backup.state.pin.reason if backup.state.pin else ""
    return f"pinned: {reason}" if reason else "pinned"


def _by_rule(
    usable: list[Backup], keep: RetentionPolicy, zone: tzinfo | None
) -> Iterable[tuple[str, Backup]]:
    def local(backup: Backup) -> datetime:
        return backup.manifest.created_at.astimezone(zone)

    periods: tuple[tuple[str, int, Callable[[Backup], object]], ...] = (
        ("last", keep.last, lambda backup: backup.id),
        ("daily", keep.daily, lambda backup: local(backup).date()),
        ("weekly", keep.weekly, lambda backup: local(backup).isocalendar()[:2]),
        ("monthly", keep.monthly, lambda backup: (local(backup).year, local(backup).month)),
    )
    for name, count, period in periods:
        newest: dict[object, Backup] = {}
        for backup in usable:
            newest.setdefault(period(backup), backup)
        for number, kept in enumerate(list(newest.values())[:count], 1):
            yield f"{name} {number} of {count}", kept
