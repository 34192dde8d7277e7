"""What a statement would do, in one word and in a few."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """In the order of what they may cost, least first.

    `risky` loses nothing, but may fail on the rows there are; it is shown, not refused. `unknown`
    cannot be judged, and is refused as `destructive` is.
    """

    HARMLESS = "harmless"
    ADDITIVE = "additive"
    DATA = "data"
    RISKY = "risky"
    UNKNOWN = "unknown"
    DESTRUCTIVE = "destructive"

    @property
    def cost(self) -> int:
        return list(Kind).index(self)


@dataclass(frozen=True)
class Verdict:
    """A kind, and why it is that."""

    kind: Kind
    why: str = ""

    @property
    def refused(self) -> bool:
        """Whether it takes somebody's word to run it."""
        return self.kind in (Kind.UNKNOWN, Kind.DESTRUCTIVE)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The one that costs most, with the reasons of all that cost as much."""
    kind = max((verdict.kind for verdict in verdicts), key=lambda kind: kind.cost)
    reasons = [verdict.why for verdict in verdicts if verdict.kind is kind and verdict.why]
    return Verdict(kind, "; ".join(dict.fromkeys(reasons)))


def cannot_judge(why: str) -> Verdict:
    """For whatever is not understood."""
    return Verdict(Kind.UNKNOWN, f"cannot be judged: {why}")


def destructive(why: str) -> Verdict:
    """For what loses data, or what the running release may rely on."""
    return Verdict(Kind.DESTRUCTIVE, why)
