"""Run commands against the files of a small stack, without an engine."""

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


class EmptyEngine:
    """The engine of a stack that has no containers; every other method returns `None`."""

    def containers(self, *_: object) -> list[Container]:
        return []

    def __getattr__(self, _name: str) -> object:
        return lambda *_: None


def call(*words: str) -> Result:
    """Run a cosmicdeploy command in this process, which is quicker than a subprocess."""
    return CliRunner().invoke(app, words)


def write_stack_files(folder: Path) -> None:
    """Write the compose file and the settings of the stack."""
    (folder / "compose.yml").write_text(COMPOSE)
    (folder / "cosmicdeploy.yaml").write_text(SETTINGS)
