"""Parsing Dockerfiles, and refusing what the classic builder would ignore."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosmicdeploy.engine.building.base_images import base_images
from cosmicdeploy.engine.building.build_context import read_buildable_dockerfile
from cosmicdeploy.engine.building.classic_builder import refuse_triggers
from cosmicdeploy.engine.building.dockerfile import parse_dockerfile
from cosmicdeploy.errors import Refused
from cosmicdeploy.stack.model import Build

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


def build_of(folder: Path, text: str, target: str = "", **args: str) -> Build:
    (folder / "Dockerfile").write_bytes(text.encode())
    return Build(context=folder, dockerfile="Dockerfile", args=args, target=target or None)


@pytest.mark.parametrize(("heading", "text"), blocks("dockerfiles-refused.txt"))
def test_what_the_builder_would_ignore_is_refused_with_its_line(
    tmp_path: Path, heading: str, text: str
) -> None:
    line, _, what = heading.partition(" ")
    with pytest.raises(Refused) as caught:
        read_buildable_dockerfile(build_of(tmp_path, text))
    assert caught.value.where == f"{tmp_path / 'Dockerfile'}:{line}"
    assert what in caught.value.what
    assert caught.value.todo
    assert not caught.value.details


@pytest.mark.parametrize(("heading", "text"), blocks("dockerfiles-built.txt"))
def test_what_the_builder_supports_is_accepted(tmp_path: Path, heading: str, text: str) -> None:
    words = dict(word.partition("=")[::2] for word in heading.split())
    target = words.pop("target", "")
    assert read_buildable_dockerfile(build_of(tmp_path, text, target, **words)).instructions


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    text = "# syntax=x\nFROM a\nRUN --mount=type=cache,target=/x --network=none <<EOF\nls\nEOF\n"
    with pytest.raises(Refused) as caught:
        read_buildable_dockerfile(build_of(tmp_path, text, BUILDKIT_SYNTAX="x"))
    assert "'# syntax=' is ignored" in caught.value.what
    details = "\n".join(caught.value.details)
    for word in ("BUILDKIT_SYNTAX", "document EOF", "--mount", "--network"):
        assert word in details


def test_an_ignore_file_of_the_dockerfile_is_refused(tmp_path: Path) -> None:
    build = build_of(tmp_path, "FROM a\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("secret\n")
    with pytest.raises(Refused, match=r"Dockerfile\.dockerignore is ignored") as caught:
        read_buildable_dockerfile(build)
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
def test_the_base_images_of_a_build_are_found(text: str, images: list[str]) -> None:
    assert base_images(parse_dockerfile(text), {"G": "given"}, "Dockerfile").all == images


def test_a_stage_without_a_base_image_is_refused() -> None:
    with pytest.raises(Refused, match="FROM names no image") as caught:
        base_images(parse_dockerfile("ARG I\n\nFROM ${I}\n"), {}, "Dockerfile")
    assert caught.value.where == "Dockerfile:3"


def test_triggers_of_a_base_image_are_checked(tmp_path: Path) -> None:
    build = build_of(tmp_path, "FROM a\n", TARGETARCH="amd64")
    refuse_triggers(build, "a", ["COPY . /x", "ARG TARGETARCH", "RUN ls"])
    with pytest.raises(Refused, match="document EOF of RUN") as caught:
        refuse_triggers(build, "a", ["COPY --link . /x", "RUN <<EOF\nls\nEOF"][::-1])
    assert caught.value.where == "ONBUILD of a"
    assert "COPY --link" in caught.value.details[0]
