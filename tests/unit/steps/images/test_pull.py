"""What is pulled, by policy, container, and what the registry has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import Container, Image
from cosmicdeploy.errors import PullFailed, Refused
from cosmicdeploy.settings import load
from cosmicdeploy.stack.model import Build, Service, Stack
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.images.pull import PullStep
from cosmicdeploy.steps.images.pull_policy import is_due, seconds_between

pytestmark = pytest.mark.unit

SETTINGS = """\
services: {app: [app-1, app-2], database: db}
app: {console: [x]}
database: {name: shop}
"""
OLD = Image(id="sha256:old", digests=("shop/app@sha256:aaa",))


class Registry:
    """An engine with these local images, and a registry with these digests."""

    def __init__(self, images: Mapping[str, Image], digests: Mapping[str, str]) -> None:
        self._images, self._digests = images, digests
        self.running: set[str] = set()

    def image(self, reference: str) -> Image | None:
        return self._images.get(reference)

    def registry_digest(self, reference: str) -> str:
        if reference not in self._digests:
            raise PullFailed(f"the registry has no {reference}")
        return self._digests[reference]

    def container(self, name: str) -> Container | None:
        return (
            Container(id=name, name=name, service=name, project="p", image_id="", status="running")
            if name in self.running
            else None
        )


def stack_of(
    ctx: Context,
    tmp_path: Path,
    images: Mapping[str, Image],
    digests: Mapping[str, str],
    policy: str | None = None,
    **fields: Any,
) -> Context:
    (tmp_path / "cosmicdeploy.yaml").write_text(SETTINGS)
    app = {"image": "shop/app:2", "pull_policy": policy, **fields}
    services = {
        "app-1": Service(name="app-1", container_name="app-1", **app),
        "app-2": Service(name="app-2", container_name="app-2", **app),
        "db": Service(name="db", container_name="db", image="mariadb:10.11"),
    }
    stack = Stack(
        project="p",
        file=tmp_path / "compose.yml",
        env_file=tmp_path / ".env",
        services=services,
        networks={},
        volumes={},
    )
    engine: Any = Registry(images, digests)
    engine.running = {"app-1", "app-2", "db"}
    return replace(ctx, loaded=load(tmp_path / "cosmicdeploy.yaml", {}), stack=stack, engine=engine)


def check(ctx: Context, *, missing_only: bool = False) -> Change | Unchanged:
    return PullStep(name="pull", missing_only=missing_only).check(ctx)


def test_a_missing_image_is_pulled_once_for_all_its_services(ctx: Context, tmp_path: Path) -> None:
    found = check(stack_of(ctx, tmp_path, {}, {"shop/app:2": "sha256:bbb"}))
    assert isinstance(found, Change)
    assert found.summary == "pull shop/app:2 (not here; sha256:bbb)"
    assert found.before == {"tags": {"shop/app:2": None}}


def test_an_image_that_is_there_is_pulled_only_by_policy(ctx: Context, tmp_path: Path) -> None:
    images, digests = {"shop/app:2": OLD}, {"shop/app:2": "sha256:bbb"}
    assert isinstance(check(stack_of(ctx, tmp_path, images, digests)), Unchanged)
    found = check(stack_of(ctx, tmp_path, images, digests, "always"))
    assert isinstance(found, Change)
    assert found.before == {"tags": {"shop/app:2": "sha256:old"}}
    same = {"shop/app:2": "sha256:aaa"}
    assert isinstance(check(stack_of(ctx, tmp_path, images, same, "always")), Unchanged)


def test_a_digest_that_cannot_be_asked_for_is_known_only_after_the_pull(
    ctx: Context, tmp_path: Path
) -> None:
    found = check(stack_of(ctx, tmp_path, {"shop/app:2": OLD}, {"shop/app:2": ""}, "always"))
    assert isinstance(found, Change)
    assert "not known before the pull" in found.summary


def test_what_the_registry_refuses_is_refused_before_anything_changes(
    ctx: Context, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="the registry has no shop/app:2"):
        check(stack_of(ctx, tmp_path, {}, {}))


@pytest.mark.parametrize("policy", ["never", "build"])
def test_a_missing_image_that_may_not_be_pulled_is_refused(
    ctx: Context, tmp_path: Path, policy: str
) -> None:
    with pytest.raises(Refused, match=f"pull_policy {policy} forbids"):
        check(stack_of(ctx, tmp_path, {}, {}, policy))


def test_an_image_that_the_stack_builds_is_not_pulled(ctx: Context, tmp_path: Path) -> None:
    built = stack_of(ctx, tmp_path, {}, {}, build=Build(context=tmp_path))
    assert isinstance(check(built), Unchanged)


def test_up_leaves_alone_what_has_a_container(ctx: Context, tmp_path: Path) -> None:
    digests = {"shop/app:2": "sha256:bbb", "mariadb:10.11": "sha256:ccc"}
    there = stack_of(ctx, tmp_path, {"shop/app:2": OLD}, digests, "always")
    assert isinstance(check(there, missing_only=True), Unchanged)
    there.engine.running.remove("app-2")  # type: ignore[attr-defined]
    assert isinstance(check(there, missing_only=True), Unchanged), "it starts as app-1 is"
    there.engine.running.clear()  # type: ignore[attr-defined]
    found = check(there, missing_only=True)
    assert isinstance(found, Change)
    assert set(found.before["tags"]) == set(digests)


def test_the_periods_of_policies() -> None:
    words = {"daily": 86_400, "weekly": 604_800, "every_12h": 43_200, "every_1d12h": 129_600}
    assert {word: seconds_between(word) for word in words} == words
    assert seconds_between("always") is seconds_between("missing") is None


def test_an_image_is_asked_for_again_after_its_period() -> None:
    service = Service(name="a", container_name="a", image="a", pull_policy="every_2h")

    def image(**ago: float) -> Image:
        return Image(id="", tagged_at=(datetime.now(UTC) - timedelta(**ago)).isoformat())

    assert not is_due(service, image(hours=1))
    assert is_due(service, image(hours=3))
    assert is_due(service, Image(id="", tagged_at="0001-01-01T00:00:00Z"))
