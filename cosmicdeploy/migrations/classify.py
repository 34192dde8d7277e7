"""Judge what a statement of a migration would do to the current schema."""

from __future__ import annotations

from collections.abc import Set

from sqlglot import exp

from cosmicdeploy.database.schema.tables.shape import Shape, TableShape
from cosmicdeploy.migrations.columns import judge_added, judge_modified
from cosmicdeploy.migrations.sql import NotUnderstood, parse, table_name
from cosmicdeploy.migrations.verdict import Kind, Verdict, cannot_judge, destructive, worst

HARMLESS = Verdict(Kind.HARMLESS)
ADDITIVE = Verdict(Kind.ADDITIVE)
READS = (exp.Select, exp.SetOperation, exp.Show, exp.Describe)
TRANSACTION = (exp.Transaction, exp.Commit, exp.Rollback)
PLAIN_INDEXES = (exp.IndexColumnConstraint,)
RENAMES = (exp.RenameColumn, exp.AlterRename, exp.RenameIndex)
# Harmless options of ALTER TABLE: how the server makes the change, the next id, the comment.
CHANGE_OPTIONS = (
    exp.AlgorithmProperty,
    exp.LockProperty,
    exp.AutoIncrementProperty,
    exp.SchemaCommentProperty,
)


def judge(sql: str, shape: Shape, new_tables: Set[str] = frozenset()) -> Verdict:
    """Return the verdict on a statement, judged against the current schema.

    If `sql` contains several statements, returns the worst verdict. `new_tables` are tables that
    earlier statements of this deploy create: the running release does not use them.
    """
    try:
        trees = parse(sql)
    except NotUnderstood as error:
        return cannot_judge(str(error))
    return worst([_judge(tree, shape, new_tables) for tree in trees] or [HARMLESS])


def created_tables(sql: str, shape: Shape) -> set[str]:
    """Return the names of the tables that a statement creates, except those that exist already.

    Empty if the statement cannot be parsed.
    """
    try:
        trees = parse(sql)
    except NotUnderstood:
        return set()
    created = {
        table_name(tree) for tree in trees if isinstance(tree, exp.Create) and tree.kind == "TABLE"
    }
    return created - set(shape.tables) - {""}


def _judge(tree: exp.Expr, shape: Shape, new_tables: Set[str]) -> Verdict:  # noqa: PLR0911
    if isinstance(tree, READS):
        # The application's console prints the statements without running them, so a query returns
        # no rows. If a migration branches on the result, the console shows only one branch.
        return cannot_judge("later statements may depend on what it reads")
    if isinstance(tree, TRANSACTION):
        return HARMLESS
    if isinstance(tree, exp.Set):
        return _judge_set(tree)
    if isinstance(tree, exp.Insert):
        return Verdict(Kind.DATA)
    if isinstance(tree, exp.Update | exp.Delete):
        return _judge_rows(tree, new_tables)
    if isinstance(tree, exp.Create):
        return _judge_create(tree, new_tables)
    if isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
        return _judge_alter(tree, shape, new_tables)
    return _judge_removal(tree, new_tables)


def _judge_removal(tree: exp.Expr, new_tables: Set[str]) -> Verdict:
    if isinstance(tree, exp.TruncateTable):
        return destructive("empties the table")
    if isinstance(tree, exp.Drop):
        tables = tree.args.get("tables") or ()
        names = [table.name for table in tables]
        is_new_table = (
            tree.args["kind"] == "TABLE" and {table_name(t) for t in tables} <= new_tables
        )
        what = f"{str(tree.args['kind']).lower()} {', '.join(names)}".strip()
        return ADDITIVE if is_new_table else destructive(f"drops the {what}")
    if isinstance(tree, exp.Command) and str(tree.this).upper() == "RENAME":
        return destructive("renames a table")
    return cannot_judge("unknown kind of statement")


def _judge_set(tree: exp.Set) -> Verdict:
    kinds = {str(item.args.get("kind") or "").upper() for item in tree.expressions}
    is_session = kinds <= {"", "SESSION", "LOCAL", "VARIABLE", "NAMES"}
    is_lasting = any(word in tree.sql().lower() for word in ("@@global", "@@persist", "password"))
    is_harmless = is_session and not is_lasting
    return HARMLESS if is_harmless else cannot_judge("it changes a setting of the server")


def _judge_rows(tree: exp.Update | exp.Delete, new_tables: Set[str]) -> Verdict:
    where = tree.args.get("where")
    selects_rows = where is not None and where.find(exp.Column) is not None
    if selects_rows or {table_name(table) for table in tree.find_all(exp.Table)} <= new_tables:
        return Verdict(Kind.DATA)
    return destructive(f"{'deletes' if isinstance(tree, exp.Delete) else 'changes'} every row")


def _judge_create(tree: exp.Create, new_tables: Set[str]) -> Verdict:
    if tree.kind not in ("TABLE", "VIEW", "INDEX"):
        return cannot_judge(f"it creates a {str(tree.kind).lower()}")
    if tree.args.get("replace"):
        return destructive(f"replaces an existing {tree.kind.lower()}")
    if tree.kind == "INDEX" and tree.args.get("unique") and table_name(tree) not in new_tables:
        return Verdict(Kind.RISKY, "the existing rows may not be unique")
    return ADDITIVE


def _judge_alter(tree: exp.Alter, shape: Shape, new_tables: Set[str]) -> Verdict:
    name = table_name(tree.this)
    actions, options = tree.args.get("actions") or [], tree.args.get("options") or []
    unknown = [option for option in options if not isinstance(option, CHANGE_OPTIONS)]
    if unknown or not (actions or options):
        return cannot_judge("it changes the table as a whole")
    if name in new_tables:
        return ADDITIVE
    if name not in shape.tables:
        return cannot_judge(f"there is no table {name} now" if name else "it alters another schema")
    table = shape.tables[name]
    return worst([_judge_action(action, table) for action in actions] or [HARMLESS])


def _judge_action(action: exp.Expr, table: TableShape) -> Verdict:  # noqa: PLR0911
    if isinstance(action, exp.ColumnDef):
        return judge_added(action)
    if isinstance(action, exp.ModifyColumn):
        return judge_modified(action, table)
    if isinstance(action, exp.AddConstraint):
        plain = all(isinstance(e, PLAIN_INDEXES) for e in action.expressions)
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
