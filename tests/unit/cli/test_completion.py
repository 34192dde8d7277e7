"""Completion: what a shell gets when it asks through environment variables."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cosmicdeploy.cli.app import app
from cosmicdeploy.database.backups.catalogue import Catalogue
from tests.unit.database.backups.entries import good
from tests.unit.journal.history.recorded import Recorded

pytestmark = pytest.mark.unit

COMPOSE = "services:\n  web: {image: shop/web}\n  mail: {image: mail}\n  db: {image: mariadb}\n"
SETTINGS = """
compose_file: compose.yml
services: {app: [web], database: db}
app: {console: [php, artisan]}
database: {name: shop}
features: {banner: {file: flags/banner.off}, basket: {file: flags/basket.off}}
"""
PLAYBOOK = "steps:\n  - kind: health\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # No engine answers, so that names which need one would be missing.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (tmp_path / "compose.yml").write_text(COMPOSE)
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS)
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "mine.yaml").write_text(PLAYBOOK)
    good(Catalogue(tmp_path / "data-kiosk" / "backups"), "20260301-120000-aaaa", database="shop")
    good(Catalogue(tmp_path / "data-kiosk" / "backups"), "20260302-120000-aaaa")
    Recorded(tmp_path / ".cosmicdeploy").success("aaaa1111").killed("bbbb2222")
    return tmp_path


def offered(line: str) -> list[str]:
    """Return what bash offers for the last word of a line."""
    environment = {
        "_COSMICDEPLOY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    done = CliRunner().invoke(app, env=environment, prog_name="cosmicdeploy")
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cosmicdeploy playb", ["playbook"]),
        ("cosmicdeploy restart ma", ["mail"]),
        ("cosmicdeploy logs da", ["database"]),
        ("cosmicdeploy deploy --include d", ["db"]),
        ("cosmicdeploy deploy --include m", []),
        ("cosmicdeploy exec we", ["web"]),
        ("cosmicdeploy features disable ba", ["banner", "basket"]),
        ("cosmicdeploy rollback --to 2026", ["20260301-120000-aaaa"]),
        ("cosmicdeploy backup show l", ["latest"]),
        ("cosmicdeploy playbook run mi", ["mine"]),
        ("cosmicdeploy step mig", ["migrate"]),
        ("cosmicdeploy step qui", []),
        ("cosmicdeploy diagnose sch", ["scheduler"]),
        ("cosmicdeploy monitor --only fl", ["flapping"]),
        ("cosmicdeploy verify --only hea", ["health", "heartbeat"]),
        ("cosmicdeploy history show aa", ["aaaa1111"]),
        ("cosmicdeploy report l", ["latest"]),
        ("cosmicdeploy history --outcome un", ["unchanged", "unfinished"]),
    ],
)
def test_commands_and_names_of_the_stack_are_offered(
    folder: Path, line: str, expected: list[str]
) -> None:
    assert offered(line) == expected


def test_the_configuration_named_on_the_command_line_is_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert offered("cosmicdeploy features enable ba") == []
    words = f"cosmicdeploy features enable --config {folder}/cosmicdeploy.yaml ban"
    assert offered(words) == ["banner"]


def test_with_unreadable_settings_nothing_is_offered(folder: Path) -> None:
    (folder / "cosmicdeploy.yaml").write_text("services: [\n")
    assert offered("cosmicdeploy restart w") == offered("cosmicdeploy rollback --to 2") == []


def test_each_shell_gets_its_completion_script() -> None:
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-m", "cosmicdeploy"],
            env={**os.environ, "_COSMICDEPLOY_COMPLETE": f"source_{shell}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert f"_COSMICDEPLOY_COMPLETE=complete_{shell}" in done.stdout
