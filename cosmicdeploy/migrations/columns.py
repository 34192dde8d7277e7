"""Columns that are added, or made anew."""

from __future__ import annotations

from sqlglot import exp

from cosmicdeploy.database.schema.shape import Column, TableShape
from cosmicdeploy.migrations.sql import NotUnderstood
from cosmicdeploy.migrations.types import holds, live_type, type_of
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge, destructive, worst

ON_ROWS = (
    exp.UniqueColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.CheckColumnConstraint,
    exp.Reference,
)


def added(column: exp.ColumnDef) -> Verdict:
    """A new column: what runs now knows nothing of it, so it must not have to."""
    has = constraints(column)
    fills_itself = (
        exp.DefaultColumnConstraint,
        exp.AutoIncrementColumnConstraint,
        exp.ComputedColumnConstraint,
    )
    if not nullable(column) and not any(isinstance(c, fills_itself) for c in has):
        return destructive(f"{column.name} is NOT NULL without a default: what runs cannot insert")
    return _on_rows(column)


def _on_rows(column: exp.ColumnDef) -> Verdict:
    if any(isinstance(c, ON_ROWS) for c in constraints(column)):
        return Verdict(Kind.RISKY, f"{column.name} may not fit the rows there are")
    return Verdict(Kind.ADDITIVE)


def modified(action: exp.ModifyColumn, table: TableShape) -> Verdict:
    """MODIFY and CHANGE, beside the column as it is now."""
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
    return worst([*verdicts, _on_rows(column)])


def _losses(column: exp.ColumnDef, live: Column, charset: str) -> list[str]:
    """What the column could do and will not be able to any more."""
    name, reasons = column.name, []
    if column.kind is None:
        raise NotUnderstood(f"{name} has no type")
    if not holds(type_of(column.kind), live_type(live.type)):
        reasons.append(f"{name} may not hold what it holds as {live.type}")
    if live.nullable and not nullable(column):
        reasons.append(f"{name} becomes NOT NULL")
    if live.default is not None and not _has(column, exp.DefaultColumnConstraint):
        reasons.append(f"{name} loses its default")
    if "auto_increment" in live.extra and not _has(column, exp.AutoIncrementColumnConstraint):
        reasons.append(f"{name} loses its AUTO_INCREMENT")
    if "on update" in live.extra and not _has(column, exp.OnUpdateColumnConstraint):
        reasons.append(f"{name} loses its ON UPDATE")
    wanted = _charset(column) or charset
    if live.charset and wanted not in (live.charset, "utf8mb4"):
        reasons.append(f"{name} goes from {live.charset} to {wanted}")
    return reasons


def constraints(column: exp.ColumnDef) -> list[exp.Expr]:
    """What is said of a column beside its type."""
    return [c.kind if isinstance(c, exp.ColumnConstraint) else c for c in column.constraints]


def nullable(column: exp.ColumnDef) -> bool:
    """Whether a column's definition lets it be NULL."""
    for constraint in constraints(column):
        if isinstance(constraint, exp.NotNullColumnConstraint):
            return bool(constraint.args.get("allow_null"))
        if isinstance(constraint, exp.PrimaryKeyColumnConstraint):
            return False
    return True


def _has(column: exp.ColumnDef, kind: type[exp.Expr]) -> bool:
    return any(isinstance(constraint, kind) for constraint in constraints(column))


def _charset(column: exp.ColumnDef) -> str:
    """The character set that a definition names, by itself or by its collation; "" for none."""
    named = column.find(exp.CharacterSetColumnConstraint)
    if named is not None:
        return str(named.this.name).lower()
    collation = column.find(exp.CollateColumnConstraint, exp.Collate)
    if collation is None:
        return ""
    said = collation.expression if isinstance(collation, exp.Collate) else collation.this
    return str(said.name).lower().split("_")[0]
