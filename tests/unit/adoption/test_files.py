"""Which compose files are read, and what the settings say about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from tests.unit.adoption.conftest import Adopt, marks, values

pytestmark = pytest.mark.unit

PLAIN = "services: {web: {image: 'shop:1', ports: ['80:80']}}\n"
OVER = "services: {web: {restart: always}}\n"


@pytest.mark.parametrize(
    ("names", "expected", "mark"),
    [
        (["docker-compose.prod.yml"], None, ""),
        (["compose.yml"], "compose.yml", ""),
        (["docker-compose.yml", "compose.yaml"], "compose.yaml", ""),
        (["docker-compose.yml", "docker-compose.dev.yml"], "docker-compose.yml", ""),
        (["docker-compose.yml", "docker-compose.prod.yml"], None, ""),
        (["compose.yml", "compose.production.yaml"], "compose.production.yaml", ""),
        (["shop.compose.yml"], "shop.compose.yml", ""),
    ],
)
def test_the_compose_file_is_chosen_by_its_name(
    adopted: Adopt, names: list[str], expected: str | None, mark: str
) -> None:
    adoption = adopted(dict.fromkeys(names, PLAIN))
    assert values(adoption).get("compose_file") == expected
    assert marks(adoption).get("compose_file", "") == mark
    unread = [note.about for note in adoption.notes if note.about in names]
    assert len(unread) == len(names) - 1


@pytest.mark.parametrize("name", ["docker-compose.prod.yml", "docker-compose.override.yml"])
def test_a_file_that_completes_another_is_read_over_it(adopted: Adopt, name: str) -> None:
    adoption = adopted({"docker-compose.yml": PLAIN, name: OVER})
    assert values(adoption)["compose_file"] == ["docker-compose.yml", name]
    assert marks(adoption)["compose_file"] == "guess"


def test_a_tag_shows_that_a_file_completes_another(adopted: Adopt) -> None:
    over = "services: {web: {image: 'shop:2', ports: !reset [], expose: [80]}}\n"
    adoption = adopted({"docker-compose.yml": PLAIN, "docker-compose.prod.yml": over})
    assert values(adoption)["compose_file"] == ["docker-compose.yml", "docker-compose.prod.yml"]


BOTH = "docker compose -f docker-compose.yml -f docker-compose.prod.yml up -d\n"
ALONE = "docker compose -f docker-compose.prod.yml up -d\n"


@pytest.mark.parametrize(
    ("name", "text", "evidence"),
    [
        ("Makefile", f"up:\n\t{BOTH}", "Makefile:2"),
        ("docs/production.md", "# Run\n\n    " + BOTH.replace("-f ", "--file="), ":3"),
        (".github/workflows/deploy.yml", "run: |\n  " + BOTH.replace(" -f", " \\\n -f"), ":3"),
        ("README.md", f"{ALONE}{BOTH}{BOTH}", "README.md:2"),
        ("deploy.sh", BOTH.replace("-f ", "-f ./"), "deploy.sh:1"),
    ],
)
def test_a_command_in_a_text_shows_that_a_file_is_read_over_another(
    adopted: Adopt, name: str, text: str, evidence: str
) -> None:
    files = {"docker-compose.yml": PLAIN, "docker-compose.prod.yml": PLAIN, name: text}
    (setting,) = (each for each in adopted(files).settings if each.name == "compose_file")
    assert setting.value == ["docker-compose.yml", "docker-compose.prod.yml"]
    assert evidence in setting.evidence and setting.mark == "guess"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", f"{BOTH}{ALONE}{ALONE}"),
        ("README.md", BOTH.replace("docker-compose.yml", "gone.yml")),
        (".env", f"# {BOTH}"),
        ("src/README.md", BOTH),
    ],
)
def test_a_file_that_commands_read_alone_is_whole(adopted: Adopt, name: str, text: str) -> None:
    files = {"docker-compose.yml": PLAIN, "docker-compose.prod.yml": PLAIN, name: text}
    assert "compose_file" not in values(adopted(files))


REGISTRY = """\
services:
  api: {image: "registry.example/shop/api"}
  gateway: {image: "registry.example/shop/gateway", ports: ["80:80"], depends_on: [api]}
