"""Random schemas, and lists of random schemas that share one schema of a server."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.stack.database.generated.columns import one_in
from tests.stack.database.generated.flavour import Flavour, RandomSchema, Statement, identifier
from tests.stack.database.generated.names import Names
from tests.stack.database.generated.objects import Maker
from tests.stack.database.generated.tables import tables

MAX_TABLES = 3
OBJECTS = 6
# How many numbers each schema has for its names: more than one schema has objects.
NUMBERS = 100


@st.composite
def schemas(draw: DrawFn, flavour: Flavour, index: int) -> RandomSchema:
    """Return a schema of up to three tables with rows, and up to six other objects."""
    names = Names(draw, index * NUMBERS)
    made, statements = [], []
    for _ in range(draw(st.integers(1, MAX_TABLES))):
        name = names.twin(made[-1].name) if made and one_in(draw, 6) else names.next()
        table, new = draw(tables(names, flavour, name, made))
        made.append(table)
        statements += new
    if flavour.is_mariadb and one_in(draw, 40):
        name = names.next()
        sql = f"CREATE SEQUENCE {identifier(name)}"
        statements.append(Statement(kind="SEQUENCE", name=name, sql=sql, feature="sequence"))
    collation = draw(st.sampled_from(["", "", "_bin", "_general_ci"]))
    maker = Maker(draw, names, flavour, made, collation)
    statements += [maker.next() for _ in range(draw(st.integers(0, OBJECTS)))]
    return RandomSchema(tuple(statements))


@st.composite
def batches(draw: DrawFn, flavour: Flavour, size: int) -> tuple[str, list[RandomSchema]]:
    """Return a default character set for the server's schema, and the random schemas in it."""
    charset = draw(st.sampled_from(["utf8mb4", "utf8mb4", "latin1", "utf8mb3"]))
    return charset, [draw(schemas(flavour, index)) for index in range(1, size + 1)]
