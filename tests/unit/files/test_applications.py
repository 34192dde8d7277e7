"""The applications of a stack, as `services.app`, `app` and `applications` describe them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.settings import Settings, load

SEVERAL = """\
services: {app: [api, web-1, admin, web-2, extra], scheduler: jobs}
app: {console: [x], port: 9000, health_path: /api/health, release_header: X-Release}
applications:
  web: {services: [web-1, web-2], port: 3000, health_path: /, release_variable: WEB_RELEASE}
  admin: {port: 8081, release_header: null, reached_at: /admin/ready}
  extra: {reached_at: false}
"""


def settings(folder: Path, text: str) -> Settings:
    path = folder / "cosmicdeploy.yaml"
    path.write_text(text)
    return load(path, {}).settings


def test_without_applications_all_replicas_are_those_of_one(tmp_path: Path) -> None:
    [only] = settings(tmp_path, "services: {app: [a, b]}\napp: {port: 8000}\n").all_applications
    assert (only.name, only.services, only.port, only.is_main) == ("app", ("a", "b"), 8000, True)
    assert only.is_reached


def test_each_application_has_its_services_and_keys(tmp_path: Path) -> None:
    found = settings(tmp_path, SEVERAL)
    main, web, admin, extra = found.all_applications
    assert (main.name, main.services, main.is_main) == ("api", ("api",), True)
    assert (web.services, web.port, web.health_path) == (("web-1", "web-2"), 3000, "/")
    assert (web.release_variable, web.release_header) == ("WEB_RELEASE", "X-Release")
    assert (admin.port, admin.health_path, admin.release_header) == (8081, "/api/health", None)
    assert (admin.reached_at, admin.is_main, admin.is_reached) == ("/admin/ready", False, True)
    assert (extra.port, extra.is_reached) == (9000, False)
    assert found.main_application == main
    assert found.application_of("web-2") == web
    assert found.application_of("jobs") is None


def test_the_address_in_app_is_that_of_the_main_application(tmp_path: Path) -> None:
    text = "services: {app: [api, web]}\napp: {reached_at: /up}\napplications: {web: {}}\n"
    api, web = settings(tmp_path, text).all_applications
    assert (api.reached_at, web.reached_at) == ("/up", None)


def test_the_first_service_decides_which_application_is_the_main_one(tmp_path: Path) -> None:
    text = "services: {app: [web, api]}\napp: {}\napplications: {api: {}, web: {port: 1}}\n"
    assert [each.name for each in settings(tmp_path, text).all_applications] == ["web", "api"]


def test_an_application_has_all_replicas_of_its_service(tmp_path: Path) -> None:
    found = settings(
        tmp_path, "services: {app: [api, web]}\napp: {}\napplications: {web: {port: 3000}}\n"
    )
    replicas = {"web": ("web.1", "web.2"), "api": ("api.1",)}
    resolved = found.with_services(found.services.with_replicas(replicas), replicas)
    assert [each.services for each in resolved.all_applications] == [("api.1",), ("web.1", "web.2")]
    assert [each.name for each in resolved.all_applications] == ["api", "web"]
    assert resolved.all_applications[1].port == 3000


def test_replicas_without_a_name_in_common_are_called_app(tmp_path: Path) -> None:
    text = "services: {app: [a, b, web]}\napp: {}\napplications: {web: {}}\n"
    app, web = settings(tmp_path, text).all_applications
    assert (app.name, app.services, web.name) == ("app", ("a", "b"), "web")


@pytest.mark.parametrize(
    ("applications", "what", "line"),
    [
        ("  x: {}", "applications.x: services.app does not name its service 'x'", 4),
        ("  a: {}\n  y: {services: [a]}", "applications.y: the application a has the service a", 5),
        ("  app: {services: [a]}", "applications.app: 'app' is the name of a role", 4),
        ("  worker: {services: [a]}", "'worker' is the name of a role", 4),
        ("  b: {services: [a]}", "'b' is the name of another service", 4),
        ("  a: {console: [x]}", "Unknown key 'applications.a.console'", 4),
        ("  a: {port: many}", "applications.a.port: must be a whole number", 4),
        ("  a: {reached_at: ready}", "must be a path that begins with /, a URL, or false", 4),
        ("  a: {reached_at: 'http://u:p@h/'}", "must not contain a user or password", 4),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, applications: str, what: str, line: int
) -> None:
    text = f"services: {{app: [a, b, c]}}\napp: {{}}\napplications:\n{applications}\n"
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert what in caught.value.what
    assert caught.value.where.endswith(f"cosmicdeploy.yaml:{line}")


def test_an_application_may_be_called_as_a_role_if_its_service_is(tmp_path: Path) -> None:
    text = "services: {app: [app, worker]}\napp: {}\napplications: {worker: {}, app: {port: 1}}\n"
    names = [each.name for each in settings(tmp_path, text).all_applications]
    assert names == ["app", "worker"]
