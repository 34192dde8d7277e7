"""Compare a migration's statements with the schema, to find out how far the migration got."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from cosmicdeploy.database.schema.tables.shape import Shape, TableShape
from cosmicdeploy.migrations.columns import nullable
from cosmicdeploy.migrations.sql import NotUnderstood, parse, table_name
from cosmicdeploy.migrations.types import BLOBS, TEXTS, live_type, type_of

# Whether the schema is as a statement leaves it; None if the schema does not show that.
InEffect = bool | None
# Actions of ALTER TABLE that add a name to the schema: of a column, key or constraint.
CREATING = (exp.ColumnDef, exp.AddConstraint, exp.RenameColumn)


def is_in_effect(sql: str, shape: Shape) -> InEffect:
    """Return whether the schema is as the statement leaves it; None if the schema cannot show that.

    Data changes, for example, do not show in the schema.
    """
    try:
        return _combine(_in_effect(tree, shape) for tree in parse(sql))
    except NotUnderstood:
        return None


def _combine(parts: Iterable[InEffect]) -> InEffect:
    """Return whether all parts of a statement are in effect, ignoring unknown ones (None).

    None if all parts are unknown.
    """
    known = [part for part in parts if part is not None]
    return all(known) if known else None


def _in_effect(tree: exp.Expr, shape: Shape) -> InEffect:
    if isinstance(tree, exp.Create):
        return _created(tree, shape)
    if isinstance(tree, exp.Drop):
        return _dropped(tree, shape)
    if isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
        name = table_name(tree.this)
        actions = tree.args.get("actions") or []
        renamed = [action for action in actions if isinstance(action, exp.AlterRename)]
        if renamed:
            return name not in shape.tables and table_name(renamed[0].this) in shape.tables
        if name not in shape.tables:
            return False
        return _combine(_action(action, shape.tables[name]) for action in actions)
    return None


def _created(tree: exp.Create, shape: Shape) -> InEffect:
    if tree.args.get("replace"):
        return None
    if tree.kind == "TABLE":
        return table_name(tree) in shape.tables
    if tree.kind == "VIEW":
        return table_name(tree) in shape.views
    if tree.kind == "INDEX":
        table = shape.tables.get(table_name(tree), TableShape())
        return tree.this.name.lower() in table.indexes
    return None


def _dropped(tree: exp.Drop, shape: Shape) -> InEffect:
    tables = tree.args.get("tables") or ()
    names = [table.name for table in tables]
    # `table_name` is "" for a table whose schema is named: it may not be one of this schema.
    if tree.args["kind"] in ("TABLE", "VIEW") and not all(table_name(table) for table in tables):
        return None
    if tree.args["kind"] == "TABLE":
        return not set(names) & set(shape.tables)
    if tree.args["kind"] == "VIEW":
        return not set(names) & shape.views
    if tree.args["kind"] == "INDEX" and tree.args.get("cluster"):
        table = shape.tables.get(table_name(tree.args["cluster"]), TableShape())
        return not {name.lower() for name in names} & table.indexes
    return None


def _action(action: exp.Expr, table: TableShape) -> InEffect:
    if isinstance(action, exp.ColumnDef):
        return action.name.lower() in table.columns
    if isinstance(action, exp.ModifyColumn):
        return _modified(action, table)
    if isinstance(action, exp.AddConstraint):
        return _combine(_constraint(part, table) for part in action.expressions)
    if isinstance(action, exp.RenameColumn):
        old, new = action.this.name.lower(), action.args["to"].name.lower()
        return new in table.columns and old not in table.columns
    if isinstance(action, exp.Drop):
        names = {name.name.lower() for name in action.args.get("tables") or ()}
        return not names & _existing(str(action.args["kind"]), table)
    return None


def _existing(kind: str, table: TableShape) -> set[str]:
    """Return the names that a table has of what ALTER TABLE … DROP names: columns, keys or others.

    `kind` is what stands after DROP; all kinds other than COLUMN and INDEX are constraints.
    """
    names = {"COLUMN": set(table.columns), "INDEX": set(table.indexes)}
    return names.get(kind, set(table.constraints))


def _modified(action: exp.ModifyColumn, table: TableShape) -> InEffect:
    column, former = action.this, action.args.get("rename_from")
    live = table.columns.get(column.name.lower())
    if former is not None and former.name.lower() != column.name.lower():
        return live is not None and former.name.lower() not in table.columns
    if live is None or column.kind is None:
        return None
    declared, present = type_of(column.kind), live_type(live.type)
    if declared.arguments and declared.name in TEXTS | BLOBS:
        return None  # the server chooses the type by the declared length
    same = (declared.name, declared.unsigned) == (present.name, present.unsigned)
    # The server adds a display width to an integer type without one.
    same = same and (not declared.arguments or declared.arguments == present.arguments)
    return same and nullable(column) == live.nullable


def _constraint(part: exp.Expr, table: TableShape) -> InEffect:
    """Return whether a key or constraint exists; None if the statement gives it no name."""
    named = part.this.this if isinstance(part.this, exp.Schema) else part.this
    if not isinstance(named, exp.Identifier):
        return None
    return named.name.lower() in table.indexes | table.constraints


def has_created(sql: str, shape: Shape) -> bool:
    """Return whether the schema has a table, view, column or key that this statement creates.

    A table counts only if it has all columns that the statement declares. A renamed table or column
    counts by its new name. Objects created with IF NOT EXISTS and modified columns do not
    count, since neither proves that the statement ran.
    """
    try:
        return any(_has_created(tree, shape) for tree in parse(sql))
    except NotUnderstood:
        return False


def _has_created(tree: exp.Expr, shape: Shape) -> bool:
    if isinstance(tree, exp.Create) and not tree.args.get("exists"):
        return bool(_created(tree, shape)) and _has_its_columns(tree, shape)
    if isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
        actions = tree.args.get("actions") or []
        if any(isinstance(action, exp.AlterRename) for action in actions):
            return bool(_in_effect(tree, shape))
        table = shape.tables.get(table_name(tree.this), TableShape())
        return any(
            _action(a, table) for a in actions if isinstance(a, CREATING) and _is_unconditional(a)
        )
    return False


def _is_unconditional(action: exp.Expr) -> bool:
    """Return whether an action has no IF [NOT] EXISTS."""
    return not action.args.get("exists")


def _has_its_columns(tree: exp.Create, shape: Shape) -> bool:
    """Return whether the table has all columns of the statement; true for a view or an index.

    A table without these columns was not created by this statement; it only has the same name.
    """
    table = shape.tables.get(table_name(tree), TableShape())
    columns = tree.find_all(exp.ColumnDef) if tree.kind == "TABLE" else ()
    return {column.name.lower() for column in columns} <= set(table.columns)


def only_drops(sql: str) -> bool:
    """Return whether a statement does nothing but drop tables, columns, keys or the like.

    False if the statement cannot be parsed.
    """
    try:
        return all(_drops(tree) for tree in parse(sql))
    except NotUnderstood:
        return False


def _drops(tree: exp.Expr) -> bool:
    actions = tree.args.get("actions") or [tree]
    return all(isinstance(action, exp.Drop) for action in actions)


def changes_only_structure(sql: str) -> bool:
    """Return whether a statement changes only tables, columns or keys, and no rows.

    False if the statement cannot be parsed.
    """
    try:
        trees = parse(sql)
    except NotUnderstood:
        return False
    structural = (exp.Create, exp.Drop, exp.Alter)
    return all(isinstance(tree, structural) and _kind(tree) in ("TABLE", "INDEX") for tree in trees)


def _kind(tree: exp.Expr) -> str:
    return str(tree.args.get("kind") or "").upper()
