"""Definitions of views, triggers and routines: definer, schema names, character set, digest."""

from __future__ import annotations

import pytest

from cosmicdeploy.database.schema.creatable import require_creatable
from cosmicdeploy.database.schema.definitions import Definition, Kind
from cosmicdeploy.database.schema.rebuilding.create import encoded
from cosmicdeploy.errors import BackupError
from tests.unit.database.fake_server import Server

pytestmark = pytest.mark.unit


def definition(statement: str, kind: Kind = "TRIGGER", charset: str = "utf8mb4") -> Definition:
    return Definition(kind=kind, name="t", statement=statement, charset=charset, collation="c")


@pytest.mark.parametrize(
    ("statement", "definer"),
    [
        ("CREATE DEFINER=`root`@`%` TRIGGER t BEFORE INSERT ON a", "root@%"),
        ("CREATE DEFINER=`od``d`@`h` PROCEDURE p()", "od`d@h"),
        ('CREATE DEFINER="od""d"@"h" PROCEDURE "p"()', 'od"d@h'),
        ("CREATE DEFINER=`a_role` PROCEDURE p()", "a_role"),
        ("CREATE ALGORITHM=MERGE DEFINER=`u`@`h` SQL SECURITY INVOKER VIEW v AS SELECT 1", "u@h"),
        ("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = ' DEFINER=`a`@`b`'", ""),
    ],
)
def test_the_definer_is_read_from_the_head(statement: str, definer: str) -> None:
    assert definition(statement).definer == definer


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DEFINER=`a.b`@`192.168.1.%` TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b=1",
        "CREATE DEFINER=`a`@`%` TRIGGER `odd.name` AFTER DELETE ON `o.p`\nFOR EACH\nROW SET @x=1",
    ],
)
def test_a_trigger_without_a_schema_can_be_created_again(statement: str) -> None:
    require_creatable(Server().session(), [definition(statement)])


@pytest.mark.parametrize("verb", ["TRIGGER", "trigger", "Trigger IF NOT EXISTS"])
@pytest.mark.parametrize("head", ["live.t BEFORE INSERT ON a", "t BEFORE INSERT ON `live`.`a`"])
def test_a_trigger_that_names_a_schema_is_refused(verb: str, head: str) -> None:
    with pytest.raises(BackupError, match="trigger t names its schema"):
        require_creatable(
            Server().session(), [definition(f"CREATE {verb} {head} for each row SET @x = 1")]
        )


def test_a_definition_is_sent_in_its_own_character_set() -> None:
    assert encoded(definition("", charset="latin1"), "ü") == b"\xfc"
    assert encoded(definition("", charset="utf8mb3"), "ü") == "ü".encode()
    with pytest.raises(BackupError, match="does not fit its character set latin1"):
        encoded(definition("", charset="latin1"), "日")


def test_any_change_changes_the_digest() -> None:
    first = definition("CREATE TRIGGER")
    changes = ({"statement": "x"}, {"sql_mode": "ANSI"}, {"charset": "latin1"}, {"time_zone": "x"})
    digests = {first.model_copy(update=change).digest for change in changes}
    assert len({first.digest, *digests}) == 5
