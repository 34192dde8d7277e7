"""Find out how much of a pending migration is already in the schema.

A pending migration may have changed the schema already. That happens if an operator ran the
migration by hand, and it was killed before the application recorded it as done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cosmicdeploy.database.schema.tables.shape import Shape
from cosmicdeploy.migrations.preview import (
    DONE,
    NOT_DONE,
    NOT_KNOWN,
    Outcome,
    Statement,
    infer_outcomes,
)
from cosmicdeploy.migrations.verdict import Kind


class AppliedState(StrEnum):
    """How much of a pending migration is already in the schema."""

    NONE = "none"
    PART = "part"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class UnrecordedMigration:
    """A pending migration, and how much of it is already in the schema.

    `outcomes` says which statements took effect; harmless statements are left out.
    """

    migration: str
    applied: AppliedState
    outcomes: Sequence[Outcome] = ()

    @property
    def lines(self) -> list[str]:
        """The outcome of each statement, one line each."""
        return [outcome.line for outcome in self.outcomes]


def applied_states(statements: Sequence[Statement], shape: Shape) -> list[UnrecordedMigration]:
    """Return how much of each migration is already in the schema.

    The migrations are in the order of their `statements`.
    """
    names = dict.fromkeys(statement.migration for statement in statements)
    return [
        _unrecorded(name, [s for s in statements if s.migration == name], shape) for name in names
    ]


def _unrecorded(name: str, statements: Sequence[Statement], shape: Shape) -> UnrecordedMigration:
    from cosmicdeploy.migrations.effects import has_created  # sqlglot is slow to import

    changing = [s for s in statements if s.kind is not Kind.HARMLESS]
    outcomes = infer_outcomes([Outcome(statement=s, state=_state(s, shape)) for s in changing])
    proofs = [i for i, s in enumerate(changing) if s.in_effect and has_created(s.sql, shape)]
    return UnrecordedMigration(
        migration=name, applied=_applied(outcomes, proofs), outcomes=outcomes
    )


def _applied(outcomes: Sequence[Outcome], proofs: Sequence[int]) -> AppliedState:
    """Return how much of a migration is in the schema, from the outcomes of its statements.

    `proofs` are the indexes of the statements that create a table, column or key which exists now.
    A migration runs its statements in order. So if a statement before the last proof was not done,
    something other than this migration created the existing objects.
    """
    states = [outcome.state for outcome in outcomes]
    if not proofs or NOT_DONE in states[: proofs[-1]]:
        return AppliedState.NONE
    return AppliedState.ALL if set(states) == {DONE} else AppliedState.PART


def _state(statement: Statement, shape: Shape) -> str:
    from cosmicdeploy.migrations.effects import has_created, only_drops

    if statement.in_effect is False:
        return NOT_DONE
    dropped = statement.in_effect and only_drops(statement.sql)
    created = statement.in_effect and has_created(statement.sql, shape)
    return DONE if dropped or created else NOT_KNOWN
