"""The step `static-files` on real folders, with its scripts run by the shell of this machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.errors import CosmicError, EngineError, NeedsPerson
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.journal.lines import UnreadableLine
from cosmicdeploy.proxy.static_files.record import read_record
from cosmicdeploy.stack.model import VolumeOptions
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.static_files.leftovers import clean_up, left_aside
from cosmicdeploy.steps.static_files.static_files import StaticFilesStep
from tests.unit.journal.journal_writer import Writer
from tests.unit.steps.static_files.conftest import MOUNT, container
from tests.unit.steps.static_files.local_engine import LocalEngine, read_volume

pytestmark = pytest.mark.unit

VOLUME = "shop_public"
RELEASE_1 = {"site.css": "1", "js/app.1.js": "one", "robots.txt": "all", "latest": "-> js/app.1.js"}
RELEASE_2 = {"site.css": "2", "js/app.2.js": "two", "robots.txt": "all", "latest": "-> js/app.2.js"}
RELEASE_3 = {"site.css": "3", "img/it's new/a b.svg": "three", "robots.txt": "all"}
STEP = StaticFilesStep(name="static-files")


def change_of(ctx: Context, step: StaticFilesStep = STEP) -> Change:
    found = step.check(replace(ctx, lookup_cache=LookupCache()))
    assert isinstance(found, Change), found
    return found


def reason_of(ctx: Context, step: StaticFilesStep = STEP) -> str:
    found = step.check(replace(ctx, lookup_cache=LookupCache()))
    assert isinstance(found, Unchanged), found
    return found.reason


def deploy(ctx: Context, *, settle: bool = True) -> tuple[Change, dict[str, Any]]:
    """Apply the step; return its change and its facts about the volume."""
    ctx = replace(ctx, lookup_cache=LookupCache())
    change = change_of(ctx)
    facts = STEP.apply(ctx, change)["volumes"][VOLUME]
    STEP.verify(ctx, change)
    if settle:
        STEP.settle(ctx, change)
    return change, facts


@pytest.fixture
def deployed(shop: Context, engine: LocalEngine) -> Context:
    """Release 1, in a new volume."""
    engine.add_image("one", RELEASE_1)
    deploy(shop)
    return shop


def test_a_new_volume_is_filled_and_then_unchanged(deployed: Context, engine: LocalEngine) -> None:
    assert read_volume(engine.volume(VOLUME)) == RELEASE_1
    assert reason_of(deployed) == f"{VOLUME}: has the files of one"
    assert engine.created == {} == {**dict.fromkeys(engine.running)}


def test_old_and_new_files_are_there_until_the_release_after_the_next(
    deployed: Context, engine: LocalEngine
) -> None:
    volume = engine.volume(VOLUME)
    (volume / "uploads").mkdir()
    (volume / "uploads/cat.jpg").write_text("meow")
    engine.add_image("two", RELEASE_2)
    assert "/srv/public" in change_of(deployed).summary
    _, facts = deploy(deployed)
    uploads = {"uploads/cat.jpg": "meow"}
    assert read_volume(volume) == {**RELEASE_1, **RELEASE_2, **uploads}
    assert (facts["added"], facts["changed"]) == (1, 2)
    engine.add_image("three", RELEASE_3)
    deploy(deployed)
    assert read_volume(volume) == {**RELEASE_2, **RELEASE_3, **uploads}
    engine.tags["shop"] = "one"
    deploy(deployed)
    expected = {**RELEASE_3, **RELEASE_1, **uploads}
    assert read_volume(volume) == expected, "a rollback is a release like any other"


def test_an_undo_restores_the_volume_exactly(deployed: Context, engine: LocalEngine) -> None:
    volume, before = engine.volume(VOLUME), read_record(deployed, VOLUME)
    (volume / "own.txt").write_text("o")
    engine.add_image("two", RELEASE_2)
    change, _ = deploy(deployed, settle=False)
    assert (volume / "site.css").read_text() == "2"
    STEP.undo(deployed, change)
    assert read_volume(volume) == {**RELEASE_1, "own.txt": "o"}
    assert sorted(path.name for path in volume.iterdir()) == [
        ".cosmicdeploy", "js", "latest", "own.txt", "robots.txt", "site.css",
    ]  # fmt: skip
    assert read_record(deployed, VOLUME) == before
    STEP.undo(deployed, change)
    assert read_volume(volume) == {**RELEASE_1, "own.txt": "o"}


@pytest.mark.parametrize("commands", range(1, 12))
def test_a_run_that_is_killed_anywhere_is_undone_or_resumed(
    deployed: Context, engine: LocalEngine, commands: int
) -> None:
    volume, before = engine.volume(VOLUME), read_record(deployed, VOLUME)
    engine.add_image("three", RELEASE_3)
    change = change_of(deployed)
    journal = Writer(deployed.journal.path).run("r1").journal
    journal.append(
        "intent", step="s", step_kind=STEP.kind, options={}, change="c", before=change.before
    )
    engine.killed_after = commands
    with suppress(EngineError):
        STEP.apply(deployed, change)
    engine.killed_after = 1_000
    assert not any(isinstance(entry, UnreadableLine) for entry in journal.entries())
    resumed = STEP.check(replace(deployed, lookup_cache=LookupCache()))
    if isinstance(resumed, Change):
        STEP.apply(deployed, resumed)
        STEP.undo(deployed, resumed)
    STEP.undo(deployed, change)
    assert read_volume(volume) == RELEASE_1
    assert read_record(deployed, VOLUME) == before
    deploy(deployed)
    assert read_volume(volume) == {**RELEASE_1, **RELEASE_3}


def test_files_that_no_deploy_has_put_there_are_replaced_and_kept(
    shop: Context, engine: LocalEngine, events: list[Event]
) -> None:
    """A volume that Compose has filled, with the first release ever."""
    volume = engine.volume(VOLUME)
    volume.mkdir(parents=True)
    (volume / "site.css").write_text("ancient")
    engine.add_image("two", RELEASE_2)
    assert "no deploy has done before" in change_of(shop).summary
    change, facts = deploy(shop, settle=False)
    assert facts["kept_copies"] == ["site.css"]
    [warning] = [each.text for each in events if isinstance(each, Warned)]
    assert "site.css" in warning and ".cosmicdeploy-kept/" in warning
    STEP.undo(shop, change)
    assert read_volume(volume) == {"site.css": "ancient"}
    assert read_record(shop, VOLUME) is None
    change, _ = deploy(shop)
    kept = volume / ".cosmicdeploy-kept"
    assert kept.stat().st_mode & 0o777 == 0o700
    name = change.before["set_aside"]
    assert read_volume(volume) == {**RELEASE_2, f".cosmicdeploy-kept/{name}/site.css": "ancient"}


def test_what_the_application_changes_meanwhile_stays_unless_the_release_changes_it(
    deployed: Context, engine: LocalEngine
) -> None:
    volume = engine.volume(VOLUME)
    (volume / "robots.txt").write_text("none")
    engine.add_image("two", RELEASE_2)
    _, facts = deploy(deployed)
    assert facts["left"] == ["robots.txt"]
    assert (volume / "robots.txt").read_text() == "none"


def test_modes_and_owners_count(deployed: Context, engine: LocalEngine) -> None:
    engine.add_image("two", RELEASE_1)
    (engine.image_folder("two") / "srv/public/site.css").chmod(0o600)
    _, facts = deploy(deployed)
    assert facts["changed"] == 1
    assert (engine.volume(VOLUME) / "site.css").stat().st_mode & 0o777 == 0o600


def test_an_image_with_the_same_files_changes_nothing(
    deployed: Context, engine: LocalEngine
) -> None:
    engine.add_image("rebuilt", RELEASE_1)
    assert "has the files of rebuilt" in reason_of(deployed)


def test_a_volume_of_the_same_name_that_is_new_is_filled_again(
    deployed: Context, engine: LocalEngine
) -> None:
    volume = engine.volume(VOLUME)
    volume.rename(volume.with_name("elsewhere"))
    deploy(deployed)
    assert read_volume(volume) == RELEASE_1


@pytest.mark.parametrize("content", ["{", '{"files": []}', '{"files":' * 100_000])
def test_a_damaged_record_that_is_moved_away_is_no_obstacle(
    deployed: Context, engine: LocalEngine, content: str
) -> None:
    record = deployed.loaded.state_directory / "static-files" / f"{VOLUME}.json"
    record.write_text(content)
    engine.add_image("two", RELEASE_2)
    engine.tags["shop"] = "two"
    with pytest.raises(NeedsPerson, match="the record cannot be read") as raised:
        deploy(deployed)
    [command] = re.findall(r"`mv (\S+) (\S+)`", raised.value.todo)
    Path(command[0]).rename(command[1])
    deploy(deployed)
    assert read_volume(engine.volume(VOLUME)).items() >= RELEASE_2.items()


@pytest.mark.parametrize("files", [{}, {".gitignore": "*", "sub/.gitkeep": ""}])
def test_a_volume_that_the_application_fills_itself_is_left_as_it_is(
    shop: Context, engine: LocalEngine, files: dict[str, str]
) -> None:
    engine.add_image("one", files)
    assert "the application fills it itself" in reason_of(shop)


def test_volumes_that_the_proxy_does_not_serve_are_left_as_they_are(
    stack_of: Callable[..., Context], engine: LocalEngine
) -> None:
    engine.add_image("one", RELEASE_1)
    for ctx in (
        stack_of(nginx=()),
        stack_of(app=(replace(MOUNT, volume=VolumeOptions(nocopy=True)),)),
        stack_of(settings="volumes: {left_alone: [public]}\n"),
    ):
        assert reason_of(ctx) == "no volume is shared with the proxy"
    assert engine.read_images == 0


def test_a_proxy_that_takes_the_volumes_of_the_application_serves_anonymous_ones(
    stack_of: Callable[..., Context], engine: LocalEngine
) -> None:
    engine.add_image("one", RELEASE_1)
    anonymous = "a" * 64
    engine.volume(anonymous).mkdir(parents=True)
    engine.containers_in_place["app"] = replace(
        container("app"), volumes={"/srv/public": anonymous}
    )
    ctx = stack_of(app=(replace(MOUNT, source=""),), nginx=(), volumes_from=("app:ro",))
    assert list(change_of(ctx).before["volumes"]) == [anonymous]


def test_up_leaves_the_volume_of_a_running_service_alone(
    shop: Context, engine: LocalEngine
) -> None:
    engine.add_image("one", RELEASE_1)
    step = StaticFilesStep(name="s", missing_only=True)
    assert change_of(shop, step)
    engine.containers_in_place["worker"] = container("worker")
    assert reason_of(shop, step)


def test_two_images_with_files_for_one_volume_are_refused_by_name(
    shop: Context, engine: LocalEngine
) -> None:
    engine.add_image("one", RELEASE_1)
    engine.add_image("other", RELEASE_2, tag="other")
    services = {**shop.stack.services, "worker": replace(shop.service("worker"), image="other")}
    ctx = replace(shop, stack=replace(shop.stack, services=services))
    with pytest.raises(CosmicError, match="app and worker both have files"):
        STEP.check(ctx)


def test_an_image_without_a_shell_or_its_tools_is_named(
    deployed: Context, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL_PATH", "/nonexistent")
    engine.add_image("two", RELEASE_2)
    with pytest.raises(EngineError, match=r"failed \(exit code 127\)") as failed:
        STEP.apply(deployed, change_of(deployed))
    assert "volumes.left_alone" in failed.value.todo


def test_what_a_run_that_was_killed_at_its_end_has_set_aside_is_removed_later(
    deployed: Context, engine: LocalEngine
) -> None:
    """Killed once it had succeeded, and before it had settled its steps."""
    engine.add_image("two", RELEASE_2)
    change = change_of(deployed)
    journal = Writer(deployed.journal.path).run("r1").journal
    journal.append(
        "intent", step="s", step_kind=STEP.kind, options={}, change="c", before=change.before
    )
    STEP.apply(deployed, change)
    own = engine.volume(VOLUME) / f".cosmicdeploy-{change.before['set_aside']}"
    assert left_aside(deployed) == [], "an undo may need it"
    clean_up(deployed)
    assert own.is_dir()
    journal.append("success", resolves=[])
    assert left_aside(deployed) == [VOLUME]
    clean_up(deployed)
    assert (own.exists(), left_aside(deployed)) == (False, [])
    assert "has the files of two" in reason_of(deployed)
