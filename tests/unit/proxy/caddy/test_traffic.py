"""Replicas behind Caddy: by flag files, by their own health, or without either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.proxy import out_of_service, put_in_service
from cosmicdeploy.proxy.caddy import traffic as module
from cosmicdeploy.proxy.draining import drain_files
from cosmicdeploy.proxy.recognition import load_balancer
from cosmicdeploy.traffic.response import Response
from tests.unit.proxy.caddy.fake import (
    OUT,
    PLAIN,
    FakeCaddy,
    active,
    configuration,
    flagged,
    reverse_proxy,
)

pytestmark = pytest.mark.unit

Stack = Callable[..., Any]
FLAGGED = configuration(
    flagged("app-1", reverse_proxy("app-2:80", "app-3:80")),
    {"handle": [reverse_proxy("app-1:80", "app-2:80", "app-3:80")]},
)
ASKED = configuration({"handle": [reverse_proxy("app-1:80", "app-2:80", "app-3:80", **active())]})
DRAIN_FILE = "/dev/shm/drain"


class Files:
    """The files that commands in containers create, by container."""

    def __init__(self, caddy: FakeCaddy) -> None:
        self.made: set[tuple[str, str]] = set()
        self._answer = caddy.engine.answer
        caddy.engine.answer = lambda argv: self.run("proxy", argv)
        caddy.engine.in_replica = self.run

    def run(self, name: str, argv: Any) -> str | int:
        script = argv[2] if argv[:2] == ["sh", "-c"] else ""
        if "touch" in script:
            self.made.add((name, argv[-1]))
        elif script.startswith("rm"):
            self.made.discard((name, argv[-1]))
        elif script.startswith("test -e"):
            return "" if (name, argv[-1]) in self.made else 1
        elif script.startswith("for file"):
            return "".join(f"{file}\n" for file in argv[4:] if (name, file) in self.made)
        elif argv[0] == "cat":
            return "  sl  local_address\n"
        else:
            return self._answer(argv)
        return ""


@pytest.fixture(autouse=True)
def observed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the replicas whose requests are observed."""
    found: list[str] = []
    monkeypatch.setattr(module.CaddyTraffic, "_observe", lambda _, names: found.extend(names))
    return found


def taking_out(ctx: Any, name: str) -> module.CaddyTraffic:
    traffic = load_balancer(ctx).traffic()
    assert isinstance(traffic, module.CaddyTraffic)
    traffic.before_stop({name: ctx.running(name)})
    assert traffic.can_take_out(name, is_alone=True)
    return traffic


def test_a_flag_file_takes_a_replica_out_and_puts_it_in(
    stack_behind: Stack, slept: list[float], observed: list[str]
) -> None:
    caddy = FakeCaddy(FLAGGED, in_flight={"app-1:80": 3, "app-2:80": 99})
    ctx, files = stack_behind(caddy, out=f"{OUT}/{{service}}"), Files(caddy)
    traffic = taking_out(ctx, "app-1")
    traffic.take_out("app-1", ctx.running("app-1"), until_finished=True)
    assert files.made == {("proxy", f"{OUT}/app-1")}
    assert caddy.in_flight["app-1:80"] == 0, "its requests in flight have ended"
    assert out_of_service(ctx) == ["app-1"]
    slept.clear()
    traffic.put_in(["app-1"], moved=False)
    assert files.made == set() and observed == ["app-1"]
    assert slept == [0.0], "no request has found out that it was down"


def test_only_one_replica_is_taken_out_by_flag_files(stack_behind: Stack) -> None:
    caddy = FakeCaddy(FLAGGED)
    ctx, _ = stack_behind(caddy, out=f"{OUT}/{{service}}"), Files(caddy)
    traffic = load_balancer(ctx).traffic()
    assert not traffic.can_take_out("app-1", is_alone=False)
    assert not traffic.can_take_out("app-2", is_alone=True), "Caddy does not look for its file"


