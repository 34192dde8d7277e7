"""Judge pending migrations statement by statement, and find out how far an interrupted run got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from cosmicdeploy.database.schema.tables.shape import Shape
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge

DONE, NOT_DONE, NOT_KNOWN = "done", "not done", "cannot be known"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a migration, as messages and journal records show it.

    `sql` has no row data; it is "" if the statement is unknown. `why` is the reason for `kind`.
    `in_effect`: whether the schema already was as the statement leaves it, before the statement
    ran; None if the schema did not show that.
    """

    migration: str
    sql: str
    kind: Kind
    why: str
    in_effect: bool | None = None

    @property
    def is_refused(self) -> bool:
        """Whether an operator has to allow the statement before it runs."""
        return Verdict(self.kind, self.why).is_refused

    @property
    def line(self) -> str:
        """The statement in one line: kind, reason, SQL."""
        why = f" ({self.why})" if self.why else ""
        return f"{self.kind}{why}: {self.sql}".removesuffix(": ")

    def facts(self) -> dict[str, Any]:
        """Return the fields by the names that journal records use."""
        return {
            "migration": self.migration,
            "sql": self.sql,
            "kind": self.kind,
            "why": self.why,
            "there": self.in_effect,
        }


def preview(
    statements: Mapping[str, Sequence[str | None] | str], shape: Shape, *, complete: bool = False
) -> list[Statement]:
    """Judge the statements of each migration, in order, against the current schema.

    None in place of a statement stands for a part of the migration that no SQL shows. A text in
    place of all statements of a migration says why they are not known. Both get a placeholder (see
    `unknown_statement`). So does a migration without statements, unless the statements are
    `complete`: then it changes nothing.
    """
    from cosmicdeploy.migrations.classify import created_tables, judge  # sqlglot is slow to import
    from cosmicdeploy.migrations.effects import is_in_effect

    new_tables: set[str] = set()
    judged = []
    for migration, texts in statements.items():
        if isinstance(texts, str):
            judged.append(unknown_statement(migration, texts))
            continue
        if not texts:
            judged.append(_without_statements(migration, complete=complete))
        for sql in texts:
            if sql is None:
                judged.append(unknown_statement(migration, "no SQL shows a part of it"))
                continue
            verdict = judge(sql, shape, new_tables)
            new_tables |= created_tables(sql, shape)
            judged.append(_statement(migration, sql, verdict, is_in_effect(sql, shape)))
    return judged


def _without_statements(migration: str, *, complete: bool) -> Statement:
    if not complete:
        return unknown_statement(migration, "the console shows no statement of it")
    return _statement(migration, "", Verdict(Kind.HARMLESS, "it has no statement"), None)


def unknown_statement(migration: str, why: str) -> Statement:
    """Return a placeholder, of kind `unknown`, for a migration whose statements are unknown."""
    return _statement(migration, "", cannot_judge(why), None)


def _statement(migration: str, sql: str, verdict: Verdict, in_effect: bool | None) -> Statement:
    from cosmicdeploy.migrations.sql import display_text

    return Statement(
        migration=migration,
        sql=display_text(sql),
        kind=verdict.kind,
        why=verdict.why,
        in_effect=in_effect,
    )


def from_records(records: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """Read statements from journal records; an unreadable record becomes a placeholder."""
    return [_from_record(record) for record in records]


def _from_record(record: Mapping[str, Any]) -> Statement:
    fields = {("in_effect" if key == "there" else key): value for key, value in record.items()}
    try:
        statement = Statement(**{**fields, "kind": Kind(fields["kind"])})
    except (KeyError, TypeError, ValueError):
        return _unreadable(record.get("migration"))
    texts = (statement.migration, statement.sql, statement.why)
    if not all(isinstance(text, str) for text in texts):
        return _unreadable(statement.migration)
    return statement


def _unreadable(migration: object) -> Statement:
    return unknown_statement(str(migration), "its record cannot be read")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether a statement of a migration took effect: `state` is DONE, NOT_DONE or NOT_KNOWN."""

    statement: Statement
    state: str

    @property
    def line(self) -> str:
        """The outcome in one line: state, migration, SQL."""
        sql = self.statement.sql or "(no statement is known)"
        return f"{self.state}: {self.statement.migration}: {sql}"


def outcomes(
    statements: Sequence[Statement], shape: Shape, ran: Set[str], undone: Set[str] = frozenset()
) -> list[Outcome]:
    """Return the outcome of each statement of an interrupted run, judged by the current schema.

    `statements` are as they were judged before the run. `ran` are the migrations that ran
    completely, `undone` the migrations that were rolled back completely.
    """
    inferred = []
    for migration in dict.fromkeys(s.migration for s in statements):
        own = [_outcome(s, shape) for s in statements if s.migration == migration]
        inferred += infer_outcomes(own, migration in ran, migration in undone)
    return inferred


def _outcome(statement: Statement, shape: Shape) -> Outcome:
    from cosmicdeploy.migrations.effects import is_in_effect

    now = is_in_effect(statement.sql, shape)
    if now is None or (statement.in_effect and now) or statement.in_effect is None:
        state = NOT_KNOWN
    else:
        state = DONE if now else NOT_DONE
    return Outcome(statement=statement, state=state)


def infer_outcomes(
    known: Sequence[Outcome], ran: bool = False, undone: bool = False
) -> list[Outcome]:
    """Return the outcomes of one migration, with those that are NOT_KNOWN inferred if possible.

    A migration runs its statements in order: all statements before one that is done are done, and
    all statements after one that is not done are not done. If the whole migration `ran`, every
    unknown statement is done; if it was `undone`, every unknown statement is not done.
    """
    states = [outcome.state for outcome in known]
    done_up_to = max((i for i, state in enumerate(states) if state == DONE), default=-1)
    not_done_from = states.index(NOT_DONE) if NOT_DONE in states else len(states)
    inferred = []
    for index, outcome in enumerate(known):
        state = outcome.state
        if state == NOT_KNOWN and (ran or index < done_up_to):
            state = DONE
        elif state == NOT_KNOWN and (undone or index > not_done_from):
            state = NOT_DONE
        inferred.append(replace(outcome, state=state))
    return inferred
