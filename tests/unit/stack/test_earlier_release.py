"""A rollback gives the containers the definitions that the files have for its release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.database.backups.on_disk.manifest import Manifest, now
from cosmicdeploy.earlier_release import as_of_backup
from cosmicdeploy.events import Event, Warned
from cosmicdeploy.workspace import read_stack_files
from tests.unit.shop import EmptyEngine

pytestmark = pytest.mark.unit

SETTINGS = """\
compose_file: compose.yml
services: {app: [web]}
app: {release_variable: RELEASE}
"""
BY_VARIABLE = """\
services:
  web:
    image: shop/web:${RELEASE}
    environment: {RELEASE: "${RELEASE}", NAME: web}
    deploy: {replicas: 2}
"""
BY_TAG = "services:\n  web: {image: 'shop/web:${RELEASE}'}\n"
BY_BUILD = "services:\n  web: {build: {context: ., args: {RELEASE: '${RELEASE}'}}}\n"


@pytest.fixture
def opened(ctx: Context, tmp_path: Path) -> Context:
    """The stack, whose `.env` says release 3."""
    write(tmp_path, BY_VARIABLE)
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS)
    (tmp_path / ".env").write_text("RELEASE=3\n")
    return reopened(ctx, tmp_path)


def write(folder: Path, compose: str) -> None:
    (folder / "compose.yml").write_text(compose)


def reopened(ctx: Context, folder: Path) -> Context:
    loaded, stack = read_stack_files(folder / "cosmicdeploy.yaml")
    return replace(ctx, loaded=loaded, stack=stack, engine=EmptyEngine())  # type: ignore[arg-type]


def of_release(release: str | None, **releases: str) -> Manifest:
    return Manifest(
        id="b",
        created_at=now(),
        database="",
        server_vendor="",
        server_version="",
        release=release,
        releases=releases,
    )


def test_a_release_that_is_a_variable_comes_back(
    opened: Context, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELEASE", "3-bad")
    then = as_of_backup(opened, of_release("1"))
    assert list(then.stack.services) == ["web.1", "web.2"] == list(then.settings.services.app)
    service = then.service("web.1")
    assert service.environment == {"RELEASE": "1", "NAME": "web"}
    assert service.image == "shop/web:3-bad", "the rollback lets this tag name the older image"
    assert then.stack.compose_files.variables == (("RELEASE", "1"),)
    [warning] = [event.text for event in events if isinstance(event, Warned)]
    assert "put RELEASE=1 into .env" in warning


@pytest.mark.parametrize("compose", [BY_TAG, BY_BUILD])
def test_a_release_that_is_an_image_needs_no_other_definition(
    opened: Context, events: list[Event], tmp_path: Path, compose: str
) -> None:
    write(tmp_path, compose)
    ctx = reopened(opened, tmp_path)
    assert as_of_backup(ctx, of_release("1")) is ctx
    assert events == []


@pytest.mark.parametrize("release", ["3", "", None])
def test_a_release_that_the_files_have_or_that_is_unknown_changes_nothing(
    opened: Context, release: str | None
) -> None:
    assert as_of_backup(opened, of_release(release)) is opened


def test_each_application_gets_its_own_release(opened: Context, tmp_path: Path) -> None:
    web = "web: {image: web, environment: {WEB: '${RELEASE}'}}"
    api = "api: {image: api, environment: {API: '${API_RELEASE}'}}"
    write(tmp_path, f"services:\n  {web}\n  {api}\n")
    (tmp_path / "cosmicdeploy.yaml").write_text(
        SETTINGS.replace("[web]", "[web, api]")
        + "applications: {api: {release_variable: API_RELEASE}}\n"
    )
    (tmp_path / ".env").write_text("RELEASE=3\nAPI_RELEASE=3\n")
    then = as_of_backup(reopened(opened, tmp_path), of_release("3", web="3", api="2"))
    assert then.service("web").environment == {"WEB": "3"}
    assert then.service("api").environment == {"API": "2"}
