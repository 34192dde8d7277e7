"""The database is replaced only if it is included, after a backup, and put back if that fails."""

from __future__ import annotations

import pytest

from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import acknowledged, require_backups_intact, require_whole
from tests.stack.support.variants import COMPOSE, edit

pytestmark = [pytest.mark.stack, pytest.mark.torture]

DATABASE = "platform-db"


def test_the_database_is_replaced_after_a_backup_and_keeps_its_rows(
    released: StackUnderTest,
) -> None:
    before = released.lives()
    edit(
        released.folder / COMPOSE,
        lambda document: document["services"][DATABASE].update(mem_limit="900m"),
    )
    done = released.cli("deploy", "--json")
    assert done.code == 0 and released.lives() == before, done.stdout
    with acknowledged(released) as beats:
        included = released.cli("deploy", "--include", "database", "--json")
    assert included.code == 0, included.stdout
    assert included.outcomes["backup"] == "changed" and included.report["backup"]
    after = released.lives()
    assert {name for name in after if after[name][0] != before[name][0]} == {DATABASE}
    assert [gap["service"] for gap in included.report["gaps"]] == [DATABASE]
    assert included.report["requests"]["broken"] == ""
    beats.require_kept(released)
    require_whole(released)
    require_backups_intact(released)


def test_a_database_that_does_not_start_is_put_back(released: StackUnderTest) -> None:
    before = released.snapshot()
    edit(
        released.folder / COMPOSE,
        lambda document: document["services"][DATABASE].update(command=["--no-such-option"]),
    )
    failed = released.cli("deploy", "--include", DATABASE, "--json")
    assert failed.code == 1, failed.stdout
    assert released.snapshot() == before
    require_whole(released)
