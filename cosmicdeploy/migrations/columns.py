"""Judge the columns that a migration adds or modifies."""

from __future__ import annotations

from sqlglot import exp

from cosmicdeploy.database.schema.tables.columns import LiveColumn
from cosmicdeploy.database.schema.tables.shape import TableShape
from cosmicdeploy.migrations.sql import NotUnderstood
from cosmicdeploy.migrations.types import can_hold, live_type, type_of
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge, destructive, worst

CONSTRAINS_ROWS = (
    exp.UniqueColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.CheckColumnConstraint,
    exp.Reference,
)


def judge_added(column: exp.ColumnDef) -> Verdict:
    """Judge a new column.

    A column for which each INSERT must give a value is destructive: the running release gives none.
    """
    own_constraints = constraints(column)
    fills_itself = (
        exp.DefaultColumnConstraint,
        exp.AutoIncrementColumnConstraint,
        exp.ComputedColumnConstraint,
    )
    if not nullable(column) and not any(isinstance(c, fills_itself) for c in own_constraints):
        return destructive(
            f"{column.name} is NOT NULL without a default: the running release cannot insert"
        )
    return _judge_rows(column)


def _judge_rows(column: exp.ColumnDef) -> Verdict:
    if any(isinstance(c, CONSTRAINS_ROWS) for c in constraints(column)):
        return Verdict(Kind.RISKY, f"{column.name} may not fit the existing rows")
    return Verdict(Kind.ADDITIVE)


def judge_modified(action: exp.ModifyColumn, table: TableShape) -> Verdict:
    """Judge a MODIFY or CHANGE clause against the column as it is now in `table`."""
    column, former = action.this, action.args.get("rename_from")
    if former is not None and former.name.lower() != column.name.lower():
        return destructive(f"renames the column {former.name}")
    live = table.columns.get(column.name.lower())
    if live is None:
        return cannot_judge(f"there is no column {column.name} now")
    try:
        reasons = _losses(column, live, table.charset)
    except NotUnderstood as error:
        return cannot_judge(str(error))
    if "generated" in live.extra or _has(column, exp.ComputedColumnConstraint):
        return cannot_judge(f"{column.name} is a generated column")
    verdicts = [destructive(why) for why in reasons] or [Verdict(Kind.ADDITIVE)]
    return worst([*verdicts, _judge_rows(column)])


def _losses(column: exp.ColumnDef, live: LiveColumn, charset: str) -> list[str]:
    """Return a text for each thing that the column allows or does now but not after the change.

    Raises `NotUnderstood` if the type is missing or unknown.
    """
    name, reasons = column.name, []
    if column.kind is None:
        raise NotUnderstood(f"{name} has no type")
    if not can_hold(type_of(column.kind), live_type(live.type)):
        reasons.append(f"{name} may not hold every value that it can hold as {live.type}")
    if live.nullable and not nullable(column):
        reasons.append(f"{name} becomes NOT NULL")
    if live.default is not None and not _has(column, exp.DefaultColumnConstraint):
        reasons.append(f"{name} loses its default")
    if "auto_increment" in live.extra and not _has(column, exp.AutoIncrementColumnConstraint):
        reasons.append(f"{name} loses its AUTO_INCREMENT")
    if "on update" in live.extra and not _has(column, exp.OnUpdateColumnConstraint):
        reasons.append(f"{name} loses its ON UPDATE")
    declared = _charset(column) or charset
    if live.charset and declared not in (live.charset, "utf8mb4"):
        reasons.append(f"{name} changes its character set from {live.charset} to {declared}")
    return reasons


def constraints(column: exp.ColumnDef) -> list[exp.Expr]:
    """Return the constraints in a column's definition."""
    return [c.kind if isinstance(c, exp.ColumnConstraint) else c for c in column.constraints]


def nullable(column: exp.ColumnDef) -> bool:
    """Return whether a column's definition allows NULL."""
    for constraint in constraints(column):
        if isinstance(constraint, exp.NotNullColumnConstraint):
            return bool(constraint.args.get("allow_null"))
        if isinstance(constraint, exp.PrimaryKeyColumnConstraint):
            return False
    return True


def _has(column: exp.ColumnDef, kind: type[exp.Expr]) -> bool:
    return any(isinstance(constraint, kind) for constraint in constraints(column))


def _charset(column: exp.ColumnDef) -> str:
    """Return the character set in a definition, or else that of its collation; "" if neither."""
    charset = column.find(exp.CharacterSetColumnConstraint)
    if charset is not None:
        return str(charset.this.name).lower()
    collation = column.find(exp.CollateColumnConstraint, exp.Collate)
    if collation is None:
        return ""
    name = collation.expression if isinstance(collation, exp.Collate) else collation.this
    return str(name.name).lower().split("_")[0]
