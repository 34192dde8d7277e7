"""Parsing Dockerfiles, and refusing what the classic builder would ignore."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosmicdeploy.engine.building.builders.classic import ClassicBuilder
from cosmicdeploy.engine.building.dockerfile.parse import parse_dockerfile
from cosmicdeploy.engine.building.recipe import Recipe
from cosmicdeploy.errors import ConfigError, Refused
from tests.unit.engine.building.recipes import recipe

pytestmark = pytest.mark.unit

DATA = Path(__file__).parent / "data"
BLOCK = re.compile(r"^=== ?(.*)\n((?:(?!===).*\n)*)", re.MULTILINE)


def blocks(name: str) -> list[tuple[str, str]]:
    """Return the heading and the text of each Dockerfile in a data file."""
    found = [(m[1], m[2]) for m in BLOCK.finditer((DATA / name).read_text(encoding="utf-8"))]
    assert len(found) > 5
    return [(heading, text.replace("␍", "\r").replace("⇥", "\t")) for heading, text in found]


def shown(text: str) -> str:
    """Return each instruction as `line KEYWORD flags <heredocs`."""
    parts = [
        " ".join([f"{i.line} {i.keyword}", *i.flags, *(f"<{name}" for name in i.heredocs)])
        for i in parse_dockerfile(text).instructions
    ]
    return "; ".join(parts)


@pytest.mark.parametrize(("heading", "text"), blocks("dockerfiles-read.txt"))
def test_instructions_are_parsed_as_by_the_official_parser(heading: str, text: str) -> None:
    assert shown(text) == heading


def require_buildable(classic: Recipe) -> None:
    ClassicBuilder(None).require_buildable(classic)  # type: ignore[arg-type] - it asks nothing


@pytest.mark.parametrize(("heading", "text"), blocks("dockerfiles-refused.txt"))
def test_what_the_builder_would_ignore_is_refused_with_its_line(
    tmp_path: Path, heading: str, text: str
) -> None:
    line, _, what = heading.partition(" ")
    with pytest.raises(Refused) as caught:
        require_buildable(recipe(tmp_path, text, classic=True))
    assert caught.value.where == f"{tmp_path / 'Dockerfile'}:{line}"
    assert what in caught.value.what
    assert caught.value.todo
    assert not caught.value.details


@pytest.mark.parametrize(("heading", "text"), blocks("dockerfiles-built.txt"))
def test_what_the_builder_supports_is_accepted(tmp_path: Path, heading: str, text: str) -> None:
    words = dict(word.partition("=")[::2] for word in heading.split())
    target = words.pop("target", None)
    require_buildable(recipe(tmp_path, text, classic=True, target=target, args=words))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    text = "# syntax=x\nFROM a\nRUN --mount=type=cache,target=/x --network=none <<EOF\nls\nEOF\n"
    with pytest.raises(Refused) as caught:
        require_buildable(recipe(tmp_path, text, classic=True, args={"BUILDKIT_SYNTAX": "x"}))
    assert "'# syntax=' is ignored" in caught.value.what
    details = "\n".join(caught.value.details)
    for word in ("BUILDKIT_SYNTAX", "document EOF", "--mount", "--network"):
        assert word in details


def test_an_ignore_file_of_the_dockerfile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile.dockerignore").write_text("secret\n")
    with pytest.raises(Refused, match=r"Dockerfile\.dockerignore is ignored") as caught:
        require_buildable(recipe(tmp_path, "FROM a\n", classic=True))
    assert caught.value.where == str(tmp_path / "Dockerfile.dockerignore")


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM a\n", ["a"]),
        ("from a:1 as x\nFROM x\nFROM scratch\n", ["a:1"]),
        ("ARG I=a\nFROM $I\n", ["a"]),
        ('ARG I="a:1"\nFROM ${I}-slim\n', ["a:1-slim"]),
        ("FROM ${I:-a:3.11}\n", ["a:3.11"]),
        ("ARG I=a G=b\nFROM ${G}\n", ["given"]),
        ("ARG I=a\nARG J=${I}:2\nFROM ${J}\n", ["a:2"]),
        ("FROM a\nARG I=late\nFROM b${I}\n", ["a", "b"]),
        ("FROM --platform=linux/amd64 a AS x\n", ["a"]),
        ("FROM \\\n  # which\n  a\n", ["a"]),
        ("# FROM x\nFROM a\nRUN echo \\\nFROM b\n", ["a"]),
        ("FROM a AS one\nFROM b\nCOPY --from=ONE /x /\nCOPY --from=0 /x /\n", ["a", "b"]),
        ("FROM a\nCOPY --from=tool:1 --chown=1 /x /\n", ["a", "tool:1"]),
        ("FROM a\nONBUILD COPY --from=tool /x /\n", ["a"]),
    ],
)
def test_the_base_images_of_a_build_are_found(tmp_path: Path, text: str, images: list[str]) -> None:
    assert recipe(tmp_path, text, classic=True, args={"G": "given"}).bases.all == images


@pytest.mark.parametrize(
    ("text", "target", "images"),
    [
        ("FROM a AS x\nFROM unused AS y\nFROM b\nCOPY --from=X /x /\n", None, ["a", "b"]),
        ("FROM a AS x\nFROM x AS y\nFROM b\n", "Y", ["a"]),
        ("FROM a\nRUN --mount=type=bind,from=tool:1,target=/t ls\n", None, ["a", "tool:1"]),
        ("FROM a\nRUN --mount=from=0,target=/t ls\nFROM b\n", None, ["b"]),
        ("FROM a-${TARGETARCH} AS x\n", None, ["a-amd64"]),
        ("FROM i AS base-amd64\nFROM j AS base-arm64\nFROM base-${TARGETARCH}\n", None, ["i"]),
        ('ARG T="1"\nARG I\nFROM ${I:-a:${T}}\n', None, ["a:1"]),
        ("FROM named\nCOPY --from=other /x /\n", None, []),
        ("FROM a\nCOPY --from=a /x /\n", None, ["a"]),
    ],
)
def test_buildkit_uses_the_images_of_the_needed_stages(
    tmp_path: Path, text: str, target: str | None, images: list[str]
) -> None:
    contexts = {"named": "/x", "other": "/y"}
    built = recipe(tmp_path, text, target=target, additional_contexts=contexts)
    assert built.bases.all == images


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no stage 'prod'") as caught:
        recipe(tmp_path, "FROM a AS dev\n", target="prod")
    assert "dev" in caught.value.todo


def test_a_stage_without_a_base_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="FROM names no image") as caught:
        recipe(tmp_path, "ARG I\n\nFROM ${I}\n")
    assert caught.value.where == f"{tmp_path}/Dockerfile:3"


def test_triggers_of_a_base_image_are_checked(tmp_path: Path) -> None:
    args = {"TARGETARCH": "amd64"}
    fine = ("COPY . /x", "ARG TARGETARCH", "RUN ls")
    require_buildable(recipe(tmp_path, "FROM a\n", classic=True, args=args, triggers=fine))
    triggers = ("RUN <<EOF\nls\nEOF", "COPY --link . /x")
    with pytest.raises(Refused, match="document EOF of RUN") as caught:
        require_buildable(recipe(tmp_path, "FROM a\n", classic=True, triggers=triggers))
    assert caught.value.where == "ONBUILD of a"
    assert "COPY --link" in caught.value.details[0]
