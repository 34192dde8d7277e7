"""The text that is written: valid, commented, and harmless whatever the stack's files hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.adoption.facts import Note, Setting
from cosmicdeploy.adoption.writing.yaml_text import WIDTH, render
from cosmicdeploy.files.yaml_reader import read_text
from cosmicdeploy.stack.variables.interpolate import interpolate_values
from cosmicdeploy.text.sanitize import HARMFUL
from tests.unit.adoption.conftest import Adopt, compose, evidence, values

pytestmark = pytest.mark.unit


def read_back(settings: list[Setting], *notes: Note) -> dict[str, Any]:
    """Return the data that a text means, with its variables resolved."""
    return interpolate_values(read_text(Path("x"), render(settings, notes)), {"A": "wrong"})


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "$A ${A} $$",
        "yes",
        "0755",
        "1e3",
        "2026-02-02",
        " # no comment",
        'it\'s "quoted": [1]',
        "größe",
        "\x1b[2Jred",
        "a\nb",
        "",
        True,
        False,
        None,
        8000,
        ["a", "b: c", "$A"],
        [],
        "x" * 500,
    ],
)
def test_a_value_means_itself(value: Any) -> None:
    settings = [
        Setting(key=("compose_file",), value=value, evidence="evidence\n: here # x"),
        Setting(key=("app", "port"), value=value, evidence="line\x1b[2J", mark="guess"),
        Setting(key=("applications", "web", "port"), value=value),
        Setting(key=("applications", "web", "x"), value=value, evidence="long " * 60, mark="to do"),
    ]
    web = {"port": value, "x": value}
    expected = {"compose_file": value, "app": {"port": value}, "applications": {"web": web}}
    note = Note(kind="does not hold", about="db\n", what="no: {\nstart\x1b", todo="a\r\nb")
    assert read_back(settings, note) == expected
    assert not HARMFUL.search(render(settings, [note]))


def test_a_comment_stands_behind_its_value_or_above_it() -> None:
    short = Setting(key=("app", "port"), value=80, evidence="a.yml:1", mark="guess")
    long = Setting(key=("app", "user"), value="www", evidence="why " * 40)
    lines = render([short, long], []).splitlines()
    assert "  port: 80 # guess: a.yml:1" in lines
    at = lines.index("  user: www")
    assert lines[at - 1].startswith("  # why") and all(len(each) <= WIDTH for each in lines)


def test_each_section_is_written_once(adopted: Adopt) -> None:
    lines = adopted(compose("  web: {image: 'x:${T:-1}', ports: ['1:8']}\n")).text.splitlines()
    tops = [line for line in lines if line and line[0] not in " #"]
    assert [line.partition(":")[0] for line in tops] == ["compose_file", "services", "app"]


HOSTILE = "\x1b]0;title\x07\u202e"


def test_hostile_names_and_texts_are_harmless(adopted: Adopt) -> None:
    files = compose(
        """\
  web: {build: ., ports: ["80:80"], environment: {HEALTH_PATH: "/a\\e[2J", ROLE: "\\e[2Jworker"}}
  nginx: {image: nginx, ports: ["81:80"], volumes: ["./conf:/etc/nginx/conf.d"]}
""",
        Dockerfile="FROM x\nCOPY . /srv\n",
        **{
            f"conf/{HOSTILE}.conf": "location / { proxy_pass http://web:80; }",
            f"{HOSTILE}.py": "'/health'",
            "huge.py": "x" * (1 << 19) + "'/up'",
            "binary.py": "\0'/ping'",
            "deep.py": "(" * 100_000,
        },
    )
    adoption = adopted(files)
    assert not HARMFUL.search(adoption.text)
    assert values(adoption)["app.health_path"] == "/health"
    assert "\\x1b]0;title\\x07\\u202e.py:1" in evidence(adoption, "app.health_path")


def test_a_configuration_with_deep_blocks_is_searched_instead(adopted: Adopt) -> None:
    conf = "a {" * 50_000 + "proxy_pass http://web:8000;"
    files = compose(
        """\
  web: {image: "shop:${T:-1}"}
  nginx: {image: nginx, ports: ["80:80"], volumes: ["./deep.conf:/etc/nginx/nginx.conf"]}
""",
        **{"deep.conf": conf},
    )
    assert values(adopted(files))["app.port"] == 8000
