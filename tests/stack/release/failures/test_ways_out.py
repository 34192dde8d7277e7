"""Commands that are refused until another one has run: the error names it, and it succeeds.

As in `test_dead_ends.py`, the journal gets the records that an interrupted run would have left.
"""

from __future__ import annotations

import pytest

from cosmicdeploy.steps.containers.maintenance.maintenance import start_maintenance
from tests.stack.release.failures.test_dead_ends import ACCEPT, interrupt, require_free
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.ways_out import take_way_out

pytestmark = [pytest.mark.stack, pytest.mark.torture, pytest.mark.fault("dead ends")]

EVERY_ROLE = ["app", "scheduler", "worker", "other"]


def require_served(stack: StackUnderTest) -> None:
    assert stack.health().status == 200
    require_free(stack)


def test_what_turns_clients_away_is_finished_before_the_state_is_accepted(
    released: StackUnderTest,
) -> None:
    database = released.containers()["platform-db"]
    facts = {
        "id": database.id,
        "running": True,
        "ready": True,
        "started_at": database.started_at,
    }
    before = {"containers": {"platform-db": facts}, "shielded": False}
    options = {"name": "restart", "services": ["platform-db"], "turns_away": True}
    step = {"step_kind": "restart-in-place", "options": options, "before": before}
    interrupt(released, "restart platform-db", **step)
    start_maintenance(released.open())
    refused = released.cli(*ACCEPT, "--yes", "--json")
    assert refused.code == 3 and "still turned away" in refused.report["error"]["what"]
    take_way_out(released, refused, "restart platform-db")
    require_served(released)


@pytest.mark.parametrize("way", ["rollback --to", "deploy --abort"])
def test_a_rollback_is_finished_or_undone_before_the_state_is_accepted(
    released: StackUnderTest, way: str
) -> None:
    backups = [backup for backup in released.open().catalogue.list() if backup.is_good]
    before = {"containers": {}, "ready": [], "shielded": False}
    options = {"name": "quiesce", "roles": EVERY_ROLE}
    step = {"step_kind": "quiesce", "options": options, "before": before}
    interrupt(released, "rollback", backups[-1].id, **step)
    start_maintenance(released.open())
    refused = released.cli(*ACCEPT, "--yes", "--json")
    assert refused.code == 3 and "A rollback was interrupted" in refused.report["error"]["what"]
    take_way_out(released, refused, way)
    require_served(released)


def test_a_state_that_differs_after_an_undo_is_the_start_of_the_next_deploy(
    released: StackUnderTest,
) -> None:
    released.set_variable("APP_VERSION", "after-undo")
    state = {"tags": {"shop:1": "sha256:1"}, "containers": {}, "schema": None, "migrations": None}
    interrupt(released, state=state)
    refused = released.cli("deploy", "--abort", "--json")
    assert refused.code == 3 and "differs from its state" in refused.report["error"]["what"]
    assert take_way_out(released, refused, "deploy").report["release"] == "after-undo"
    require_served(released)


def test_migrations_that_the_console_did_not_roll_back_are_rolled_back_with_force(
    released: StackUnderTest,
) -> None:
    backups = [backup for backup in released.open().catalogue.list() if backup.is_good]
    first = min(backups, key=lambda backup: len(backup.manifest.migrations))
    with released.database() as facts:
        rows = facts.session.rows("SELECT COUNT(*) FROM remotes")
        assert {*first.manifest.migrations} < {*facts.applied_migrations()}
    forced, unforced = '["migrate:rollback", "--force"]', '["migrate:rollback"]'
    released.set_setting(forced, unforced)
    refused = released.cli("rollback", "--migration", "--to", first.id, "--yes", "--json")
    assert refused.code == 3 and "add --force" in refused.report["error"]["todo"]
    released.set_setting(unforced, forced)  # as the error says
    take_way_out(released, refused, "rollback --migration")
    with released.database() as facts:
        assert {*facts.applied_migrations()} == {*first.manifest.migrations}
        assert facts.session.rows("SELECT COUNT(*) FROM remotes") == rows
    assert released.health().headers["x-app-version"] == first.manifest.release