def test_a_drain_file_makes_the_replicas_own_health_fail(
    stack_behind: Stack, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    caddy = FakeCaddy(ASKED, in_flight={"app-1:80": 1})
    ctx, files = stack_behind(caddy, drain_file=DRAIN_FILE), Files(caddy)
    monkeypatch.setattr(module, "replica_url", lambda _, name: f"http://{name}")

    def answer(url: str) -> Response:
        assert url == "http://app-1/health"
        return Response(url=url, status=503 if files.made else 200)

    monkeypatch.setattr(module, "send_request", answer)
    traffic = taking_out(ctx, "app-1")
    traffic.take_out("app-1", ctx.running("app-1"), until_finished=True)
    assert files.made == {("app-1", DRAIN_FILE)}
    assert slept[0] == pytest.approx(0.9 + module.SLACK), "as long as Caddy takes to notice it"
    assert out_of_service(ctx) == ["app-1"]
    put_in_service(ctx, "app-1")
    assert out_of_service(ctx) == []


def test_an_application_that_ignores_the_drain_file_is_an_error_before_anything_stops(
    stack_behind: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    caddy = FakeCaddy(ASKED)
    ctx, files = stack_behind(caddy, drain_file=DRAIN_FILE), Files(caddy)
    monkeypatch.setattr(module, "replica_url", lambda _, name: f"http://{name}")
    monkeypatch.setattr(module, "send_request", lambda url: Response(url=url, status=200))
    traffic = taking_out(ctx, "app-1")
    with pytest.raises(ConfigError, match="still answers 200 at /health"):
        traffic.take_out("app-1", ctx.running("app-1"), until_finished=False)
    assert files.made == set()


@pytest.mark.parametrize(
    ("running", "drain_file"),
    [
        (PLAIN, DRAIN_FILE),  # Caddy never asks the health path
        (ASKED, ""),
        (configuration({"handle": [reverse_proxy("app:80", **active())]}), DRAIN_FILE),
    ],
)
def test_a_replica_that_caddy_cannot_tell_apart_is_not_taken_out(
    stack_behind: Stack, running: Any, drain_file: str
) -> None:
    caddy = FakeCaddy(running)
    ctx, _ = stack_behind(caddy, drain_file=drain_file), Files(caddy)
    for service in ctx.stack.services.values():
        service.compose_name = "app" if service.name != "proxy" else "proxy"
    traffic = load_balancer(ctx).traffic()
    assert not traffic.can_take_out("app-1", is_alone=True)


def test_a_replica_that_was_not_taken_out_is_waited_for(
    stack_behind: Stack, slept: list[float]
) -> None:
    ctx = stack_behind(FakeCaddy(PLAIN))
    load_balancer(ctx).traffic().put_in(["app-1"], moved=False)
    assert slept == [2 + module.SLACK]
    text = load_balancer(ctx).describe_waits(["app-1", "app-2"])
    assert text == (
        "Caddy may skip a restarted replica for 2 s: the rollout waits 2.5 s after each of 2"
    )


def test_a_checked_replica_is_waited_for_as_long_as_its_first_request_may_take(
    stack_behind: Stack, slept: list[float]
) -> None:
    ctx = stack_behind(FakeCaddy(ASKED), drain_file=DRAIN_FILE)
    load_balancer(ctx).traffic().put_in(["app-1"], moved=True)
    assert slept[0] == pytest.approx(module.USED_WITHIN + module.SLACK), "longer than the checks"


def test_the_running_configuration_decides_not_the_changed_file(stack_behind: Stack) -> None:
    caddy = FakeCaddy(file=PLAIN, running=FLAGGED)
    ctx, _ = stack_behind(caddy, out=f"{OUT}/{{service}}"), Files(caddy)
    assert load_balancer(ctx).traffic().can_take_out("app-1", is_alone=True)


def test_without_the_admin_endpoint_the_file_decides(stack_behind: Stack) -> None:
    caddy = FakeCaddy(FLAGGED, has_admin=False)
    ctx, files = stack_behind(caddy, out=f"{OUT}/{{service}}"), Files(caddy)
    traffic = taking_out(ctx, "app-1")
    traffic.take_out("app-1", ctx.running("app-1"), until_finished=True)
    assert files.made, "open connections show what is in flight"


def test_drain_files_are_below_the_folder_that_a_start_empties() -> None:
    assert drain_files.FILE.startswith("/dev/shm/")


def test_a_plan_says_which_replicas_stop_without_notice(stack_behind: Stack) -> None:
    ctx = stack_behind(FakeCaddy(FLAGGED), out=f"{OUT}/{{service}}")
    [note] = load_balancer(ctx).rollout_notes(["app-1", "app-2"])
    assert note.startswith("Caddy finds out by itself that app-2 stopped")
