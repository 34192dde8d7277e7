"""A stack whose migrations a framework of Python runs: an application and MariaDB."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from tests.stack.frameworks.packages import installed
from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image

ROOT_PASSWORD = "a-word-of-root"
DATABASE = yaml.safe_load(f"""\
restart: unless-stopped
environment:
  MARIADB_ROOT_PASSWORD: {ROOT_PASSWORD}
  MARIADB_DATABASE: shop
  MARIADB_USER: shop
  MARIADB_PASSWORD: a-word-of-shop
volumes: ["data:/var/lib/mysql"]
healthcheck:
  test: [CMD, healthcheck.sh, --connect, --innodb_initialized]
  interval: 2s
  timeout: 5s
  retries: 20
  start_period: 30s
""")


@dataclass(frozen=True)
class Migrating(OneApp):
    """`first` is the name of the first migration; `add` writes the one after it.

    `program` is what the framework's commands begin with in the image.
    """

    framework: ClassVar[str]
    program: ClassVar[tuple[str, ...]]
    requirements: ClassVar[tuple[str, ...]]
    first: ClassVar[str]

    def add(self, *statements: str, down: str) -> str:
        """Write a migration with these statements, and one that undoes them; return its name."""
        raise NotImplementedError

    def remove(self) -> None:
        """Remove the migration that `add` has written."""
        raise NotImplementedError

    def write(self, release: str = "1") -> None:
        packages = installed(self.framework, *self.requirements)
        if not (self.folder / "packages").exists():
            shutil.copytree(packages, self.folder / "packages")
        super().write(release)

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        files["Dockerfile"] = files["Dockerfile"].replace(
            "ARG RELEASE\n", "COPY packages /packages\nENV PYTHONPATH=/packages\nARG RELEASE\n"
        )
        files["Dockerfile"] += "WORKDIR /srv\nCOPY srv /srv\n"
        settings = SETTINGS.replace("{app: [app]}", "{app: [app], database: db}")
        settings = settings.replace("healthy_within: 3", "healthy_within: 20")
        migrate = {"framework": self.framework, "program": list(self.program)}
        sections = {"database": {"name": "shop"}, "migrate": migrate}
        files["cosmicdeploy.yaml"] = settings + yaml.safe_dump(sections)
        files[".env"] += f"DB_ROOT_PASSWORD={ROOT_PASSWORD}\n"
        return files

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        compose["services"]["app"] |= {
            "restart": "unless-stopped",
            "depends_on": {"db": {"condition": "service_healthy"}},
        }
        compose["services"]["db"] = {**DATABASE, "image": base_image("MARIADB_IMAGE")}
        return compose | {"volumes": {"data": {}}}

    def applied(self) -> list[str]:
        """Return the migrations in the framework's table."""
        with self.database() as facts:
            return list(facts.applied_migrations())

    def columns(self) -> tuple[str, ...]:
        """Return the columns of the application's table."""
        with self.database() as facts:
            return facts.columns("articles")
