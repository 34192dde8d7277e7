"""What a command shows before it asks: the operator has to know it to answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy import workspace
from cosmicdeploy.database.backups.catalogue import Catalogue
from tests.unit.database.backups.entries import good
from tests.unit.journal.journal_writer import Writer
from tests.unit.shop import BACKUPS, COMPOSE, SETTINGS, EmptyEngine, call

BACKUP = "20260301-120000-aaaa"
ASKS = "This needs a confirmation"


@pytest.fixture
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack with a load balancer, which has no file for maintenance, and one backup."""
    monkeypatch.setattr(workspace, "connect", EmptyEngine)
    (folder / "compose.yml").write_text(f"{COMPOSE}  lb: {{image: nginx}}\n")
    settings = SETTINGS.replace("database: db}", "database: db, proxy: lb}")
    (folder / "cosmicdeploy.yaml").write_text(settings)
    good(Catalogue(folder / BACKUPS), BACKUP, database="shop")
    return folder


@pytest.mark.parametrize("mode", [(), ("--migration",)])
def test_a_rollback_says_how_clients_are_kept_out_before_it_asks(
    shop: Path, mode: tuple[str, ...]
) -> None:
    asked = call("rollback", "--to", BACKUP, *mode)
    assert asked.exit_code == 2 and ASKS in asked.stderr, asked.stderr
    assert "clients cannot connect: lb is stopped" in asked.stdout
    assert "which is not measured yet" in asked.stdout, "for about how long"


def test_a_rollback_of_the_code_keeps_no_client_out(shop: Path) -> None:
    asked = call("rollback", "--to", BACKUP, "--code-only")
    assert asked.exit_code == 2 and ASKS in asked.stderr, asked.stderr
    assert "clients" not in asked.stdout


def test_an_acceptance_shows_what_it_accepts_before_it_asks(shop: Path) -> None:
    Writer(shop / ".cosmicdeploy" / "journal.jsonl").run("r1", "deploy")
    asked = call("deploy", "--abort", "--accept")
    assert asked.exit_code == 2 and ASKS in asked.stderr, asked.stderr
    rows = {line.split()[0] for line in asked.stdout.splitlines() if "no container" in line}
    assert rows == {"db", "lb", "web"}
    assert "interrupted: `cosmicdeploy deploy` of release 2" in asked.stdout
