"""Backups on the real stack: verified, pinned, pruned, copied and fetched."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import docker
import pytest

from cosmicdeploy.database.backups.on_disk.manifest import now
from cosmicdeploy.database.backups.on_disk.state import Pin, VerificationRecord
from cosmicdeploy.steps.backups.kept_images import kept_tag
from tests.stack.support.harness import StackUnderTest

pytestmark = pytest.mark.stack

EMPTY = "backups-test:empty"


@pytest.fixture
def own(stack: StackUnderTest) -> Iterator[StackUnderTest]:
    """The stack with its own backup folder, since other tests roll back to their own backups."""
    stack.set_setting("directory: ./data-kiosk/backups", "directory: ./own-backups")
    stack.set_setting("    releases: 3", "    releases: 1000")
    try:
        yield stack
    finally:
        shutil.rmtree(collection(stack), ignore_errors=True)


def collection(stack: StackUnderTest) -> Path:
    return stack.folder / "own-backups"


def create(stack: StackUnderTest) -> str:
    done = stack.cli("backup", "create", "--json")
    assert done.code == 0, done.stderr
    return str(done.report["backup"])


def ids(stack: StackUnderTest) -> list[str]:
    return [backup.id for backup in stack.open().catalogue.list()]


def test_a_backup_is_shown_verified_and_pinned(own: StackUnderTest) -> None:
    backup = create(own)
    [listed] = own.cli("backup", "list", "--json").report["data"]
    assert listed["state"]["read"]["reason"] == ""
    assert listed["state"]["restored"] is None

    assert own.cli("backup", "verify", "--restore").code == 0
    assert own.cli("backup", "pin", backup, "--reason", "the audit's").code == 0
    shown = own.cli("backup", "show", "--json").report["data"]
    assert shown["state"]["restored"]["reason"] == ""
    assert shown["state"]["pin"]["reason"] == "the audit's"
    assert shown["objects"]["tables"]["remotes"]

    data = collection(own) / f"{backup}.sql.zst"
    data.write_bytes(data.read_bytes()[:-1])
    assert own.cli("backup", "verify", backup).code == 5
    listed = own.cli("backup", "list", COLUMNS="300").stdout
    assert "DAMAGED" in listed
    assert "the audit's" in listed


def test_a_policy_is_planned_and_carried_out(own: StackUnderTest) -> None:
    first, second, third = (create(own) for _ in range(3))
    assert own.cli("backup", "prune", "--json").report["outcome"] == "unchanged"
    own.open().catalogue.update_state(first, lambda state: state.updated(pin=Pin(at=now())))
    half = half_removed(own, third)
    own.set_setting("    last: 0", "    last: 1")
    with image_kept_for(own, second) as tag:
        plan = own.cli("backup", "prune", "--plan", "--json").report
        assert plan["outcome"] == "planned"
        keep = {row["id"]: row["keep"] for row in plan["data"]["backups"]}
        assert keep == {third: True, second: False, first: True}
        assert plan["data"]["finish"] == [half]
        done = own.cli("backup", "prune", "--yes", "--json")
        assert done.code == 0, done.stderr
        assert done.report["data"]["removed"] == [second, half]
        assert done.report["data"]["warnings"] == []
        assert own.open().engine.image(tag) is None
    assert {path.name[:20] for path in collection(own).iterdir()} == {third, first}

    # Without the pin, a run that takes a backup prunes it.
    assert own.cli("backup", "unpin", first).code == 0
    newest = create(own)
    assert ids(own) == [newest]


def test_backups_of_other_stacks_or_that_did_not_restore_are_refused(own: StackUnderTest) -> None:
    backup = create(own)
    failed = VerificationRecord(at=now(), reason="the table devices has 1 row in place of 2")
    catalogue = own.open().catalogue
    assert catalogue.get(backup).manifest.project == own.open().stack.project
    catalogue.update_state(backup, lambda state: state.updated(restored=failed))
    assert "its test restore failed on" in own.cli("rollback", "--to", "latest", "--yes").stderr
    before = own.snapshot()
    refused = own.cli("rollback", "--to", backup, "--yes")
    assert refused.code == 1
    assert f"`cosmicdeploy backup verify {backup} --restore`" in refused.stderr
    assert own.cli("backup", "verify", backup, "--restore").code == 0
    assert catalogue.get("latest").id == backup

    database = own.open().settings.database.name
    own.set_setting(f"name: {database}", "name: other")
    for reference, code in (("latest", 1), (backup, 2)):
        refused = own.cli("rollback", "--to", reference, "--yes")
        assert refused.code == code
        assert f"another stack's: database {database!r}" in refused.stderr
    own.set_setting("name: other", f"name: {database}")
    assert own.snapshot() == before


def half_removed(stack: StackUnderTest, like: str) -> str:
    """Leave what a prune leaves that is killed after it removed a backup from the catalogue."""
    backup_id = "20260101-000000-dead"
    folder = collection(stack)
    shutil.copy(folder / f"{like}.json", folder / f"{backup_id}.removing")
    shutil.copy(folder / f"{like}.sql.zst", folder / f"{backup_id}.sql.zst")
    return backup_id


@contextmanager
def image_kept_for(stack: StackUnderTest, backup: str) -> Iterator[str]:
    """The tag of an image that only this backup names."""
    ctx, path = stack.open(), collection(stack) / f"{backup}.json"
    image_id = empty_image()
    tag = kept_tag(ctx, image_id)
    ctx.engine.tag(image_id, tag)
    ctx.engine.untag(EMPTY)
    manifest = json.loads(path.read_text())
    manifest["images"]["cosmic-app-1"] = image_id
    path.write_text(json.dumps(manifest))
    try:
        yield tag
    finally:
        ctx.engine.untag(tag)


def empty_image() -> str:
    """Create an empty image, tagged `EMPTY`, and return its id."""
    archive = io.BytesIO()
    tarfile.open(fileobj=archive, mode="w").close()
    repository, _, name = EMPTY.partition(":")
    api = docker.from_env().api
    made = api.import_image_from_data(archive.getvalue(), repository=repository, tag=name)
    return str(json.loads(made.splitlines()[-1])["status"])


def test_a_backup_is_fetched_back_from_its_copy(own: StackUnderTest, tmp_path: Path) -> None:
    lost = "nonsense://nowhere"
    places = f'[{{url: "{tmp_path}/nas"}}, {{url: "{lost}", options: {{key: "${{DB_PASSWORD}}"}}}}]'
    own.set_setting("  copies: []", f"  copies: {places}")
    done = own.cli("backup", "create", "--json")
    assert done.code == 0, done.stderr
    [step] = done.report["steps"]
    assert step["facts"]["copies"] == [f"{tmp_path}/nas"]
    assert lost in step["facts"]["warnings"][0]
    assert own.open().loaded.secret("DB_PASSWORD") not in done.stdout + done.stderr

    backup = done.report["backup"]
    shutil.rmtree(collection(own))
    fetched = own.cli("backup", "fetch", backup, "--from", f"{tmp_path}/nas", "--json")
    assert fetched.code == 0, fetched.stderr
    assert own.cli("backup", "verify", backup, "--restore").code == 0

    own.set_setting(f'url: "{lost}"', f'required: true, url: "{lost}"')
    failed = own.cli("backup", "create")
    assert failed.code == 1
    assert "not copied to a required destination" in failed.stderr
    assert own.open().catalogue.list()[0].is_usable

    own.set_setting(f'url: "{lost}"', f'url: "{tmp_path}/usb"')
    copied = own.cli("backup", "copy", backup, "--json")
    assert copied.code == 0, copied.stderr
    assert copied.report["data"]["copies"] == [f"{tmp_path}/usb"]
    assert own.cli("backup", "copy", backup, "--json").report["outcome"] == "unchanged"


@pytest.mark.fault("forged copy of a signed backup")
def test_a_signed_backup_is_fetched_and_a_forged_copy_of_it_is_not(
    own: StackUnderTest, tmp_path: Path
) -> None:
    nas, secret = tmp_path / "nas", token_hex(32)
    own.set_setting("  copies: []", f"  copies: [{{url: '{nas}'}}]")
    own.set_setting("  signing_key_variable: null", "  signing_key_variable: BACKUP_KEY")
    with (own.folder / ".env").open("a") as env:
        env.write(f"BACKUP_KEY={secret}\n")
    backup = create(own)
    shutil.rmtree(collection(own))
    fetched = own.cli("backup", "fetch", backup, "--json")
    assert fetched.code == 0, fetched.stderr
    assert own.cli("backup", "verify", backup).code == 0

    shutil.rmtree(collection(own))
    [manifest] = nas.rglob(f"{backup}.json")
    assert secret not in manifest.read_text() + fetched.stdout + fetched.stderr
    manifest.write_text(manifest.read_text().replace('"release": "', '"release": "forged-'))
    refused = own.cli("backup", "fetch", backup)
    assert refused.code == 1 and "has a wrong signature: it may be forged" in refused.stderr
    assert ids(own) == [] and own.cli("backup", "fetch", "latest").code == 1
