"""The set-up from nothing: what can be told without an engine and without a download."""

from __future__ import annotations

import importlib
import re
import shutil
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = re.compile(r"^([a-z0-9-]+)==\S+ \\\n((?: {4}--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)

pytestmark = pytest.mark.unit


@pytest.fixture
def equivalents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module that builds the images, on a copy of their folder."""
    monkeypatch.syspath_prepend(str(ROOT / "bootstrap"))
    module = importlib.import_module("equivalents")
    folder = shutil.copytree(ROOT / "bootstrap" / "images", tmp_path / "images")
    monkeypatch.setattr(module, "FOLDER", folder)
    return module


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def test_lock_pins_every_dependency_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        canonical(requirement)
        for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]
    }
    assert wanted <= {name for name, _ in PINS.findall(LOCK)}


def test_lock_has_nothing_but_pins_with_hashes_and_comments() -> None:
    rest = PINS.sub("", LOCK)
    assert all(line.lstrip().startswith("#") for line in rest.splitlines() if line)


def test_lock_names_no_index_and_no_path_of_a_machine() -> None:
    assert not re.search(r"://|--(?:extra-)?index|--find-links|(?:^|\s)/", LOCK)


def test_lock_holds_for_the_oldest_python() -> None:
    # redis wants it there only, so that a lock made on a newer Python would miss it.
    assert "async-timeout" in {name for name, _ in PINS.findall(LOCK)}


def test_digest_is_stable(equivalents: ModuleType) -> None:
    assert equivalents.digest("redis", "base") == equivalents.digest("redis", "base")


@pytest.mark.parametrize("change", ["content", "mode", "new file", "base"])
def test_digest_follows_what_goes_into_an_image(equivalents: ModuleType, change: str) -> None:
    before = equivalents.digest("redis", "base")
    script = equivalents.FOLDER / "redis" / "docker-entrypoint.sh"
    if change == "content":
        script.write_text("exit 0\n", encoding="utf-8")
    elif change == "mode":
        script.chmod(0o644)
    elif change == "new file":
        (script.parent / "redis.conf").touch()
    after = equivalents.digest("redis", "newer base" if change == "base" else "base")
    assert after != before


def test_every_image_has_a_folder(equivalents: ModuleType) -> None:
    base_images = importlib.import_module("base_images")
    for image in (image for wanted in base_images.SETS.values() for image in wanted.images):
        service = image.equivalent.rpartition("/")[2].partition(":")[0]
        assert (equivalents.FOLDER / service / "Dockerfile").is_file()
