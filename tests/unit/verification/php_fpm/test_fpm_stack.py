"""Readiness, preflight and verification of php-fpm: by its own health check or by FastCGI."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.errors import ConfigError, UnhealthyContainer
from cosmicdeploy.operations.notices import notices
from cosmicdeploy.probes.preconditions.spoken_protocol import require_spoken_protocols
from cosmicdeploy.probes.readiness import wait_ready
from cosmicdeploy.probes.urls import container_url, is_requested
from cosmicdeploy.verification.initial_failures import response_problem
from cosmicdeploy.verification.points import run_check
from tests.unit.fastcgi_server import php, serving_fastcgi
from tests.unit.servers import serving
from tests.unit.verification.php_fpm.conftest import CHECK, FpmEngine, StackOf

pytestmark = pytest.mark.unit

SCRIPT = "script: /srv/index.php"


def engine_of(ctx: Context) -> FpmEngine:
    engine: Any = ctx.engine
    return engine


def ready(ctx: Context) -> bool:
    try:
        wait_ready(ctx, "c1", "app")
    except UnhealthyContainer:
        return False
    return True


def test_nginx_in_the_folder_says_that_the_application_speaks_fastcgi(fpm: StackOf) -> None:
    with serving_fastcgi(php()) as served:
        ctx = fpm(served.port)
        [application] = ctx.settings.all_applications
        assert (application.protocol, application.port) == ("fastcgi", served.port)
        assert ready(ctx)
        url = container_url(engine_of(ctx).only, application)
        assert url == f"fcgi://127.0.0.1:{served.port}/srv/index.php"
    assert {each.variables["REQUEST_URI"] for each in served.requests} == {"/health"}
    assert len(served.requests) == ctx.settings.restart.passes
    [notice] = [each for each in notices_of(ctx) if each.kind == "presumed"]
    assert "nginx.conf:6, fastcgi_pass" in notice.what and "app.protocol" in notice.todo


def notices_of(ctx: Context) -> Any:
    engine = engine_of(ctx)
    engine.containers_of_folder = lambda *_, **__: []  # type: ignore[attr-defined]
    return notices(ctx)


@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_health_check_of_its_own_decides_without_a_request(fpm: StackOf, exit_code: int) -> None:
    with serving_fastcgi(php("3-bad")) as served:
        ctx = fpm(served.port, check=True)
        engine_of(ctx).exit_code = exit_code
        assert ready(ctx) == (exit_code == 0)
    assert not served.requests
    assert engine_of(ctx).checks[0] == CHECK


def test_with_a_script_both_the_check_and_the_request_must_be_good(fpm: StackOf) -> None:
    with serving_fastcgi(php("3-bad")) as served:
        assert not ready(fpm(served.port, SCRIPT, check=True))
    assert served.requests
    with serving_fastcgi(php("2")) as served:
        assert ready(fpm(served.port, SCRIPT, check=True))


def test_a_failure_shows_the_last_response(fpm: StackOf) -> None:
    with (
        serving_fastcgi(php(script="/elsewhere.php")) as served,
        pytest.raises(UnhealthyContainer) as failed,
    ):
        wait_ready(fpm(served.port), "c1", "app")
    assert "Primary script unknown" in failed.value.details[0]


def test_an_explicit_protocol_needs_no_configuration_of_nginx(fpm: StackOf) -> None:
    ctx = fpm(9000, f"protocol: fastcgi, {SCRIPT}", nginx="")
    [application] = ctx.settings.all_applications
    assert (application.port, application.protocol) == (9000, "fastcgi")
    with serving_fastcgi(php("2")) as served:
        keys = f"protocol: fastcgi, port: {served.port}, release_header: X-Release, {SCRIPT}"
        ctx = fpm(served.port, keys, nginx="")
        [application] = ctx.settings.all_applications
        assert response_problem(ctx, application, engine_of(ctx).only) == ""
        require_spoken_protocols(ctx)


@pytest.mark.parametrize(
    ("app", "nginx", "todo"),
    [
        ("protocol: http, port: 9000", "server {{ fastcgi_pass app:9000; }}", "to fastcgi"),
        ("protocol: http", "server {{ uwsgi_pass app:3031; }}", "to other"),
        ("protocol: fastcgi", "server {{ proxy_pass http://app:9000; }}", "to http"),
    ],
)
def test_settings_that_nginx_contradicts_are_refused_with_both_places(
    fpm: StackOf, app: str, nginx: str, todo: str
) -> None:
    with pytest.raises(ConfigError, match="nginx passes requests to app by") as refused:
        fpm(9000, app, nginx=nginx)
    assert "nginx.conf:1" in refused.value.where and "cosmicdeploy.yaml" in refused.value.where
    assert todo in refused.value.todo


def test_another_port_than_that_of_nginx_may_speak_http(fpm: StackOf) -> None:
    ctx = fpm(9000, "port: 8080")
    assert ctx.settings.main_application.is_http


def test_http_on_the_port_of_php_fpm_is_refused_by_name(fpm: StackOf) -> None:
    with serving_fastcgi(php()) as served:
        ctx = fpm(served.port, f"port: {served.port}", nginx="")
        with pytest.raises(ConfigError, match=f"port {served.port} speaks FastCGI, not HTTP") as no:
            require_spoken_protocols(ctx)
        assert "app.protocol to fastcgi" in no.value.todo and "app.script" in no.value.todo
        with pytest.raises(UnhealthyContainer) as failed:
            wait_ready(ctx, "c1", "app")
    assert "speaks FastCGI, not HTTP: see app.protocol" in "\n".join(failed.value.details)


def test_fastcgi_on_a_port_that_speaks_http_is_refused_by_name(fpm: StackOf) -> None:
    with serving() as served:
        port = int(served.url.rpartition(":")[2])
        ctx = fpm(port, f"protocol: fastcgi, port: {port}", nginx="")
        with pytest.raises(ConfigError, match="speaks HTTP, not FastCGI"):
            require_spoken_protocols(ctx)
        require_spoken_protocols(fpm(port, f"port: {port}", nginx=""))


def test_a_replica_that_answers_nothing_is_not_taken_for_another_protocol(fpm: StackOf) -> None:
    ctx = fpm(1, "port: 1", nginx="")
    require_spoken_protocols(ctx)
    stopped = replace(engine_of(ctx).only, status="exited")
    engine_of(ctx).only = stopped
    require_spoken_protocols(ctx)


def test_a_replica_of_another_protocol_is_not_requested(fpm: StackOf) -> None:
    ctx = fpm(3031, nginx="server {{ uwsgi_pass app:3031; }}", check=True)
    [application] = ctx.settings.all_applications
    assert application.protocol == "other"
    assert not is_requested(engine_of(ctx).only, application)
    assert ready(ctx)
    assert response_problem(ctx, application, engine_of(ctx).only) == ""
    engine_of(ctx).only = replace(engine_of(ctx).only, healthcheck=(), health="")
    what = " ".join(each.what for each in notices_of(ctx))
    assert "counts as ready as soon as it runs" in what


@pytest.mark.parametrize(("check", "addresses"), [(True, 1), (False, 2)])
def test_verify_requests_the_proxy_and_each_replica_that_can_be_requested(
    fpm: StackOf, check: bool, addresses: int
) -> None:
    with serving_fastcgi(php()) as served, serving() as proxy:
        ctx = fpm(served.port, check=check, rest=f"probe: {{url: '{proxy.url}'}}\n")
        result = run_check(ctx, "health")
    assert result.ok, result.found
    assert proxy.requests == ["GET /health"]
    assert len(served.requests) == addresses - 1
    assert f"{addresses} address" in result.expected


@pytest.mark.parametrize("script", ["index.php", "/srv/index.html", "/srv/"])
def test_a_script_is_an_absolute_path_that_ends_in_php(fpm: StackOf, script: str) -> None:
    with pytest.raises(ConfigError, match=r"app\.script: must be an absolute path that ends in"):
        fpm(9000, f"script: {script}")


def test_no_folder_of_a_script_ends_in_php(fpm: StackOf) -> None:
    with pytest.raises(ConfigError, match=r"app\.script: .* without a folder whose name ends"):
        fpm(9000, "script: /a/b.php/c.php")
