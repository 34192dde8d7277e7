"""`doctor` says before and after the first start what a deploy would lose, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.errors import ExitCode
from cosmicdeploy.process.polling import poll
from tests.stack.layouts.catalogue import LAYOUTS
from tests.stack.stacks.behind_nginx.replicated import REPLICAS, Replicated
from tests.stack.stacks.behind_proxies.traefik import BehindTraefik
from tests.stack.stacks.one_app import OneApp, stack_of_kind
from tests.stack.support.origins import DEPLOYER, ORIGINS
from tests.stack.support.releases import create, existing

pytestmark = pytest.mark.stack

ORIGIN = ORIGINS[DEPLOYER]
# Layout → the checks that would lose something, always; then what only a running stack shows.
LOSING = {
    "replicas": set[str](),
    "one-shot": {"gaps"},
    "haproxy": set[str](),
    "caddy-flags": set[str](),
    "traefik": set[str](),
}
NEEDS_A_START = {
    "replicas": {"health checks", "rate limit", "stop signals"},
    "one-shot": {"database", "rate limit", "stop signals"},
}
BY_DEFAULT = {"rate limit", "stop signals"}
Checks = Mapping[str, dict[str, Any]]


class Flawed(Replicated):
    """nginx repeats no request, and a shell keeps the stop signal from the application."""

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release)
        files["nginx.conf"] = files["nginx.conf"].replace("error timeout", "off")
        command = 'CMD ["sh", "-c", "python3 /server.py; true"]'
        files["Dockerfile"] = files["Dockerfile"].replace('CMD ["python3", "/server.py"]', command)
        files["Dockerfile"] += "ENV API_TOKEN=a-word-of-the-api\n"
        return files


@contextmanager
def unchanged(stack: OneApp) -> Iterator[None]:
    """Assert that the block leaves containers, images and volumes as they are."""
    before = everything(stack)
    yield
    assert everything(stack) == before


def everything(stack: OneApp) -> tuple[Any, ...]:
    ctx = stack.open()
    images = {name: ctx.image_of(name) for name in ctx.stack.services}
    volumes = {v.name: ctx.engine.volume_exists(v.name) for v in ctx.stack.volumes.values()}
    left = [each.name for each in ctx.engine.leftovers(ctx.stack.project)]
    return existing(stack), images, volumes, left, (stack.folder / ".cosmicdeploy").exists()


def doctor(stack: OneApp, losing: set[str]) -> Checks:
    """Run the command; assert which of its checks would lose something, and the exit code."""
    with unchanged(stack):
        done = stack.cli("doctor", "--json", **ORIGIN.environ)
    checks = {each["check"]: each for each in done.report["doctor"]}
    found = {name for name, each in checks.items() if each["verdict"] == "loses"}
    assert found == losing, {name: checks[name]["flaws"] for name in found ^ losing}
    assert done.code == (ExitCode.CHECK_FAILED if losing else 0), done.stderr
    return checks


@pytest.mark.parametrize("name", LOSING)
def test_doctor_is_right_before_and_after_the_first_start(name: str, tmp_path: Path) -> None:
    with LAYOUTS[name].open(tmp_path) as stack:
        before = doctor(stack, LOSING[name])
        unchecked = {check for check, each in before.items() if each["unchecked"]}
        assert NEEDS_A_START.get(name, BY_DEFAULT) <= unchecked
        assert before["engine"]["verdict"] == before["clock"]["verdict"] == "holds"
        create(stack, ORIGIN)
        after = doctor(stack, LOSING[name])
        assert not {check: each["unchecked"] for check, each in after.items() if each["unchecked"]}
        assert "handled on a container of its own" in after["stop signals"]["found"]
        if stack.open().has_database:
            assert "can be backed up and restored" in after["database"]["found"]


def test_what_compose_created_behind_traefik_loses_requests_in_the_first_deploy_alone(
    tmp_path: Path,
) -> None:
    kind = partial(BehindTraefik, apps=("app",))
    with stack_of_kind(tmp_path, kind) as stack:
        create(stack, ORIGINS["Compose 2.26.1"])
        # Traefik uses the second replica somewhat later than the first.
        flaws = poll(
            lambda: doctor(stack, {"proxy"})["proxy"]["flaws"],
            until=lambda found: len(found) == 1,
            every=1,
            within=15,
        )
        [flaw] = flaws
        assert flaw["loses"].startswith("about one of ten requests")
        stack.write(release="2")
        assert stack.cli("deploy").code == 0
        doctor(stack, set())


def test_each_flaw_is_told_with_its_cost_before_it_costs_anything(tmp_path: Path) -> None:
    losing = {"proxy", "stop signals", "secrets"}
    with stack_of_kind(tmp_path, Flawed) as stack:
        first = doctor(stack, {"proxy", "secrets"})
        assert first["stop signals"]["verdict"] == "not checked"
        create(stack, ORIGIN)
        checks = doctor(stack, losing)
        [proxy] = [each for each in checks["proxy"]["flaws"] if each["stake"] == "requests"]
        assert proxy["todo"].startswith("write into nginx.conf:")
        assert proxy["lines"] == ["proxy_next_upstream error timeout;"]
        [signal] = checks["stop signals"]["flaws"]
        assert signal["why"].startswith("sh of app.1 ignores SIGTERM, and was killed after")
        assert signal["stake"] == "requests"
        [image, build] = checks["secrets"]["flaws"]
        assert "API_TOKEN in its environment" in image["why"] and "Dockerfile:6" in build["why"]
        assert "a-word-of-the-api" not in str(checks)
        assert len(stack.ids()) == REPLICAS + 1
