"""Notices name services and containers that a run leaves alone."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.events import Event
from cosmicdeploy.operations.notices import notices, show_notices
from cosmicdeploy.report.console import PlainConsole
from cosmicdeploy.report.model import Report
from cosmicdeploy.report.summary import show
from cosmicdeploy.settings import Probe, Settings, load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.workspace import _require_services
from tests.unit.settings_of import loaded_of, settings_of

pytestmark = pytest.mark.unit

COMPOSE = """\
services:
  app: {image: app, depends_on: {migrate: {condition: service_completed_successfully}}}
  db: {image: mariadb}
  nginx: {build: .}
  migrate: {image: app, command: migrate}
  admin: {build: .}
"""


@pytest.fixture
def opened(ctx: Context, tmp_path: Path) -> Context:
    """A stack in which `migrate` and `admin` are left alone.

    The database's container belongs to another folder; another project has a database as well.
    """
    file = tmp_path / "compose.yml"
    file.write_text(COMPOSE)
    stack = read_stack(file, env_file=tmp_path / ".env", environ={}, project="shop")

    def container(name: str) -> Container | None:
        if "-db-" not in name and "-migrate-" not in name:
            return None
        container_labels = {labels.WORKING_DIR: "/srv/other" if "-db-" in name else str(tmp_path)}
        return Container(
            id=name, name=name, service="", project="shop", image_id="i",
            status="exited", exit_code=3, labels=container_labels,
        )  # fmt: skip

    roles = {"app": ["app"], "database": "db", "proxy": "nginx", "left_alone": ["migrate", "admin"]}
    loaded = loaded_of(settings(roles))
    other = Container(
        id="x", name="staging-db-1", service="db", project="staging", image_id="i", status="running"
    )
    engine: Any = SimpleNamespace(
        container=container, containers_of_folder=lambda _folder, except_project: [other]
    )
    return replace(ctx, stack=stack, loaded=loaded, engine=engine)


def settings(roles: Mapping[str, Any], console: Sequence[str] = ("console",)) -> Settings:
    """Return the settings of a stack whose address is known."""
    database = {"database": {"name": "shop"}} if "database" in roles else {}
    probe = {"url": "http://127.0.0.1:9"}
    return settings_of(roles, app={"console": console}, probe=probe, **database)


def test_an_application_that_no_request_is_sent_to_is_named(opened: Context) -> None:
    """Clients reach the proxy, which publishes no port here."""
    loaded = loaded_of(
        settings_of(
            {"app": ["app", "admin"], "proxy": "nginx"},
            applications={"admin": {"reached_at": False}},
        ),
        file=Path("cosmicdeploy.yaml"),
    )
    found = [each for each in notices(replace(opened, loaded=loaded)) if each.kind == "not probed"]
    assert [each.service for each in found] == ["app", "admin"]
    assert "the address at which clients reach the stack is unknown" in found[0].what
    assert "applications.admin.reached_at is false" in found[1].what
    assert "set `probe.url`, or publish a port" in found[0].todo
    assert "or set `app.reached_at` to a URL" in found[0].todo
    quiet = loaded.settings.model_copy(update={"probe": Probe(rate=0)})
    loaded = loaded_of(quiet, file=Path())
    kinds = {each.kind for each in notices(replace(opened, loaded=loaded))}
    assert "not probed" not in kinds


def test_each_kind_of_notice_says_what_and_what_to_do(opened: Context, events: list[Event]) -> None:
    found = {(notice.kind, notice.service): notice for notice in notices(opened)}
    assert list(found) == [
        ("left alone", "migrate"),
        ("left alone", "admin"),
        ("other folder", "db"),
        ("other project", "db"),
    ]
    migrate, admin, other, project = found.values()
    assert "staging-db-1" in project.what and "`project: staging`" in project.todo
    assert "exited with code 3" in migrate.what
    assert "not waited for by app (service_completed_successfully)" in migrate.what
    assert "not built" in admin.what and "not built" not in migrate.what
    assert "(no container)" in admin.what
    assert admin.todo.endswith("up -d --no-deps --build admin`")
    assert "/srv/other" in other.what and "`project`" in other.todo
    assert show_notices(opened) == list(found.values())
    assert [str(notice) in str(event) for notice, event in zip(found.values(), events, strict=True)]


def test_a_stack_in_which_no_service_is_left_alone_has_no_notice(opened: Context) -> None:
    services = {"app": opened.service("app")}
    small = replace(opened, stack=replace(opened.stack, services=services))
    loaded = loaded_of(settings({"app": ["app"], "database": "app"}))
    engine: Any = SimpleNamespace(
        container=lambda _name: None, containers_of_folder=lambda *_, **__: []
    )
    small = replace(small, engine=engine)
    assert notices(replace(small, loaded=loaded)) == []


@pytest.mark.parametrize("role", ["app: [app, nowhere]", "app: [app], cache: nowhere"])
def test_a_role_for_an_undeclared_service_is_refused(
    opened: Context, tmp_path: Path, role: str
) -> None:
    file = tmp_path / "cosmicdeploy.yaml"
    file.write_text(
        f"services: {{{role}, database: db}}\napp: {{console: [x]}}\ndatabase: {{name: x}}\n"
    )
    with pytest.raises(ConfigError, match="no service 'nowhere'"):
        _require_services(load(file, {}), opened.stack)


def test_a_role_for_a_service_with_inactive_profiles_is_refused(
    opened: Context, tmp_path: Path
) -> None:
    file = tmp_path / "cosmicdeploy.yaml"
    file.write_text(
        "services: {app: [app, debug], database: db}\napp: {console: [x]}\ndatabase: {name: x}\n"
    )
    stack = replace(opened.stack, inactive=frozenset({"debug"}))
    with pytest.raises(ConfigError, match="'debug', but none of its profiles") as caught:
        _require_services(load(file, {}), stack)
    assert "COMPOSE_PROFILES" in caught.value.todo


def test_a_run_shows_notices_once_before_its_first_step() -> None:
    """`status` and `verify` have no steps, so their summary shows the notices."""

    def shown(**more: Any) -> str:
        out = io.StringIO()
        notice = {"kind": "left alone", "service": "mailer", "what": "is left", "todo": "x"}
        report = Report.model_validate(
            {"command": "x", "outcome": "done", "started_at": "", "seconds": 1.0, **more}
            | {"notices": [notice]}
        )
        show(report, PlainConsole(file=out, width=200))
        return out.getvalue()

    step = {"name": "build", "kind": "build", "outcome": "changed", "reason": "built"}
    assert "note: mailer" in shown()
    assert "note: mailer" not in shown(steps=[step])


@pytest.mark.parametrize(
    ("database", "console", "said"),
    [
        (None, (), ["no database: nothing is backed up, and a rollback restores only the code"]),
        (None, ("x",), ["no database: nothing is backed up, no migration is run, and a rollback"]),
        ("db", (), ["no console: no migration is run or rolled back"]),
        ("db", ("x",), []),
    ],
)
def test_a_database_or_console_that_is_not_there_is_said_once(
    opened: Context, database: str | None, console: tuple[str, ...], said: list[str]
) -> None:
    roles = {"app": ["app"], "proxy": "nginx", **({"database": database} if database else {})}
    loaded = loaded_of(settings(roles, console))
    whole = [str(each) for each in notices(replace(opened, loaded=loaded)) if not each.service]
    assert [line.startswith(start) for line, start in zip(whole, said, strict=True)] == [
        True
    ] * len(said)


@pytest.mark.parametrize(
    ("migrate", "kinds"),
    [
        ({"framework": "laravel"}, []),
        ({"framework": "django"}, []),
        ({"framework": "rails"}, ["no SQL"]),
        ({"framework": "prisma"}, ["no way back"]),
        ({"framework": "none"}, ["no migrations"]),
        (
            {
                "framework": "commands",
                "commands": {
                    "pending": {"command": ["pending"], "unnamed": {"none": 0, "some": 1}},
                    "run": ["migrate"],
                    "down": {"command": ["back"], "by": "run"},
                },
            },
            ["no SQL", "no table"],
        ),
    ],
)
def test_a_promise_that_the_framework_cannot_keep_is_named_before_a_run(
    opened: Context, migrate: Mapping[str, Any], kinds: Sequence[str]
) -> None:
    own = settings_of(
        {"app": ["app"], "proxy": "nginx", "database": "db"},
        probe={"url": "http://127.0.0.1:9"},
        database={"name": "shop"},
        migrate=migrate,
    )
    found = [each for each in notices(replace(opened, loaded=loaded_of(own))) if not each.service]
    assert [each.kind for each in found] == kinds
    assert all(each.todo for each in found)


@pytest.mark.parametrize(
    ("verify", "notice"),
    [
        ({"command": "orders:purge"}, "no dry run: the verification runs orders:purge itself"),
        ({"command": "orders:purge", "dry_run": ["orders:purge", "--pretend"]}, ""),
        ({"command": "orders:purge", "dry_run": ["orders:purge"]}, ""),
        ({}, ""),
    ],
)
def test_a_command_that_the_verification_runs_itself_is_named_before_a_run(
    opened: Context, verify: Mapping[str, Any], notice: str
) -> None:
    own = settings_of(
        {"app": ["app"], "proxy": "nginx", "database": "db"},
        app={"console": ["x"]},
        probe={"url": "http://127.0.0.1:9"},
        database={"name": "shop"},
        verify=verify,
    )
    loaded = loaded_of(own)
    whole = [str(each) for each in notices(replace(opened, loaded=loaded)) if not each.service]
    assert "".join(whole).startswith(notice) and bool(whole) is bool(notice)
