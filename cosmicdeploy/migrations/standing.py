"""How far a migration that counts as pending has come all the same: somebody ran it by hand, and it
was killed before it was noted as run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cosmicdeploy.database.schema.shape import Shape
from cosmicdeploy.migrations.preview import DONE, NOT_DONE, NOT_KNOWN, Fate, Statement, in_order
from cosmicdeploy.migrations.verdict import Kind


class Standing(StrEnum):
    """How the schema stands to a pending migration."""

    NEW = "nothing of it is there"
    HALF = "part of it is there"
    WHOLE = "all of it is there"


@dataclass(frozen=True, kw_only=True)
class Unnoted:
    """A pending migration, and what its statements left in the schema."""

    migration: str
    standing: Standing
    fates: Sequence[Fate] = ()

    @property
    def lines(self) -> list[str]:
        """For people: what became of each statement."""
        return [fate.line for fate in self.fates]


def standings(statements: Sequence[Statement], shape: Shape) -> list[Unnoted]:
    """How the schema stands to each of these migrations, in their order."""
    names = dict.fromkeys(statement.migration for statement in statements)
    return [_begun(name, [s for s in statements if s.migration == name], shape) for name in names]


def _begun(name: str, statements: Sequence[Statement], shape: Shape) -> Unnoted:
    from cosmicdeploy.migrations.effects import made  # sqlglot is slow to import

    told = [s for s in statements if s.kind is not Kind.HARMLESS]
    found = in_order([Fate(statement=s, state=_state(s, shape)) for s in told])
    proofs = [index for index, s in enumerate(told) if s.there and made(s.sql, shape)]
    return Unnoted(migration=name, standing=_standing(found, proofs), fates=found)


def _standing(found: Sequence[Fate], proofs: Sequence[int]) -> Standing:
    """A migration runs its statements in order: where one is missing before another that is there,
    that one is somebody else's work."""
    states = [fate.state for fate in found]
    if not proofs or NOT_DONE in states[: proofs[-1]]:
        return Standing.NEW
    return Standing.WHOLE if set(states) == {DONE} else Standing.HALF


def _state(statement: Statement, shape: Shape) -> str:
    from cosmicdeploy.migrations.effects import made, only_takes_away

    if statement.there is False:
        return NOT_DONE
    gone = statement.there and only_takes_away(statement.sql)
    return DONE if gone or (statement.there and made(statement.sql, shape)) else NOT_KNOWN
