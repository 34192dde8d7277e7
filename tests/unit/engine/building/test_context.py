"""The files of a build context, and the archive that holds them."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from cosmicdeploy.engine.building.context.archive import packed
from cosmicdeploy.engine.building.context.files import context_files
from cosmicdeploy.engine.building.context.ignore_file import IgnoreRules, read_ignore_rules
from cosmicdeploy.engine.building.context.packing import pack
from cosmicdeploy.errors import ConfigError, EngineError
from tests.unit.engine.building.recipes import recipe

pytestmark = pytest.mark.unit


def rules(folder: Path, *lines: str) -> IgnoreRules:
    file = folder / ".dockerignore"
    file.write_bytes("\n".join(lines).encode())
    return read_ignore_rules(file)


@pytest.mark.parametrize(
    ("lines", "excluded", "included"),
    [
        (["readme.md"], ["readme.md"], ["README.md", "a/readme.md"]),
        ([r"\!bang"], ["!bang"], ["bang"]),
        ([r"a\*b"], ["a*b"], ["axb"]),
        (["a"], ["a", "a/b", "a/b/c"], ["b/a", "ab"]),
        (["/a/", "./b", "c/../d"], ["a/x", "b", "d"], ["c"]),
        (["*.md"], ["x.md"], ["a/x.md"]),
        (["*/*.md"], ["a/x.md"], ["x.md", "a/b/x.md"]),
        (["**/*.md"], ["x.md", "a/x.md", "a/b/x.md"], ["x.mdx"]),
        (["**/x"], ["x", "a/x", "a/x/y"], ["ax"]),
        (["**x"], ["x", "ax", "b/ax"], ["xa"]),
        (["a/**"], ["a/b", "a/b/c"], ["a"]),
        (["a/**/c"], ["a/c", "a/b/c", "a/b/b/c"], ["a/b", "c"]),
        (["**"], ["a", "a/b"], []),
        (["a?c"], ["abc"], ["ac", "a/c"]),
        (["[a-c]", "[^d]d"], ["a", "ed"], ["d", "dd"]),
        (["a.c", "(x)+{1}$"], ["a.c", "(x)+{1}$"], ["abc"]),
        (["*", "!a", "a/b"], ["x", "a/b", "a/b/c"], ["a", "a/c"]),
        (["a", "!a/b"], ["a", "a/c"], ["a/b", "a/b/c"]),
        (["*.md", "! README.md ", "  "], ["x.md"], ["README.md"]),
        (["# x", " # y", "#"], ["# y"], ["# x", "x", "#"]),
        (["\ufeffa", "b\r"], ["a", "b"], []),
        ([".", "..", "../x"], [], ["x", "a"]),
        (["Ä*"], ["Äx"], ["äx"]),
    ],
)
def test_an_ignore_file_is_read_as_by_docker_build(
    tmp_path: Path, lines: list[str], excluded: list[str], included: list[str]
) -> None:
    found = rules(tmp_path, *lines)
    assert [path for path in excluded if not found.excludes(path)] == []
    assert [path for path in included if found.excludes(path)] == []


@pytest.mark.parametrize("line", ["[a", "!", "a\\", "[]", "[z-a]"])
def test_an_invalid_pattern_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(tmp_path, "a", line)
    assert caught.value.where == f"{tmp_path}/.dockerignore:2"


def test_fifos_and_sockets_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        (tmp_path / "dangling").symlink_to("/nowhere")
        (tmp_path / "empty").mkdir()
        names = [file.name for file in context_files(tmp_path, IgnoreRules())]
    assert names == ["dangling", "empty"]


def test_the_folders_of_an_exception_are_included(tmp_path: Path) -> None:
    for name in ("a/b/kept", "a/b/left", "c/left"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [file.name for file in context_files(tmp_path, rules(tmp_path, "*", "!a/b/kept"))]
    assert names == ["a", "a/b", "a/b/kept"]


def test_the_facts_of_a_file_do_not_depend_on_its_times(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    (tmp_path / "link").symlink_to("a")

    def facts() -> list[str]:
        return [each.facts() for each in context_files(tmp_path, IgnoreRules())]

    before = facts()
    os.utime(file, (1, 1))
    assert facts() == before
    file.chmod(0o700)
    assert facts() != before
    file.chmod(0o644)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("./a")
    assert facts() != before


def archive(parts: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(parts)) as file:
        return {info.name: info for info in file}


def test_an_archive_is_in_the_form_that_buildkit_recognizes(tmp_path: Path) -> None:
    long = "d" * 120
    (tmp_path / long).write_text("x")
    (tmp_path / "a").write_bytes(b"y" * 1000)
    (tmp_path / "a").chmod(0o750)
    parts = b"".join(packed(context_files(tmp_path, IgnoreRules()), {}, "second"))
    assert parts[:3] == b"./\0", "the first entry decides whether it is taken for a Dockerfile"
    assert b"PaxHeader" not in parts and b"@PaxHeader" not in parts
    found = archive(parts)
    assert set(found) == {".", "a", long, "second", "second/a", f"second/{long}"}
    assert (found["a"].mode, found["a"].uid, found["a"].gid, found["a"].size) == (0o750, 0, 0, 1000)
    assert found["second/a"].linkname == "a" and found["second/a"].islnk()


def test_a_file_that_grows_while_it_is_packed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    files = context_files(tmp_path, IgnoreRules())
    for text in ("", "xx"):
        (tmp_path / "a").write_text(text)
        with pytest.raises(EngineError, match="changed while it was read"):
            b"".join(packed(files, {}))


@pytest.mark.parametrize(
    ("ignored", "text", "name", "folder"),
    [
        ("", "FROM a\nCOPY . /x\n", "Dockerfile", ""),
        ("Dockerfile", "FROM a\nCOPY x /x\n", ".cosmicdeploy.dockerfile", ""),
        ("Dockerfile", "FROM a\nCOPY . /x\n", ".cosmicdeploy.dockerfile", ".cosmicdeploy.context"),
    ],
)
def test_a_dockerfile_outside_of_the_context_stays_outside(
    tmp_path: Path, ignored: str, text: str, name: str, folder: str
) -> None:
    (tmp_path / ".dockerignore").write_text(ignored)
    packing = pack(recipe(tmp_path, text))
    assert (packing.dockerfile, packing.folder) == (name, folder)
    assert "Dockerfile" not in archive(b"".join(packing.archive())) or not ignored


def test_the_ignore_file_of_the_dockerfile_comes_first(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("x")
    (tmp_path / "Dockerfile.dockerignore").write_text("*\n!app.py\n")
    for name in ("x", "app.py"):
        (tmp_path / name).touch()
    source = recipe(tmp_path, "FROM a\nCOPY . /x\n").source
    assert [file.name for file in source.files] == ["app.py"]
    assert source.name_in_context is None


def test_folders_of_the_deployer_are_never_part_of_a_context(tmp_path: Path) -> None:
    for name in (".cosmicdeploy/journal", "data/backups/1.sql", "var/backups/1.sql", "var/x", "a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    own = (".cosmicdeploy", "data/backups", "var/backups", "../elsewhere")
    names = [file.name for file in context_files(tmp_path, IgnoreRules(), own)]
    assert names == ["a", "var", "var/x"]
