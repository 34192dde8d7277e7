"""The three kinds of rollback, each under heartbeats."""

from __future__ import annotations

import pytest

from cosmicdeploy.context.releases import running_release
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.restore.verify import scratch_schema
from cosmicdeploy.database.session import open_session
from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import StackUnderTest
from tests.stack.support.promises import (
    RESOLUTION_SECONDS,
    Acknowledged,
    acknowledged,
    require_whole,
)

pytestmark = pytest.mark.stack

NEW_COLUMN = "last_heartbeat_source"
# Must be shown neither as markup nor as an escape sequence of the terminal.
ODD_NAME = "[/]\x1b]0;x"


def newest_beat_in(stack: StackUnderTest, backup_id: str) -> float:
    """Return the time of the newest heartbeat in a backup, in seconds of Unix time."""
    ctx = stack.open()
    access, backup = ctx.database(), ctx.catalogue.get(backup_id)
    with scratch_schema(access, backup) as schema:
        load_schema(access, backup, schema)
        with open_session(access) as session:
            session.use(schema)
            rows = session.rows("SELECT UNIX_TIMESTAMP(MAX(last_heartbeat_at)) FROM remotes")
    return float(rows[0][0])


def last_beat_before_maintenance(stack: StackUnderTest, beats: Acknowledged) -> float:
    """Return when the last heartbeat was sent that was answered 200 before the maintenance."""
    done = stack.open().journal.last("done", step_kind="quiesce")
    assert done is not None
    closed = done["facts"]["closed_at"]
    return max(at for at in beats.all if at < closed)


def release_1_backup(stack: StackUnderTest) -> str:
    """Return the newest good backup of release 1 with the schema of release 1."""
    return next(
        b.id
        for b in stack.open().catalogue.list()
        if b.is_good
        and b.manifest.release == "1"
        and NEW_COLUMN not in b.manifest.outline["remotes"]
    )


def test_two_kinds_at_once_are_refused(released: StackUnderTest) -> None:
    done = released.cli("rollback", "--code-only", "--migration", "--to", "latest", "--yes")
    assert done.code == 2 and "exclude each other" in done.stderr


def test_a_rollback_without_a_target_lists_the_candidates(released: StackUnderTest) -> None:
    done = released.cli("rollback", "--json")
    newest = next(b for b in released.open().catalogue.list() if b.is_good)
    assert (done.code, done.report["outcome"]) == (0, "done"), done.stderr
    row = done.report["data"][0]
    assert row["backup"] == newest.id and row["age"] and row["what would be lost"]
    assert "`cosmicdeploy rollback --to ID`" in released.cli("rollback").stdout


def test_a_code_rollback_is_refused_if_the_old_code_cannot_use_the_schema(
    released: StackUnderTest,
) -> None:
    backup, before = release_1_backup(released), released.snapshot()
    with released.database() as facts:
        facts.session.execute("ALTER TABLE remotes ADD COLUMN must INT NOT NULL")
        facts.session.execute("ALTER TABLE remotes ALTER COLUMN must DROP DEFAULT")
    try:
        done = released.cli("rollback", "--code-only", "--to", backup, "--yes")
        assert done.code == 1, done.stderr
        assert "remotes.must" in done.stderr and "--migration" in done.stderr
    finally:
        with released.database() as facts:
            facts.session.execute("ALTER TABLE remotes DROP COLUMN must")
    assert released.snapshot() == before


@pytest.mark.torture
def test_a_failed_rollback_is_undone_without_loss(released: StackUnderTest) -> None:
    """The image of the backup cannot start, so the data is swapped back."""
    target = released.cli("backup", "create", "--json").report["backup"]
    ctx = released.open()
    backup = ctx.catalogue.get(target)
    path = backup.data.with_name(f"{target}.json")
    dockerfile = released.folder / SOURCES / "Dockerfile"
    broken = ctx.image_of("platform-redis")  # it has no application to start
    assert broken is not None and dockerfile.is_file()
    path.write_text(path.read_text().replace(backup.manifest.images["cosmic-app-2"], broken.id))
    released.set_setting("healthy_within: 60", "healthy_within: 6")
    before = released.snapshot()
    with acknowledged(released) as beats:
        done = released.cli("rollback", "--to", target, "--yes", "--json")
    assert done.code == 1, done.stderr
    assert "the state is the same as before" in done.stderr
    assert released.snapshot() == before
    assert beats.failures == []
    beats.require_kept(released)
    path.unlink()


