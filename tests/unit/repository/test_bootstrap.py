"""The parts of the set-up that need no engine and no download: the lock file, image digests."""

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
    """Return the normalized name of the required package."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def test_the_lock_pins_every_dependency_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {
        canonical(requirement)
        for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]
    }
    assert required <= {name for name, _ in PINS.findall(LOCK)}


def test_the_lock_has_only_pins_with_hashes_and_comments() -> None:
    rest = PINS.sub("", LOCK)
    assert all(line.lstrip().startswith("#") for line in rest.splitlines() if line)


def test_the_lock_has_no_index_and_no_local_path() -> None:
    assert not re.search(r"://|--(?:extra-)?index|--find-links|(?:^|\s)/", LOCK)


def test_the_lock_is_complete_for_the_oldest_python() -> None:
    # redis needs this package only on the oldest Python: a lock written on a newer one would omit
    # it.
    assert "async-timeout" in {name for name, _ in PINS.findall(LOCK)}


def test_the_digest_is_stable(equivalents: ModuleType) -> None:
    assert equivalents.digest("redis", "base") == equivalents.digest("redis", "base")


@pytest.mark.parametrize("change", ["content", "mode", "new file", "base"])
def test_the_digest_changes_with_each_input_of_an_image(
    equivalents: ModuleType, change: str
) -> None:
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
    for image in (image for each in base_images.SETS.values() for image in each.images):
        service = image.equivalent.rpartition("/")[2].partition(":")[0]
        assert (equivalents.FOLDER / service / "Dockerfile").is_file()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that reads the machine's settings, on a machine with Debian 12."""
    monkeypatch.syspath_prepend(str(ROOT / "bootstrap"))
    module = importlib.import_module("machine")
    facts = {"ID": "debian", "NAME": "Debian GNU/Linux", "VERSION_CODENAME": "bookworm"}
    sources = "deb M bookworm main\ndeb M bookworm-updates main\ndeb S bookworm-security main\n"
    monkeypatch.setattr(module.platform, "freedesktop_os_release", lambda: facts)
    monkeypatch.setattr(module.shutil, "which", lambda name: name)
    monkeypatch.setattr(module, "_output", lambda *_: sources)
    return module


def test_a_release_has_the_sources_that_exist(machine: ModuleType) -> None:
    updated = "deb M trixie main\ndeb M trixie-updates main\ndeb S trixie-security main\n"
    assert machine.apt_sources("trixie") == updated
    assert machine.apt_sources("sid") == "deb M sid main\n"


def test_a_release_of_another_distribution_has_its_own_mirror(machine: ModuleType) -> None:
    assert machine.is_foreign("noble") and not machine.is_foreign("trixie")
    assert machine.apt_sources("noble") == ""
