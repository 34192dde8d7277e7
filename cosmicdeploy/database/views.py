"""Views keep the schema of their tables in their text, so they are made anew after a move."""

from __future__ import annotations

from cosmicdeploy.database.access import Session, quoted
from cosmicdeploy.database.facts import Facts
from cosmicdeploy.errors import DatabaseError


def read_views(session: Session, schema: str) -> dict[str, str]:
    """View → its CREATE statement, free of the schema's own name. Raises `DatabaseError`."""
    session.use(schema)  # only the current schema's name is left out of the text
    return {
        name: str(session.rows(f"SHOW CREATE VIEW {quoted(name)}")[0][1])
        for name in Facts(session, schema).views()
    }


def replace_views(session: Session, schema: str, statements: dict[str, str]) -> None:
    """Let a schema have exactly these views. Raises `DatabaseError`."""
    session.use(schema)
    for name in Facts(session, schema).views():
        session.execute(f"DROP VIEW {quoted(name)}")
    waiting = dict(statements)
    while waiting:
        waiting = _created(session, waiting)


def _created(session: Session, statements: dict[str, str]) -> dict[str, str]:
    """Create what can be created; a view on another view has to wait for that one."""
    failed: dict[str, str] = {}
    last: DatabaseError | None = None
    for name, statement in statements.items():
        try:
            session.execute(statement)
        except DatabaseError as error:
            failed[name], last = statement, error
    if last is not None and len(failed) == len(statements):
        raise last
    return failed
