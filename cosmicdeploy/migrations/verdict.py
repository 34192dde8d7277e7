"""The verdict on a migration's statement: what it would do, and why that may be dangerous."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a statement does, from the least to the most dangerous.

    A `harmless` statement changes no column, index or row. An `additive` statement removes nothing
    that the running release uses. A `data` statement writes rows. A `risky` statement loses no data
    but may fail on the existing rows; it is shown but not refused. An `unknown` statement cannot be
    judged. A `destructive` one loses data or may break the running release. Both are refused.
    """

    HARMLESS = "harmless"
    ADDITIVE = "additive"
    DATA = "data"
    RISKY = "risky"
    UNKNOWN = "unknown"
    DESTRUCTIVE = "destructive"

    @property
    def danger(self) -> int:
        return list(Kind).index(self)


@dataclass(frozen=True)
class Verdict:
    """The kind of a statement, and why it is of that kind."""

    kind: Kind
    why: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether an operator has to allow the statement before it runs."""
        return self.kind in (Kind.UNKNOWN, Kind.DESTRUCTIVE)


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return a verdict of the most dangerous kind, with the reasons of all verdicts of that kind.

    `verdicts` must not be empty.
    """
    kind = max((verdict.kind for verdict in verdicts), key=lambda kind: kind.danger)
    reasons = [verdict.why for verdict in verdicts if verdict.kind is kind and verdict.why]
    return Verdict(kind, "; ".join(dict.fromkeys(reasons)))


def cannot_judge(why: str) -> Verdict:
    """Return the verdict on a statement that is not understood."""
    return Verdict(Kind.UNKNOWN, f"cannot be judged: {why}")


def destructive(why: str) -> Verdict:
    """Return the verdict on a statement that loses data or may break the running release."""
    return Verdict(Kind.DESTRUCTIVE, why)
