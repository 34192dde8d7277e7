"""Which files of the context a build can read: only these are a reason to build again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.building.files_read import files_read
from cosmicdeploy.errors import ConfigError
from tests.unit.engine.building.recipes import recipe

pytestmark = pytest.mark.unit

FILES = ("app/main.py", "app/lib/a.py", "api.py", "web.py", "x.y/z", ".env", "Dockerfile")


def names(folder: Path, text: str, **options: Any) -> set[str]:
    """Return the names of the files that a build from this Dockerfile can read."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return {file.name for file in files_read(recipe(folder, text, **options)) if file.is_regular}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("FROM a\nCOPY api.py /srv/app.py\n", {"api.py"}),
        ("FROM a\nCOPY ./app /srv\n", {"app/main.py", "app/lib/a.py"}),
        ("FROM a\nCOPY /app/lib/ ../web.py /srv/\n", {"app/lib/a.py", "web.py"}),
        ('FROM a\nADD ["api.py", "/srv"]\n', {"api.py"}),
        ("FROM a\nCOPY app/l* /srv/\n", {"app/main.py", "app/lib/a.py"}),
        ("FROM a\nADD https://x.example/a.tar git@x.example:a /srv/\n", set()),
        ("FROM a\nCOPY <<EOF /srv/x\n.env\nEOF\n", set()),
        ("FROM a\nRUN make\n", set()),
        ("FROM a\nRUN --mount=type=bind,source=app/lib,target=/x make\n", {"app/lib/a.py"}),
        ("FROM a\nRUN --mount=type=cache,target=/x make\n", set()),
        ("# syntax=docker/dockerfile:1\nFROM a\nCOPY api.py /\n", {"api.py"}),
        ("FROM a AS b\nCOPY api.py /\nFROM a\nCOPY --from=b /api.py /\n", {"api.py"}),
        ("FROM a AS b\nCOPY api.py /\nFROM a AS c\nCOPY web.py /\n", {"web.py"}),
        ("FROM a AS b\nONBUILD COPY api.py /\nFROM b\n", {"api.py"}),
    ],
)
def test_only_what_is_copied_or_mounted_is_read(tmp_path: Path, text: str, read: set[str]) -> None:
    assert names(tmp_path, text) == read


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nCOPY . /srv\n",
        "FROM a\nCOPY / /srv\n",
        "FROM a\nCOPY *.py /srv/\n",
        "FROM a\nARG NAME\nCOPY $NAME.py /srv\n",
        "FROM a\nRUN --mount=target=/src make\n",
        "# syntax=example/frontend\nFROM a\nCOPY api.py /\n",
    ],
)
def test_all_is_read_where_it_cannot_be_told(tmp_path: Path, text: str) -> None:
    assert names(tmp_path, text) == set(FILES)


def test_a_frontend_of_a_build_argument_counts_before_the_dockerfile_s(tmp_path: Path) -> None:
    text = "# syntax={}\nFROM a\nCOPY api.py /\n"
    foreign = {"BUILDKIT_SYNTAX": "example/frontend:1 --option"}
    assert names(tmp_path, text.format("docker/dockerfile:1"), args=foreign) == set(FILES)
    assert names(tmp_path, "FROM a\nRUN make\n", args=foreign) == set(FILES)
    usual = {"BUILDKIT_SYNTAX": "docker.io/docker/dockerfile@sha256:1"}
    assert names(tmp_path, text.format("example/frontend"), args=usual) == {"api.py"}


def test_a_link_may_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("api.py")
    assert names(tmp_path, "FROM a\nCOPY link /srv\n") == set(FILES)
    assert names(tmp_path, "FROM a\nCOPY web.py /srv\n") == {"web.py"}


def test_what_the_base_image_copies_is_read(tmp_path: Path) -> None:
    assert names(tmp_path, "FROM a\n", triggers=("COPY app /srv",)) == {
        "app/main.py",
        "app/lib/a.py",
    }


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_a_file_that_is_no_recipe_is_refused_by_its_size(tmp_path: Path, name: str) -> None:
    text = "FROM a\nCOPY . /srv\n"
    (tmp_path / ".dockerignore").write_text("#" * (1 << 20) + "\n")
    with pytest.raises(ConfigError, match=f"{name} is larger than 1 MiB"):
        names(tmp_path, text if name != "Dockerfile" else "#" * (1 << 20) + "\n" + text)
