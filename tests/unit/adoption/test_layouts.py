"""Each layout gets settings that load, and that mean what its own settings mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.adoption.adopt import Adoption, adopt
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.opening import StackChoice
from cosmicdeploy.settings import Settings, load
from cosmicdeploy.workspace import read_stack_files
from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.layouts.layout import Layout
from tests.unit.adoption.conftest import NO_ENGINE, Adopt, marks, values
from tests.unit.adoption.stacks import (
    ALEMBIC,
    CADDY,
    DJANGO,
    HAPROXY,
    POSTGRES,
    TRAEFIK,
    Files,
)

pytestmark = pytest.mark.unit

# What the settings of a layout in tests/stack/layouts leave out, although the stack has it.
MORE_ROLES = {
    "built-proxy": {"cache": "kv"},
    "several-files": {"cache": "cache"},
    "secrets-configs": {"cache": "cache"},
}
# The only keys that no file shows; each application of these layouts answers 200 on any path, and
# sets its header where no source file shows it. The load balancer's check requests a path of its
# own, which fails while a replica is drained.
OWN_PATH = ("caddy", "caddy-one", "caddy-flags", "traefik", "traefik-one")
NOT_SHOWN = {
    "php-fpm": {"health_path", "release_header"},
    "registry": {"release_header"},
    **{name: {"health_path"} for name in OWN_PATH},
}


def adopted_layout(layout: Layout, folder: Path) -> tuple[Adoption, Settings]:
    """Lay the stack out, set its own settings aside, and adopt it; return both."""
    stack = layout.kind(folder / "cosmic-shop")
    stack.folder.mkdir()
    stack.write()
    own = stack.folder / "cosmicdeploy.yaml"
    expected = read_stack_files(own)[0].settings
    own.unlink()
    choice = StackChoice(folder=stack.folder, environ=dict(os.environ))
    adoption = adopt(choice, EngineView(None, NO_ENGINE))
    own.write_text(adoption.text)
    return adoption, expected


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda each: each.name)
def test_a_layout_gets_the_settings_that_it_works_with(layout: Layout, tmp_path: Path) -> None:
    adoption, expected = adopted_layout(layout, tmp_path)
    loaded, _ = read_stack_files(adoption.file)
    settings = loaded.settings
    roles = expected.services.model_copy(update=MORE_ROLES.get(layout.name, {}))
    assert set(settings.services.app) == set(roles.app)
    assert settings.services.model_copy(update={"app": roles.app}) == roles
    assert settings.database == expected.database
    keys = {"port", "health_path", "release_variable", "release_header"}
    assert answers(settings, keys - NOT_SHOWN.get(layout.name, set())) == answers(
        expected, keys - NOT_SHOWN.get(layout.name, set())
    )
    assert "to do" not in marks(adoption).values()


def test_the_flag_files_of_a_layout_behind_caddy_are_found(tmp_path: Path) -> None:
    adoption, expected = adopted_layout(LAYOUTS["caddy-flags"], tmp_path)
    settings = read_stack_files(adoption.file)[0].settings
    assert settings.proxy == expected.proxy and settings.proxy.out_of_service


def answers(settings: Settings, keys: set[str]) -> dict[str, dict[str, Any]]:
    """Return these keys of each application by its services."""
    return {
        ", ".join(sorted(each.services)): {key: getattr(each, key) for key in keys}
        for each in settings.all_applications
    }


FRONTED = {
    "services.app": ["app-1", "app-2"],
    "services.proxy": "edge",
    "app.port": 8000,
    "app.health_path": "/ready",
    "app.release_variable": "RELEASE",
    "app.release_header": "X-Release",
}
TRAEFIK_ADOPTED = {
    "compose_file": "compose.yaml",
    "services.app": ["app"],
    "services.proxy": "edge",
    "app.port": 8000,
    "app.health_path": "/ready",
    "app.release_variable": "IMAGE_TAG",
    "probe.host": "shop.example",
}
WITH_DATABASE = {
    "services.app": ["web"],
    "services.database": "db",
    "app.port": 8000,
    "app.release_variable": "RELEASE",
    "database.name": "shop",
}
DJANGO_ADOPTED = WITH_DATABASE | {"app.health_path": "/healthz/", "migrate.framework": "django"}
ALEMBIC_ADOPTED = WITH_DATABASE | {
    "app.health_path": "/ready",
    "app.release_header": "X-Release",
    "migrate.framework": "alembic",
}
NO_DATABASE = {
    key: value
    for key, value in ALEMBIC_ADOPTED.items()
    if key not in ("services.database", "database.name", "migrate.framework")
}
GUESSED_PATH = {"app.health_path": "guess"}


@pytest.mark.parametrize(
    ("files", "expected", "marked"),
    [
        pytest.param(CADDY, FRONTED, {}, id="caddy"),
        pytest.param(HAPROXY, FRONTED, {}, id="haproxy"),
        pytest.param(TRAEFIK, TRAEFIK_ADOPTED, {}, id="traefik"),
        pytest.param(DJANGO, DJANGO_ADOPTED, GUESSED_PATH, id="django"),
        pytest.param(ALEMBIC, ALEMBIC_ADOPTED, GUESSED_PATH, id="alembic"),
        pytest.param(POSTGRES, NO_DATABASE, GUESSED_PATH, id="postgres"),
    ],
)
def test_a_strangers_stack_needs_at_most_one_marked_line(
    adopted: Adopt, files: Files, expected: dict[str, Any], marked: dict[str, str]
) -> None:
    adoption = adopted(files)
    assert values(adoption) == {"compose_file": "docker-compose.yml"} | expected
    assert marks(adoption) == marked


def test_the_text_means_the_recognized_values(adopted: Adopt, folder: Path) -> None:
    adoption = adopted(TRAEFIK)
    adoption.file.write_text(adoption.text)
    settings = load(folder / "cosmicdeploy.yaml", {}).settings
    assert settings.services.app == ("app",)
    assert (settings.app.port, settings.app.health_path) == (8000, "/ready")
    assert (settings.probe.url, settings.probe.host) == (None, "shop.example")
