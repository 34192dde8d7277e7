"""Stacks whose service `migrate` runs to its end for each release; they have no console."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import yaml

from tests.stack.stacks.databases import run
from tests.stack.stacks.one_app import SETTINGS, OneApp, base_image

ROOT_PASSWORD = "a-word-of-root"
PACKAGE = Path(pymysql.__file__).parent
# Healthy while the schema is new enough; `app.py migrate` brings it to the release's number.
APP = """\
import os, sys

import pymysql
import server

NEEDS = int(server.RELEASE.split("-")[0])
MIGRATIONS = {
    1: "CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50))",
    2: "ALTER TABLE notes ADD COLUMN colour VARCHAR(20) NULL",
    3: "ALTER TABLE notes ADD COLUMN size INT NULL",
}


def query(sql):
    names = {"host": "DB_HOST", "user": "DB_USER", "password": "DB_PASSWORD", "database": "DB_NAME"}
    options = {key: os.environ[name] for key, name in names.items()}
    with pymysql.connect(**options, autocommit=True, connect_timeout=5) as connection:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


def version():
    return query("SELECT COALESCE(MAX(version), 0) FROM schema_version")[0][0]


def migrate():
    query("CREATE TABLE IF NOT EXISTS schema_version (version INT PRIMARY KEY)")
    for number in range(version() + 1, NEEDS + 1):
        query(MIGRATIONS[number])
        query(f"INSERT INTO schema_version VALUES ({number})")


class Handler(server.Handler):
    def is_ill(self):
        try:
            return super().is_ill() or version() < NEEDS
        except pymysql.MySQLError as error:
            print(error, flush=True)
            return True


if sys.argv[1:] == ["migrate"]:
    migrate()
else:
    server.serve(Handler)
"""
COMPOSE = f"""\
x-app: &app
  image: ${{COMPOSE_PROJECT_NAME}}-app
  build: {{context: ., args: {{RELEASE: "${{RELEASE:-1}}"}}}}
  environment: {{DB_HOST: db, DB_NAME: notes, DB_USER: notes, DB_PASSWORD: a-word-of-notes}}

services:
  migrate:
    <<: *app
    command: [python3, /app.py, migrate]
    restart: "no"
    depends_on:
      db: {{condition: service_healthy}}
  app:
    <<: *app
    restart: unless-stopped
    depends_on:
      migrate: {{condition: service_completed_successfully}}
      db: {{condition: service_healthy}}
  db:
    restart: unless-stopped
    environment:
      MARIADB_ROOT_PASSWORD: {ROOT_PASSWORD}
      MARIADB_DATABASE: notes
      MARIADB_USER: notes
      MARIADB_PASSWORD: a-word-of-notes
    volumes: ["data:/var/lib/mysql"]
    healthcheck:
      test: [CMD, healthcheck.sh, --connect, --innodb_initialized]
      interval: 2s
      timeout: 5s
      retries: 20
      start_period: 30s
volumes: {{data: {{}}}}
"""


@dataclass(frozen=True)
class OneShot(OneApp):
    """`migrate` and `app` share an image; passwords stand in the compose file."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        package = PACKAGE.rglob("*.py")
        files |= {f"pymysql/{each.relative_to(PACKAGE)}": each.read_text() for each in package}
        files["app.py"] = APP
        files["Dockerfile"] = files["Dockerfile"].replace(
            'COPY server.py /\nCMD ["python3", "/server.py"]',
            'COPY server.py app.py /\nCOPY pymysql /pymysql\nCMD ["python3", "/app.py"]',
        )
        settings = SETTINGS.replace("{app: [app]}", "{app: [app], database: db}")
        settings = settings.replace("healthy_within: 3", "healthy_within: 20")
        files["cosmicdeploy.yaml"] = settings + "database: {name: notes}\n"
        files[".env"] += f"DB_ROOT_PASSWORD={ROOT_PASSWORD}\n"
        return files

    def compose_file(self) -> dict[str, Any]:
        compose: dict[str, Any] = yaml.safe_load(COMPOSE)
        services = compose["services"]
        services["app"]["ports"] = super().compose_file()["services"]["app"]["ports"]
        services["db"]["image"] = base_image("MARIADB_IMAGE")
        return compose

    def require(self) -> None:
        """Assert that the schema is that of the release."""
        sql = "SELECT MAX(version) FROM schema_version"
        [[version]] = run(self.open().database(), sql, schema="notes")
        assert str(version) == self.answering_release()


@dataclass(frozen=True)
class NamedOneShot(OneShot):
    """No service waits for the end of `migrate`: only the settings say that it ends."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        settings = files["cosmicdeploy.yaml"]
        named = settings.replace("database: db}", "database: db, one_shot: [migrate]}")
        return files | {"cosmicdeploy.yaml": named}

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        del compose["services"]["app"]["depends_on"]["migrate"]
        return compose
