"""What the scenarios change in the stranger's stack is there to be changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cosmicdeploy.workspace import read_stack_files
from tests.stack.stacks.php.strangers_laravel import (
    FILES,
    MAINTENANCE,
    NGINX_CONF,
    SETTINGS,
    STRANGER,
    WEB,
    StrangersLaravel,
    lay_out_strangers_laravel,
    with_maintenance_file,
    with_mounted_folders,
    without_soak,
)
from tests.stack.support.harness import COMPOSE_FILE, RELEASED, ROOT
from tests.year.actions import changes, migrations, sources
from tests.year.attempt import Attempt

pytestmark = pytest.mark.unit


@pytest.fixture
def stranger(tmp_path: Path) -> StrangersLaravel:
    """The stack's files, without an engine."""
    return lay_out_strangers_laravel(tmp_path)


def declared(stack: StrangersLaravel) -> dict[str, str]:
    """Return the container names that the compose file declares, by service."""
    _, read = read_stack_files(stack.folder / "cosmicdeploy.yaml")
    return {name: service.container_name for name, service in read.services.items()}


def test_the_stack_has_names_of_its_own(stranger: StrangersLaravel) -> None:
    loaded, read = read_stack_files(stranger.folder / "cosmicdeploy.yaml")
    assert loaded.settings.services.app == WEB
    assert not read.services.keys() & {*RELEASED, "platform-db", "platform-redis", "platform-nginx"}
    assert not any("cosmic" in name or "platform" in name for name in declared(stranger).values())
    assert set(stranger.released) < read.services.keys()


def test_nginx_and_settings_know_nothing_of_the_deployer() -> None:
    conf = (STRANGER / NGINX_CONF).read_text()
    assert re.findall(r"server (\S+);", conf) == list(WEB), "known by name, with nginx's defaults"
    assert not re.search(r"fail_timeout|zone|cosmic|next_upstream|connect_timeout", conf)
    settings = yaml.safe_load((STRANGER / SETTINGS).read_text())
    assert not settings.keys() & {"maintenance", "proxy", "watch", "probe"}
    assert settings["restart"] == {"between_jobs": ["scheduler"]}
    assert "ipv4_address" not in (STRANGER / COMPOSE_FILE).read_text()


def test_the_settings_have_all_that_the_page_about_laravel_says() -> None:
    [page] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "laravel.md").read_text(), re.DOTALL)
    settings = yaml.safe_load((STRANGER / SETTINGS).read_text())
    for section, keys in yaml.safe_load(page).items():
        assert keys.items() <= settings[section].items(), section


def test_the_variants_can_be_read_and_are_restored(stranger: StrangersLaravel) -> None:
    before = contents(stranger)
    with stranger.files_kept():
        with_mounted_folders(stranger)
        with_maintenance_file(stranger)
        without_soak(stranger)
        loaded, read = read_stack_files(stranger.folder / SETTINGS)
        assert str(loaded.settings.maintenance.file) == MAINTENANCE
        assert loaded.settings.watch.seconds == 0
        assert all(len(read.services[name].mounts) == 2 for name in stranger.released)
    assert contents(stranger) == before


def test_the_stack_uses_the_files_unmodified(stranger: StrangersLaravel) -> None:
    for name in FILES:
        assert (stranger.folder / name).read_bytes() == (STRANGER / name).read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        sources.break_health,
        sources.break_heartbeats,
        lambda stack: sources.crash_after(stack, 5),
        sources.leave_out_vendor,
        lambda stack: sources.put_release(stack, "next"),
    ],
)
def test_a_release_changes_the_sources_and_they_are_restored(
    stranger: StrangersLaravel, damage: Callable[[StrangersLaravel], None]
) -> None:
    before = contents(stranger)
    with stranger.files_kept():
        damage(stranger)
        assert contents(stranger) != before
        mode = stranger.source("docker/serve.sh").stat().st_mode
        assert mode & 0o111, "the replicas could not start it"
    assert contents(stranger) == before


def contents(stack: StrangersLaravel) -> dict[str, bytes]:
    """Return all files of the stack with their contents."""
    files = [path for path in stack.folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(stack.folder)): path.read_bytes() for path in files}


def test_broken_heartbeats_are_fixed_again(stranger: StrangersLaravel) -> None:
    before = contents(stranger)
    sources.break_heartbeats(stranger)
    assert "Route::post('/devices/heartbeat', fn () => abort(500))" in routes(stranger)
    sources.fix_heartbeats(stranger)
    assert contents(stranger) == before


def routes(stack: StrangersLaravel) -> str:
    return stack.source("routes/api.php").read_text()


def test_only_the_health_page_is_broken(stranger: StrangersLaravel) -> None:
    sources.break_health(stranger)
    assert "Route::get('/health', fn () => abort(500));" in routes(stranger)
    assert "HeartbeatController::class" in routes(stranger)


def test_an_image_without_vendor_is_built_without_starting_the_application(
    stranger: StrangersLaravel,
) -> None:
    sources.leave_out_vendor(stranger)
    dockerfile = stranger.source("Dockerfile").read_text()
    assert "artisan" not in dockerfile
    assert "storage/framework/views\n\n# nginx ends" in dockerfile


@pytest.mark.parametrize(
    "migration",
    [
        migrations.NICKNAME,
        migrations.WITHOUT_FIRMWARE,
        migrations.UNIQUE_STATUS,
        migrations.slow(60),
    ],
    ids=lambda each: each.name,
)
def test_a_migration_is_in_the_sources_and_can_be_undone(
    stranger: StrangersLaravel, migration: migrations.Migration
) -> None:
    migrations.add(Attempt(stranger), migration)
    text = (stranger.source("database/migrations") / f"{migration.name}.php").read_text()
    assert text.count("{") == text.count("}") and migration.up in text
    assert migration.down and migration.back


def test_another_worker_leaves_the_other_services_as_they_are(stranger: StrangersLaravel) -> None:
    settings = stranger.folder / "cosmicdeploy.yaml"
    before = dict(read_stack_files(settings)[1].services)
    changes.declare_like_jobs(stranger, changes.SECOND_JOBS)
    after = dict(read_stack_files(settings)[1].services)
    assert after.pop(changes.SECOND_JOBS).container_name == f"{stranger.project}-jobs-2"
    assert after == before