def test_a_code_rollback_makes_no_client_wait(released: StackUnderTest) -> None:
    backup, before = release_1_backup(released), released.snapshot()
    with released.beats() as beats:
        done = released.cli("rollback", "--code-only", "--to", backup, "--yes", "--json")
    assert done.code == 0, done.stderr
    assert (beats.failures, done.report["requests"]["failed"]) == ([], 0)
    assert done.report["requests"]["held"] == 0
    after = released.snapshot()
    assert running_release(released.open()) == "1"
    assert (after["schema"], after["migrations"]) == (before["schema"], before["migrations"])
    require_whole(released)


# A rollback by migrations keeps newer rows with Laravel, too.
@pytest.mark.torture
def test_a_migration_rollback_keeps_newer_rows(released: StackUnderTest) -> None:
    backup = release_1_backup(released)
    with released.database() as facts:
        facts.session.execute("INSERT INTO remotes (name, token_hash) VALUES ('NEWER', 'newer')")
        assert NEW_COLUMN in facts.columns("remotes")
    try:
        with acknowledged(released) as beats:
            done = released.cli("rollback", "--migration", "--to", backup, "--yes", "--json")
        assert done.code == 0, done.stderr
        assert done.report["requests"]["failed"] == 0 and beats.failures == []
        assert running_release(released.open()) == "1"
        with released.database() as facts:
            assert NEW_COLUMN not in facts.columns("remotes")
            assert facts.session.rows("SELECT name FROM remotes WHERE name = 'NEWER'")
        beats.require_kept(released)
        require_whole(released)
    finally:
        with released.database() as facts:
            facts.session.execute("DELETE FROM remotes WHERE name = 'NEWER'")


def test_a_full_rollback_restores_image_schema_and_data(release_1: StackUnderTest) -> None:
    old = release_1.snapshot()
    old_images = release_1.images()
    with release_1.database() as facts:
        old_rows = facts.session.rows("SELECT id, name FROM remotes ORDER BY id")
    release_1.put_release_2()
    backup = release_1.cli("deploy", "--json").report["backup"]
    with release_1.database() as facts:
        facts.session.execute("UPDATE remotes SET name = CONCAT('spoiled ', name)")
        facts.session.execute(f"CREATE TABLE `{ODD_NAME}` (id INT PRIMARY KEY)")

    with acknowledged(release_1) as beats:
        done = release_1.cli("rollback", "--to", backup, "--yes", "--json")
    assert done.code == 0, done.stderr
    assert r"  [/]\x1b]0;x: no table, so no rows in the backup, 0 now" in done.stderr
    assert done.report["release"] == "1"
    assert release_1.images() == old_images
    new = release_1.snapshot()
    assert (new["schema"], new["migrations"], new["tag"]) == (
        old["schema"],
        old["migrations"],
        old["tag"],
    )
    with release_1.database() as facts:
        assert facts.session.rows("SELECT id, name FROM remotes ORDER BY id") == old_rows
        assert ODD_NAME not in facts.engines()
    require_whole(release_1)

    requests = done.report["requests"]
    assert requests["failed"] == 0 and requests["held"] > 0
    assert done.report["turned_away_seconds"] > 0
    assert beats.failures == [] and beats.turned_away > 0
    own_backup = done.report["backup"]
    assert own_backup not in (None, backup), "the state before the rollback is backed up"
    last = last_beat_before_maintenance(release_1, beats)
    assert newest_beat_in(release_1, own_backup) >= last - RESOLUTION_SECONDS
    beats.require_kept(release_1)


@pytest.mark.torture
def test_a_rollback_can_be_rolled_back(release_1: StackUnderTest) -> None:
    release_1.put_release_2()
    deployed = release_1.cli("deploy", "--json").report
    new = release_1.snapshot()
    back = release_1.cli("rollback", "--to", deployed["backup"], "--yes", "--json").report
    forth = release_1.cli("rollback", "--to", back["backup"], "--yes", "--json")
    assert forth.code == 0, forth.stderr
    assert forth.report["release"] == "2"
    again = release_1.snapshot()
    assert (again["schema"], again["tag"]) == (new["schema"], new["tag"])
