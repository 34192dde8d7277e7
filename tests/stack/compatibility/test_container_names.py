"""The deployer finds containers by Compose's labels, independent of their names."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.stack.stacks.unnamed import UnnamedStack, unnamed_stack

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnnamedStack]:
    # A name of its own, since the volume of a run that was ended would be found again.
    folder = tmp_path_factory.mktemp("unnamed") / f"cosmic-{secrets.token_hex(3)}"
    with unnamed_stack(folder) as stack:
        yield stack


def test_containers_of_1_29_are_adopted_with_their_names(up: UnnamedStack) -> None:
    before = up.container_ids()
    status = up.cli("status")
    assert status.code == 0 and f"{up.project}_db_1" not in status.stdout, status.stdout
    report = up.cli("status", "--json")
    rows = {row["service"]: row for row in report.report["data"]}
    assert {name: row["container"] for name, row in rows.items()} == {
        name: f"{up.project}_{name}_1" for name in ("app", "db", "mailer", "migrate")
    }
    assert {row["drift"] for row in rows.values()} == {""}
    notes = {note["service"]: note["what"] for note in report.report["notices"]}
    assert notes.keys() == {"", "silent"}
    assert "is left alone (running)" in notes["silent"]
    assert "the address at which clients reach the stack is unknown" in notes[""]
    assert "note: silent: is left alone" in status.stdout
    again = up.cli("up", "--json")
    assert again.report["outcome"] == "unchanged", again.stderr
    assert [note["service"] for note in again.report["notices"]] == list(notes)
    assert again.stderr.index("note: silent") < again.stderr.index("recover")
    assert up.container_ids() == before

    up.write(release="2")
    done = up.cli("deploy", "--json", DOCKER_CONFIG="/nonexistent")
    assert done.code == 0, done.stderr
    after = up.container_ids()
    assert after.keys() == before.keys(), "the new container has the name of the old one"
    assert {name for name in after if after[name] != before[name]} == {f"{up.project}_app_1"}
    up.compose("up", "-d")
    assert up.container_ids()[f"{up.project}_app_1"] == after[f"{up.project}_app_1"]


@pytest.mark.torture
def test_an_undo_keeps_the_names_of_1_29(up: UnnamedStack) -> None:
    name = f"{up.project}_app_1"
    up.write(release="2")
    assert up.cli("deploy").code == 0
    before = up.container_ids()
    up.write(release="3-bad", command='["false"]')
    failed = up.cli("deploy", "--json")
    assert failed.code == 1, failed.stdout
    assert up.container_ids() == before, failed.report["error"]
    backups = {each.manifest.release: each.id for each in up.open().catalogue.list()}
    back = up.cli("rollback", "--to", backups["1"], "--code-only", "--yes", "--json")
    assert back.code == 0, back.stderr
    after = up.container_ids()
    assert after.keys() == before.keys()
    assert {each for each in after if after[each] != before[each]} == {name}
    assert back.report["release"] == "1"


@pytest.mark.torture
def test_a_service_without_a_role_is_replaced_and_a_one_shot_runs_again(up: UnnamedStack) -> None:
    up.write(release="1")
    assert up.cli("deploy", "--json").code == 0
    before = up.container_ids()
    up.write(release="1", seconds=601)
    planned = up.cli("deploy", "--plan", "--json")
    assert "mailer" in planned.reason("rollout") and "migrate" in planned.reason("one-shot")
    assert up.container_ids() == before
    done = up.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    after = up.container_ids()
    assert after.keys() == before.keys()
    replaced = {name for name in after if after[name] != before[name]}
    assert replaced == {f"{up.project}_{name}_1" for name in ("mailer", "migrate")}
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"

    up.write(release="1", seconds=602, migrate="exit 3")
    failed = up.cli("deploy", "--json")
    assert failed.code == 1 and "migrate ended with exit code 3" in failed.stderr
    assert up.container_ids() == after
    assert "what migrate did to data stays done" in failed.stderr
    up.write(release="1", seconds=601)
    assert up.cli("deploy", "--json").report["outcome"] == "unchanged"


@pytest.mark.torture
def test_containers_of_a_scaled_service_all_get_the_release(up: UnnamedStack) -> None:
    up.compose("up", "-d", "--no-recreate", "--scale", "app=2")
    first, second = f"{up.project}_app_1", f"{up.project}_app_2"
    try:
        before = up.container_ids()
        status = up.cli("status", "--json").report
        assert [row["service"] for row in status["data"]][:3] == ["db", "app.1", "app.2"]
        [note] = [each for each in status["notices"] if each["kind"] == "more replicas"]
        assert "has 2 containers, the compose file declares 1" in note["what"]
        up.write(release="4", seconds=601)
        done = up.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        after = up.container_ids()
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == {first, second}
        assert up.cli("deploy", "--json").report["outcome"] == "unchanged"
    finally:
        up.docker("rm", "-f", second)


def test_several_containers_of_a_service_are_refused_by_name(up: UnnamedStack) -> None:
    """The second container may be a copy of the first: it has an unusual name."""
    up.compose("up", "-d", "--no-recreate", "--scale", "app=2")
    up.docker("rename", f"{up.project}_app_2", f"{up.project}_copy_2")
    before = up.container_ids()
    first, second = f"{up.project}_app_1", f"{up.project}_copy_2"
    try:
        for words in (
            ["up"],
            ["deploy"],
            ["deploy", "--plan"],
            ["restart", "app"],
            ["step", "build"],
        ):
            done = up.cli(*words, "--yes", "--json")
            assert done.code == 1, (words, done.stdout)
            assert first in done.report["error"]["what"] and second in done.report["error"]["what"]
        rows = {row["container"]: row for row in up.cli("status", "--json").report["data"]}
        assert rows[second]["drift"].startswith("second container")
        assert "rm " not in rows[second]["todo"]
        assert up.container_ids() == before
        up.docker("stop", "-t", "0", second)
        assert up.cli("up", "--json").report["outcome"] == "unchanged"
    finally:
        up.docker("rm", "-f", second)
