"""Several files, `include`, `extends`, `!reset` and `!override` are resolved by Compose v2."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.engine.containers.compose_tool import compose_command
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_stack
from tests.unit.stack.merging.conftest import Read

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("compose_v2")]

BASE = """
name: several
include: [more.yml]
services:
  app:
    extends: {file: common/base.yml, service: base}
    environment: {A: "1", SECRET: 'it$$is'}
    ports: ["8080:80", "9229:9229"]
  cache:
    image: redis
    ports: ["6379:6379"]
"""
OVER = """
services:
  app:
    environment: {B: "${RELEASE:-0}"}
    ports: !override ["127.0.0.1:80:80"]
  cache:
    ports: !reset []
"""
COMMON = """
services:
  base:
    image: base
    restart: unless-stopped
    logging: {driver: json-file, options: {max-size: 5m}}
    volumes: ["./data:/data"]
"""
FILES = {
    "compose.yml": BASE,
    "over.yml": OVER,
    "common/base.yml": COMMON,
    "more.yml": "services:\n  monitor: {image: m}\n",
}


def test_all_are_resolved(read: Read, project: Path) -> None:
    stack = read(FILES, "compose.yml over.yml", RELEASE="7")
    assert stack.project == "several"
    assert sorted(stack.services) == ["app", "cache", "monitor"]
    app = stack.services["app"]
    assert app.image == "base"
    assert app.restart == "unless-stopped"
    assert app.environment == {"A": "1", "B": "7", "SECRET": "it$is"}
    assert [(port.host_ip, port.published) for port in app.ports] == [("127.0.0.1", 80)]
    assert app.mounts[0].source == str(project / "common/data")
    assert stack.services["cache"].ports == ()
    assert (stack.file, stack.override_files) == (project / "compose.yml", (project / "over.yml",))


@pytest.mark.parametrize("changed", FILES)
def test_a_change_in_any_file_is_noticed(read: Read, changed: str) -> None:
    files = {**FILES, "more.yml": "services:\n  monitor: {image: m, restart: always}\n"}
    before = read(files, "compose.yml over.yml").services
    for old, new in (
        ("80:80", "80:81"),
        ("5m", "6m"),
        ("image: redis", "image: r"),
        ("always", "no"),
    ):
        files[changed] = files[changed].replace(old, new)
    assert read(files, "compose.yml over.yml").services != before


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  a: {image: i}\n  b: {extends: a, command: x}\n",
        "services:\n  a: {image: i, ports: !reset [80]}\n  b: {image: i}\n",
        "include: [more.yml]\nservices:\n  a: {image: i}\n  b: {image: i}\n",
    ],
)
def test_one_file_can_need_compose_too(read: Read, text: str) -> None:
    stack = read({"compose.yml": text, "more.yml": "services: {c: {image: i}}\n"})
    assert {"a", "b"} <= set(stack.services)
    assert stack.services["a"].ports == ()
    assert stack.services["b"].image == "i"


def test_the_project_and_the_variables_of_the_env_file_count(read: Read) -> None:
    files = {**FILES, ".env": "COMPOSE_PROJECT_NAME=theirs\nRELEASE='a$b'\n"}
    stack = read(files, "compose.yml over.yml")
    assert stack.project == "theirs"
    assert stack.services["app"].environment["B"] == "a$b"


def test_commands_for_the_operator_name_all_files(read: Read, project: Path) -> None:
    stack = read(FILES, "compose.yml over.yml")
    words = compose_command(stack.compose_files, "up", "-d")
    assert f"--file {project}/compose.yml --file {project}/over.yml" in words


MISTAKES = [
    ("over.yml", "environment:", "enviroment:", "enviroment is not a known key", "over.yml:4"),
    ("over.yml", "${RELEASE:-0}", "${RELEASE:?}", "Variable RELEASE is missing", "over.yml:4"),
    ("common/base.yml", "unless-stopped", "maybe", "not a restart policy", "common/base.yml:5"),
    ("compose.yml", "image: redis", "image: redis\n    user: 80", "cache.user", "compose.yml:11"),
    (
        "compose.yml",
        "image: redis",
        "image: r\n    provider: {type: x}",
        "provider",
        "compose.yml:11",
    ),
    ("over.yml", "cache:", "cache:\n    depends_on: [no]", '"no"', "over.yml:6"),
    ("more.yml", "image: m", "image: m, ports: [a]", "refuses the files", "compose.yml, "),
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_in_the_file_that_has_them(
    read: Read, project: Path, mistake: tuple[str, ...]
) -> None:
    name, text, replacement, what, where = mistake
    assert text in FILES[name]
    with pytest.raises(ConfigError) as caught:
        read({**FILES, name: FILES[name].replace(text, replacement)}, "compose.yml over.yml")
    assert what in caught.value.what
    assert caught.value.where.startswith(str(project / where))


@pytest.mark.parametrize("value", ["ports: ['${PORT}']", "command: '${hunter22'"])
def test_what_compose_says_of_a_mistake_shows_no_value(read: Read, value: str) -> None:
    files = {**FILES, "more.yml": f"services:\n  m:\n    image: m\n    {value}\n"}
    with pytest.raises(ConfigError, match="refuses the files") as caught:
        read({**files, ".env": "PORT=hunter22\n"}, "compose.yml over.yml")
    assert "hunter22" not in str(caught.value)


def test_a_missing_file_is_named(read: Read, project: Path) -> None:
    with pytest.raises(ConfigError, match=r"Compose file none.yml not found") as caught:
        read(FILES, "compose.yml none.yml")
    assert caught.value.where == str(project / "none.yml")
    (project / "more.yml").unlink()
    files = {name: text for name, text in FILES.items() if name != "more.yml"}
    with pytest.raises(ConfigError, match=r"refuses the files: .*more.yml"):
        read(files, "compose.yml over.yml")


def test_no_other_env_file_is_read(read: Read, project: Path) -> None:
    files = [project / "compose.yml", project / "over.yml"]
    read({**FILES, ".env": "RELEASE=9\n"}, "compose.yml over.yml")
    stack = read_stack(files, env_file=project / "none.env", environ={})
    assert stack.services["app"].environment["B"] == "0"


def test_a_dependency_on_an_inactive_service_names_the_profiles(read: Read, project: Path) -> None:
    over = "services:\n  app: {depends_on: [cache]}\n  cache: {profiles: [off]}\n"
    with pytest.raises(ConfigError) as caught:
        read({**FILES, "over.yml": over}, "compose.yml over.yml")
    assert caught.value.where == f"{project}/over.yml:2"
    assert "add a profile of cache to COMPOSE_PROFILES" in caught.value.todo


def test_limits_of_zero_are_kept(read: Read) -> None:
    """`config` omits them in JSON."""
    over = "services: {cache: {ulimits: {core: 0, nproc: {soft: 0, hard: 5}}}}\n"
    stack = read({**FILES, "over.yml": over}, "compose.yml over.yml")
    assert stack.services["cache"].ulimits == {"core": (0, 0), "nproc": (0, 5)}


def test_a_command_that_is_cut_is_named_in_its_file(read: Read, project: Path) -> None:
    common = COMMON + "    command: serve ${PORT:-80} && stop\n"
    over = OVER + "  monitor:\n    entrypoint: watch; end\n"
    files = {**FILES, "common/base.yml": common, "over.yml": over}
    stack = read(files, "compose.yml over.yml")
    assert stack.services["app"].command == ("serve", "80")
    texts = [f"{remark.service}: {remark.what}" for remark in stack.remarks]
    assert [text.partition(" (")[0] for text in texts] == [
        "monitor: its entrypoint ends before the first ';'",
        "app: its command ends before the first '&'",
    ]
    assert f"{project}/common/base.yml:8" in texts[1]
    files["over.yml"] = over.replace("  app:\n", "  app:\n    command: [serve]\n")
    assert [each.service for each in read(files, "compose.yml over.yml").remarks] == ["monitor"]


def test_a_folder_that_is_not_to_be_created_stays_so(read: Read) -> None:
    """`config` omits this false."""
    mounts = [
        "{type: bind, source: ./a, target: /a, bind: {create_host_path: false}}",
        "{type: bind, source: ./b, target: /b}",
        "./c:/c",
    ]
    over = f"services: {{cache: {{volumes: [{', '.join(mounts)}]}}}}\n"
    stack = read({**FILES, "over.yml": over}, "compose.yml over.yml")
    created = {each.target: each.bind.create_host_path for each in stack.services["cache"].mounts}
    assert created == {"/a": False, "/b": True, "/c": True}


def test_what_compose_makes_of_a_volume_with_labels_is_read(read: Read) -> None:
    """`config` prints `data:/data:z` as a volume with options of a folder."""
    over = "services: {cache: {volumes: ['data:/data:z']}}\nvolumes: {data: }\n"
    stack = read({**FILES, "over.yml": over}, "compose.yml over.yml")
    mount = next(each for each in stack.services["cache"].mounts if each.target == "/data")
    assert mount.type == "volume"
    assert not [each for each in stack.remarks if "volumes" in each.what]


def test_a_missing_env_file_is_created_from_its_example(read: Read, project: Path) -> None:
    over = "services: {cache: {env_file: cache.env}}\n"
    files = {**FILES, "over.yml": over, "cache.env.sample": "A=1\n"}
    with pytest.raises(ConfigError, match=r"cache\.env not found") as caught:
        read(files, "compose.yml over.yml")
    assert caught.value.todo == (
        f"`cp {project}/cache.env.sample {project}/cache.env`, and fill it in"
    )
