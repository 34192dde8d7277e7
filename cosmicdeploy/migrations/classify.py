"""Judge what each statement of a migration would do to the schema as it is now."""

from __future__ import annotations

from collections.abc import Set

from sqlglot import exp

from cosmicdeploy.database.schema.shape import Shape, TableShape
from cosmicdeploy.migrations.columns import judge_added, judge_modified
from cosmicdeploy.migrations.sql import NotUnderstood, parse, table_name
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge, destructive, worst

HARMLESS = Verdict(Kind.HARMLESS)
ADDITIVE = Verdict(Kind.ADDITIVE)
READS = (exp.Select, exp.SetOperation, exp.Show, exp.Describe)
TRANSACTION = (exp.Transaction, exp.Commit, exp.Rollback)
INDEXES = (exp.IndexColumnConstraint,)
RENAMES = (exp.RenameColumn, exp.AlterRename, exp.RenameIndex)
# Options that say how a change is made, not what it changes.
HOW = (
    exp.AlgorithmProperty,
    exp.LockProperty,
    exp.AutoIncrementProperty,
    exp.SchemaCommentProperty,
)


def judge(sql: str, shape: Shape, new: Set[str] = frozenset()) -> Verdict:
    """Judge a statement against the schema as it is now.

    `new` are tables that this deploy creates itself, so that nothing relies on them yet.
    """
    try:
        trees = parse(sql)
    except NotUnderstood as error:
        return cannot_judge(str(error))
    return worst([_judge(tree, shape, new) for tree in trees] or [HARMLESS])


def created_tables(sql: str, shape: Shape) -> set[str]:
    """Return the tables that a statement creates and that do not exist now."""
    try:
        trees = parse(sql)
    except NotUnderstood:
        return set()
    created = {
        table_name(tree) for tree in trees if isinstance(tree, exp.Create) and tree.kind == "TABLE"
    }
    return created - set(shape.tables) - {""}


def _judge(tree: exp.Expr, shape: Shape, new: Set[str]) -> Verdict:  # noqa: PLR0911
    if isinstance(tree, READS):
        # The console shows statements without running them, so a query returns nothing there: of a
        # migration that branches on a query only one branch is shown.
        return cannot_judge("what follows may depend on what it reads")
    if isinstance(tree, TRANSACTION):
        return HARMLESS
    if isinstance(tree, exp.Set):
        return _judge_set(tree)
    if isinstance(tree, exp.Insert):
        return Verdict(Kind.DATA)
    if isinstance(tree, exp.Update | exp.Delete):
        return _judge_rows(tree, new)
    if isinstance(tree, exp.Create):
        return _judge_create(tree, new)
    if isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
        return _judge_alter(tree, shape, new)
    return _judge_removal(tree, new)


def _judge_removal(tree: exp.Expr, new: Set[str]) -> Verdict:
    if isinstance(tree, exp.TruncateTable):
        return destructive("empties the table")
    if isinstance(tree, exp.Drop):
        tables = tree.args.get("tables") or ()
        names = [table.name for table in tables]
        of_this_deploy = tree.args["kind"] == "TABLE" and {table_name(t) for t in tables} <= new
        what = f"{str(tree.args['kind']).lower()} {', '.join(names)}".strip()
        return ADDITIVE if of_this_deploy else destructive(f"drops the {what}")
    if isinstance(tree, exp.Command) and str(tree.this).upper() == "RENAME":
        return destructive("renames a table")
    return cannot_judge("unknown kind of statement")


def _judge_set(tree: exp.Set) -> Verdict:
    kinds = {str(item.args.get("kind") or "").upper() for item in tree.expressions}
    session = kinds <= {"", "SESSION", "LOCAL", "VARIABLE", "NAMES"}
    lasting = any(word in tree.sql().lower() for word in ("@@global", "@@persist", "password"))
    return HARMLESS if session and not lasting else cannot_judge("it changes a lasting setting")


def _judge_rows(tree: exp.Update | exp.Delete, new: Set[str]) -> Verdict:
    where = tree.args.get("where")
    chosen = where is not None and where.find(exp.Column) is not None
    if chosen or {table_name(table) for table in tree.find_all(exp.Table)} <= new:
        return Verdict(Kind.DATA)
    return destructive(f"{'deletes' if isinstance(tree, exp.Delete) else 'changes'} every row")


def _judge_create(tree: exp.Create, new: Set[str]) -> Verdict:
    if tree.kind not in ("TABLE", "VIEW", "INDEX"):
        return cannot_judge(f"it creates a {str(tree.kind).lower()}")
    if tree.args.get("replace"):
        return destructive(f"replaces an existing {tree.kind.lower()}")
    if tree.kind == "INDEX" and tree.args.get("unique") and table_name(tree) not in new:
        return Verdict(Kind.RISKY, "the existing rows may not be unique")
    return ADDITIVE


def _judge_alter(tree: exp.Alter, shape: Shape, new: Set[str]) -> Verdict:
    name = table_name(tree.this)
    actions, options = tree.args.get("actions") or [], tree.args.get("options") or []
    unknown = [option for option in options if not isinstance(option, HOW)]
    if unknown or not (actions or options):
        return cannot_judge("it changes the table as a whole")
    if name in new:
        return ADDITIVE
    if name not in shape.tables:
        return cannot_judge(f"there is no table {name or 'of this schema'} now")
    table = shape.tables[name]
    return worst([_judge_action(action, table) for action in actions] or [HARMLESS])


def _judge_action(action: exp.Expr, table: TableShape) -> Verdict:  # noqa: PLR0911
    if isinstance(action, exp.ColumnDef):
        return judge_added(action)
    if isinstance(action, exp.ModifyColumn):
        return judge_modified(action, table)
    if isinstance(action, exp.AddConstraint):
        plain = all(isinstance(e, INDEXES) for e in action.expressions)
        return ADDITIVE if plain else Verdict(Kind.RISKY, "may not hold for the existing rows")
    if isinstance(action, exp.Drop):
        names = ", ".join(table.name for table in action.args.get("tables") or ())
        return destructive(f"drops the {str(action.args['kind']).lower()} {names}".strip())
    if isinstance(action, RENAMES):
        return destructive("renames what the running release knows")
    if isinstance(action, exp.AlterColumn) and action.args.get("drop"):
        return destructive(f"{action.this.name} loses its default")
    if isinstance(action, exp.AlterColumn) and action.args.get("default") is not None:
        return ADDITIVE
    return cannot_judge("unknown kind of action")
