"""The command line on the files of a small stack, without an engine."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from cosmicdeploy.cli.app import app
from cosmicdeploy.engine import Container

COMPOSE = "services:\n  web: {image: shop/web}\n  db: {image: mariadb}\n"
SETTINGS = (
    "compose_file: compose.yml\n"
    "services: {app: [web], database: db}\n"
    "app: {console: [php, artisan]}\n"
    "database: {name: shop}\n"
)
BACKUPS = Path("data-kiosk/backups")


class IdleEngine:
    """The engine of a stack that does not run."""

    def containers(self, _project: str) -> list[Container]:
        return []

    def __getattr__(self, _name: str) -> object:
        return lambda *_: None


def call(*words: str) -> Result:
    """The command in this process: quicker than in one of its own."""
    return CliRunner().invoke(app, words)


def lay_out(folder: Path) -> None:
    """The files of the stack."""
    (folder / "compose.yml").write_text(COMPOSE)
    (folder / "cosmicdeploy.yaml").write_text(SETTINGS)
