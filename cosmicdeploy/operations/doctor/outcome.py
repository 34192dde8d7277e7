"""The model of `doctor`: what a check found, what would be lost, and what was not checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, get_args

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import CosmicError

# What a flaw puts at stake, the worst first. The last two do not fail the check.
Stake = Literal["data", "requests", "jobs", "secrets", "proof", "deploy", "time", "note"]
STAKES: Sequence[Stake] = get_args(Stake)
HARMLESS: tuple[Stake, ...] = ("time", "note")
# The statements that grant privileges are among an error's details: they are there to be pasted.
PASTED = ("GRANT ",)


class Verdict(StrEnum):
    """How a check ended.

    `WARNS`: its flaws cost time at most. `NOT_CHECKED`: it found no flaw, but could not check
    everything.
    """

    HOLDS = "holds"
    WARNS = "warns"
    LOSES = "loses"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Something that a first deploy, or what follows it, would lose.

    `loses` says what and how much, `why` what was found, and `todo` what to do: a command, or where
    to write the `lines`.
    """

    stake: Stake
    loses: str
    why: str
    todo: str
    lines: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether more than time would be lost."""
        return self.stake not in HARMLESS

    def facts(self) -> dict[str, Any]:
        """Return the flaw as JSON for the report."""
        return {
            "stake": self.stake,
            "loses": self.loses,
            "why": self.why,
            "todo": self.todo,
            "lines": list(self.lines),
        }


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """Something that could not be checked, why, and what to do to have it checked."""

    why: str
    todo: str = ""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON for the report."""
        return {"why": self.why, "todo": self.todo}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check found out.

    `found` says what holds; "" if nothing is known to hold. `unchecked` is what the check could not
    find out.
    """

    found: str = ""
    flaws: tuple[Flaw, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst that was found."""
        if any(flaw.fails for flaw in self.flaws):
            return Verdict.LOSES
        if self.flaws:
            return Verdict.WARNS
        return Verdict.NOT_CHECKED if self.unchecked else Verdict.HOLDS

    def facts(self) -> dict[str, Any]:
        """Return the outcome as JSON for the report, the worst flaw first."""
        flaws = sorted(self.flaws, key=lambda flaw: STAKES.index(flaw.stake))
        return {
            "verdict": str(self.verdict),
            "found": self.found,
            "flaws": [flaw.facts() for flaw in flaws],
            "unchecked": [each.facts() for each in self.unchecked],
        }


def flaw_of(error: CosmicError, stake: Stake, loses: str) -> Flaw:
    """Return the flaw that an error names; statements in its details are the lines to paste."""
    lines = tuple(each for each in error.details if each.startswith(PASTED))
    others = [each for each in error.details if each not in lines]
    return Flaw(
        stake=stake,
        loses=loses,
        why="; ".join([with_place(error), *others]),
        todo=error.todo,
        lines=lines,
    )


def unchecked_of(error: CosmicError, what: str = "") -> Unchecked:
    """Return what an error kept from being checked; `what` names a part of the check."""
    about = f"{what}: " if what else ""
    return Unchecked(why=about + with_place(error), todo=error.todo)


def with_place(error: CosmicError) -> str:
    """Return what an error says, with its place."""
    return f"{error.what} ({error.where})" if error.where else error.what


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of `doctor`; after `seconds` without a result, it counts as not checked.

    A check that `cleans_up` starts containers, and must be able to remove them even after that
    time.
    """

    name: str
    about: str
    run: Callable[[Context], Outcome]
    seconds: float = 20.0
    cleans_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """A check with its outcome, and the seconds that it took."""

    check: Check
    outcome: Outcome
    seconds: float

    @property
    def fails(self) -> bool:
        """Whether something would be lost."""
        return self.outcome.verdict is Verdict.LOSES

    def facts(self) -> dict[str, Any]:
        """Return the result as JSON for the report."""
        return {
            "check": self.check.name,
            "about": self.check.about,
            **self.outcome.facts(),
            "seconds": round(self.seconds, 3),
        }
