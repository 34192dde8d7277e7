"""Facts read from a schema of a real MariaDB, and a server that does not answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.schema.facts import open_facts
from cosmicdeploy.errors import DatabaseError
from tests.stack.stacks.databases import run
from tests.stack.support.kiosks import ROWS

pytestmark = pytest.mark.stack


def test_the_facts_of_a_schema_are_read(access: DatabaseAccess) -> None:
    with open_facts(access) as facts:
        assert facts.server().vendor == "MariaDB"
        tables = {table.name: table for table in facts.tables()}
        assert tables["remotes"].rows == ROWS
        assert tables["odd `name`"].engine == "InnoDB"
        assert facts.views() == ("busy_names", "site_names")
        assert facts.columns("sites") == ("id", "name")
        assert facts.columns("nothing") == ()
        assert facts.applied_migrations() == {"one": 1, "two": 2}
        assert facts.highest_batch() == 2
        assert facts.data_bytes() > 10_000_000


def test_the_digest_covers_the_structure_and_not_the_data(access: DatabaseAccess) -> None:
    with open_facts(access) as facts:
        first = facts.schema_digest()
        run(access, "DELETE FROM pictures")
        assert facts.schema_digest() == first
        run(access, "ALTER TABLE remotes ADD COLUMN grace_period_seconds INT")
        altered = facts.schema_digest()
        run(access, "CREATE INDEX battery ON remotes (battery)")
        assert len({first, altered, facts.schema_digest()}) == 3


def test_a_schema_that_was_never_migrated_has_batch_0(access: DatabaseAccess) -> None:
    run(access, "DROP TABLE migrations")
    with open_facts(access) as facts:
        assert facts.applied_migrations() == {}
        assert facts.highest_batch() == 0


def test_an_unreachable_and_an_unknown_database_are_reported(access: DatabaseAccess) -> None:
    with (
        pytest.raises(DatabaseError, match="cannot be reached"),
        open_facts(replace(access, port=1)),
    ):
        pass
    with (
        pytest.raises(DatabaseError, match="no such database"),
        open_facts(replace(access, name="nothing")),
    ):
        pass
