"""Pending migrations, statement by statement, and how far a broken run of them came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

from cosmicdeploy.database.schema.shape import Shape
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge

DONE, NOT_DONE, NOT_KNOWN = "done", "not done", "cannot be known"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement as people and records get it; `there` is whether its effect was there before
    it ran, None where that does not show. `sql` is "" where the console shows none."""

    migration: str
    sql: str
    kind: Kind
    why: str
    there: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether it takes somebody's word to run it."""
        return Verdict(self.kind, self.why).refused

    @property
    def line(self) -> str:
        """For people."""
        why = f" ({self.why})" if self.why else ""
        return f"{self.kind}{why}: {self.sql}".removesuffix(": ")

    def facts(self) -> dict[str, Any]:
        """For records."""
        return asdict(self)


def preview(statements: Mapping[str, Sequence[str]], shape: Shape) -> list[Statement]:
    """Judge the statements of each migration, in their order, against the schema as it is."""
    from cosmicdeploy.migrations.classify import judge, made_by  # sqlglot is slow to import
    from cosmicdeploy.migrations.effects import there

    new: set[str] = set()
    found = []
    for migration, texts in statements.items():
        if not texts:
            found.append(unseen(migration, "the console shows no statement of it"))
        for sql in texts:
            verdict = judge(sql, shape, new)
            new |= made_by(sql, shape)
            found.append(_statement(migration, sql, verdict, there(sql, shape)))
    return found


def unseen(migration: str, why: str) -> Statement:
    """A migration of which no statement is known."""
    return _statement(migration, "", cannot_judge(why), None)


def _statement(migration: str, sql: str, verdict: Verdict, known: bool | None) -> Statement:
    from cosmicdeploy.migrations.sql import shown

    return Statement(
        migration=migration, sql=shown(sql), kind=verdict.kind, why=verdict.why, there=known
    )


def of_record(facts: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """Statements as a record keeps them; of one that is not understood nothing is known."""
    return [_of_record(entry) for entry in facts]


def _of_record(entry: Mapping[str, Any]) -> Statement:
    try:
        made = Statement(**{**entry, "kind": Kind(entry["kind"])})
    except (KeyError, TypeError, ValueError):
        return unseen(str(entry.get("migration")), "its record cannot be read")
    texts = (made.migration, made.sql, made.why)
    return (
        made
        if all(isinstance(text, str) for text in texts)
        else unseen(str(made.migration), "its record cannot be read")
    )


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of a statement: `done`, `not done` or `cannot be known`."""

    statement: Statement
    state: str

    @property
    def line(self) -> str:
        """For people."""
        sql = self.statement.sql or "(no statement is known)"
        return f"{self.state}: {self.statement.migration}: {sql}"


def fates(
    statements: Sequence[Statement], shape: Shape, ran: Set[str], undone: Set[str] = frozenset()
) -> list[Fate]:
    """What became of each statement. `ran` are the migrations that ran to their end, `undone` those
    of which the way back did."""
    found = []
    for migration in dict.fromkeys(s.migration for s in statements):
        own = [_fate(s, shape) for s in statements if s.migration == migration]
        found += in_order(own, migration in ran, migration in undone)
    return found


def _fate(statement: Statement, shape: Shape) -> Fate:
    from cosmicdeploy.migrations.effects import there

    now = there(statement.sql, shape)
    if now is None or (statement.there and now) or statement.there is None:
        state = NOT_KNOWN
    else:
        state = DONE if now else NOT_DONE
    return Fate(statement=statement, state=state)


def in_order(found: Sequence[Fate], ran: bool = False, undone: bool = False) -> list[Fate]:
    """Settle what the schema does not show. A migration runs its statements in order: what comes
    before a done one is done, what comes after one that is not is not."""
    states = [fate.state for fate in found]
    done_up_to = max((i for i, state in enumerate(states) if state == DONE), default=-1)
    not_from = states.index(NOT_DONE) if NOT_DONE in states else len(states)
    settled = []
    for index, fate in enumerate(found):
        state = fate.state
        if state == NOT_KNOWN and (ran or index < done_up_to):
            state = DONE
        elif state == NOT_KNOWN and (undone or index > not_from):
            state = NOT_DONE
        settled.append(replace(fate, state=state))
    return settled
