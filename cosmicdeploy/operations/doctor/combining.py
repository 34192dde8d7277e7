"""Combine what parts of a check found, and use checks of `diagnose`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cosmicdeploy.errors import CosmicError
from cosmicdeploy.operations.diagnosis.finding import Finding, Severity
from cosmicdeploy.operations.doctor.outcome import Flaw, Outcome, Stake, Unchecked, unchecked_of


def outcome_of(findings: Iterable[Finding], stake: Stake, loses: str) -> Outcome:
    """Return the outcome that findings of `diagnose` amount to.

    A problem puts `stake` at stake and loses `loses`. A warning, or a check that ended in an error,
    means that something could not be checked.
    """
    found, flaws, unchecked = list[str](), list[Flaw](), list[Unchecked]()
    for each in findings:
        if each.severity is Severity.OK:
            found.append(each.description)
        elif each.severity is Severity.PROBLEM:
            flaws.append(Flaw(stake=stake, loses=loses, why=each.description, todo=each.todo))
        else:
            unchecked.append(Unchecked(why=each.description, todo=each.todo))
    return Outcome(found="; ".join(found), flaws=tuple(flaws), unchecked=tuple(unchecked))


def merged(*outcomes: Outcome) -> Outcome:
    """Return several outcomes as one."""
    return Outcome(
        found="; ".join(each.found for each in outcomes if each.found),
        flaws=tuple(flaw for each in outcomes for flaw in each.flaws),
        unchecked=tuple(one for each in outcomes for one in each.unchecked),
    )


def attempted(*parts: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of all parts of a check; an error in one does not hide the others."""
    return merged(*map(_attempt, parts))


def holding(outcome: Outcome, text: str) -> Outcome:
    """Return the outcome; if it is empty, return one that has found `text`."""
    is_silent = not (outcome.found or outcome.flaws or outcome.unchecked)
    return replace(outcome, found=text) if is_silent else outcome


def _attempt(part: Callable[[], Outcome]) -> Outcome:
    try:
        return part()
    except CosmicError as error:
        return Outcome(unchecked=(unchecked_of(error),))