"""
BUILDING = "services: {api: {build: ./api}, gateway: {build: ./gateway, ports: ['80:80']}}\n"
SOURCES = {
    "api/Dockerfile": "FROM python:3\nEXPOSE 8000\nHEALTHCHECK CMD curl localhost:8000/ok\n",
    "gateway/Dockerfile": "FROM nginx:1.25\nCOPY nginx.conf /etc/nginx/nginx.conf\n",
    "gateway/nginx.conf": "http { server { location / { proxy_pass http://api:8000; } } }\n",
}


def test_images_of_a_registry_are_recognized_by_the_file_that_builds_them(adopted: Adopt) -> None:
    files = {"docker-compose.prod.yml": REGISTRY, "docker-compose.yml": BUILDING, **SOURCES}
    adoption = adopted(files)
    found = values(adoption)
    assert (found["services.app"], found["services.proxy"]) == (["api"], "gateway")
    assert (found["app.port"], found["app.health_path"]) == (8000, "/ok")
    [note] = [each for each in adoption.notes if each.about == "docker-compose.yml"]
    assert note.what.endswith("of it, only how it builds api, gateway was read")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docker-compose.dev.yml", BUILDING),
        ("docker-compose.yml", BUILDING.replace("./api", "./gone").replace("./gateway", "./gone")),
        ("docker-compose.yml", "services: {api: {build: ./api, env_file: gone.env}}\n"),
        ("docker-compose.yml", "services: {api: [\n"),
    ],
)
def test_a_file_that_does_not_show_how_images_are_built_changes_nothing(
    adopted: Adopt, name: str, text: str
) -> None:
    files = {"docker-compose.prod.yml": REGISTRY, name: text, **SOURCES}
    assert values(adopted(files))["services.app"] == ["gateway"]


def test_an_official_image_is_not_that_of_another_files_build(adopted: Adopt) -> None:
    production = "services: {web: {image: 'nginx:1.25', ports: ['80:80']}}\n"
    other = "services: {web: {build: ./api, ports: ['80:80']}}\n"
    files = {"docker-compose.prod.yml": production, "docker-compose.yml": other, **SOURCES}
    assert values(adopted(files))["app.health_path"] == "/"


def test_files_that_the_env_file_names_need_no_setting(adopted: Adopt) -> None:
    files = {"a.yml": PLAIN, "b.yml": OVER, ".env": "COMPOSE_FILE=a.yml:b.yml\n"}
    assert "compose_file" not in values(adopted(files))


def test_files_that_only_this_shell_names_are_written(
    adopted: Adopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_FILE", "a.yml")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "theirs")
    found = values(adopted({"a.yml": PLAIN}))
    assert (found["compose_file"], found["project"]) == ("a.yml", "theirs")


def test_the_operator_can_name_files_env_file_and_project(adopted: Adopt, folder: Path) -> None:
    files = {"x/a.yml": PLAIN.replace("shop:1", "shop:${TAG:?}"), "y.env": "TAG=1\n"}
    choices = {"env_file": folder / "y.env", "project": "theirs", "named": [folder / "x/a.yml"]}
    found = values(adopted(files, **choices))
    assert (found["compose_file"], found["env_file"]) == ("x/a.yml", "y.env")
    assert found["project"] == "theirs"


def test_a_link_to_the_compose_file_is_followed_as_by_the_deployer(
    adopted: Adopt, folder: Path
) -> None:
    (folder / "docker-compose.yml").symlink_to(folder / "real" / "docker-compose.yml")
    files = {
        "real/docker-compose.yml": "services: {web: {build: ., ports: ['80:80']}}\n",
        "real/Dockerfile": "FROM x\n",
    }
    assert "app.release_variable" not in values(adopted(files))


def test_without_a_compose_file_the_error_says_what_to_do(adopted: Adopt) -> None:
    with pytest.raises(ConfigError, match="There is no compose file here") as caught:
        adopted({"README.md": ""})
    assert "--file FILE" in caught.value.todo and "cosmicdeploy init" in caught.value.todo


@pytest.mark.parametrize(
    ("files", "about"),
    [
        ({}, "its Dockerfile: Dockerfile not found"),
        ({"Dockerfile": "FROM x AS a\n"}, "has no stage 'b'"),
        ({"Dockerfile": "FROM $UNKNOWN\n"}, "FROM names no image"),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_said(
    adopted: Adopt, files: dict[str, str], about: str
) -> None:
    text = "services: {web: {build: {context: ., target: b}, ports: ['80:80']}}\n"
    adoption = adopted({"compose.yml": text, **files})
    [note] = [each for each in adoption.notes if each.about == "web" and each.kind == "not read"]
    assert about in note.what


PROFILED = """\
services:
  web: {image: 'shop:${T:-1}', ports: ['80:80']}
  jobs: {image: 'shop:${T:-1}', command: celery worker, profiles: [jobs]}
"""


def test_profiles_that_only_this_shell_activates_are_written(
    adopted: Adopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "jobs")
    found = values(adopted({"compose.yml": PROFILED}))
    assert (found["profiles"], found["services.worker"]) == (["jobs"], ["jobs"])


def test_profiles_of_the_env_file_need_no_setting(adopted: Adopt) -> None:
    found = values(adopted({"compose.yml": PROFILED, ".env": "COMPOSE_PROFILES=jobs\n"}))
    assert found["services.worker"] == ["jobs"] and "profiles" not in found


def test_a_service_without_an_active_profile_is_named(adopted: Adopt) -> None:
    [note] = [each for each in adopted({"compose.yml": PROFILED}).notes if each.about == "jobs"]
    assert note.kind == "no role" and "none of its profiles is active" in note.what


def test_an_env_file_that_is_missing_is_refused(adopted: Adopt, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no env file gone\.env"):
        adopted({"compose.yml": PLAIN}, env_file=folder / "gone.env")
