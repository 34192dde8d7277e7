"""Files that cannot be read, or should not be: said if they matter, harmless in any case."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cosmicdeploy.adoption.reading.texts.source_files import below
from cosmicdeploy.adoption.reading.texts.text_file import TextFile
from tests.unit.adoption.conftest import Adopt, compose, values

pytestmark = pytest.mark.unit

PROXIED = """\
  web: {image: "shop:${T:-1}"}
  nginx: {image: nginx, ports: ["80:80"], volumes: ["./conf:/etc/nginx/conf.d"]}
"""
PASS = "server { location / { proxy_pass http://web:8000; } }"


def test_a_file_that_claims_to_have_no_size_is_not_read() -> None:
    assert TextFile("a.conf", Path("/proc/self/status"), "a.conf").text == ""


def test_a_link_out_of_a_mounted_folder_is_not_followed(adopted: Adopt, folder: Path) -> None:
    (folder / "conf").mkdir()
    (folder.parent / "other.conf").write_text(PASS)
    (folder / "conf" / "a.conf").symlink_to(folder.parent / "other.conf")
    assert "app.port" not in values(adopted(compose(PROXIED)))
    (folder / "conf" / "available").write_text(PASS)
    (folder / "conf" / "b.conf").symlink_to("available")
    assert values(adopted(compose(PROXIED)))["app.port"] == 8000


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (PASS.encode() + b"# \xe9t\xe9", "it is not UTF-8"),
        (PASS.encode() + b"#" * (256 << 10), "it is larger than 256 KiB"),
    ],
)
def test_configuration_that_cannot_be_read_is_said(
    adopted: Adopt, folder: Path, content: bytes, problem: str
) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "a.conf").write_bytes(content)
    [note] = [each for each in adopted(compose(PROXIED)).notes if each.about == "nginx"]
    assert (note.kind, note.what) == ("not read", f"conf/a.conf: {problem}")


def test_configuration_that_is_missing_is_said(adopted: Adopt) -> None:
    [note] = [each for each in adopted(compose(PROXIED)).notes if each.about == "nginx"]
    assert note.what == "conf: No such file or directory"


def test_binary_files_beside_configuration_are_not_worth_a_note(
    adopted: Adopt, folder: Path
) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "zone").write_bytes(b"TZif\0")
    assert not [each for each in adopted(compose(PROXIED)).notes if each.about == "nginx"]


def test_a_folder_of_folders_is_left_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosmicdeploy.adoption.reading.texts.source_files.MAX_FILES", 10)
    for number in range(20):
        (tmp_path / f"{number:02}").mkdir()
    (tmp_path / "19" / "a.conf").touch()
    assert list(below(tmp_path)) == []


def test_sources_that_are_left_out_are_said(
    adopted: Adopt, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.adoption.reading.texts.source_files.MAX_FILES", 3)
    files = compose("  web: {build: ., ports: ['80:80']}\n", Dockerfile="FROM x\nCOPY . /srv\n")
    more = {f"{number}.txt": "" for number in range(9)}
    [note] = [e for e in adopted(files | more).notes if e.about == "web" and e.kind == "not read"]
    assert note.what.startswith("its sources, except")


def test_files_of_a_mounted_folder_that_are_left_out_are_said(
    adopted: Adopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmicdeploy.adoption.reading.texts.source_files.MAX_FILES", 3)
    files = compose("  web: {image: 'x:1', ports: ['80:80'], volumes: ['./code:/srv']}\n")
    more = {f"code/{number}.txt": "" for number in range(9)}
    notes = [e for e in adopted(files | more).notes if e.about == "web" and e.kind == "not read"]
    assert any(note.what.startswith("its sources, except") for note in notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.py", "get" + " " * 200_000),
        ("pool.conf", "[www]\n" + "\n" * 200_000),
        ("app.js", "/a" * 120_000),
    ],
)
def test_texts_that_repeat_themselves_take_no_time(adopted: Adopt, name: str, text: str) -> None:
    files = compose(
        "  web: {build: ., ports: ['80:80'], command: php artisan serve}\n",
        Dockerfile="FROM x\nCOPY . /srv\n",
    )
    began = time.monotonic()
    adopted(files | {name: text})
    assert time.monotonic() - began < 5


def test_a_long_command_takes_no_time(adopted: Adopt) -> None:
    text = f"  web: {{image: x, ports: ['80:80']}}\n  job: {{image: x, command: {'a-' * 40_000}}}\n"
    began = time.monotonic()
    adopted(compose(text))
    assert time.monotonic() - began < 5
