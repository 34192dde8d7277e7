"""A release whose name no header can carry is refused before anything is built or touched."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.errors import ConfigError
from cosmicdeploy.journal.run_kind import RunCommand, RunKind
from cosmicdeploy.probes.preconditions.release_names import require_carried_releases
from cosmicdeploy.runs import execute
from cosmicdeploy.steps.backups.backup import BackupStep
from cosmicdeploy.steps.images.build import BuildStep

pytestmark = pytest.mark.unit


def stack_with(release: str, header: str | None = "X-Release") -> Any:
    """A context whose only application gets this release."""
    application = SimpleNamespace(
        release_header=header, release_variable="APP_VERSION", services=("web",)
    )
    services = SimpleNamespace(all=("web",), of=lambda _roles: ("web",))
    return SimpleNamespace(
        settings=SimpleNamespace(all_applications=(application,), services=services),
        service=lambda _name: SimpleNamespace(build=SimpleNamespace(args={"APP_VERSION": release})),
        loaded=SimpleNamespace(variables={"APP_VERSION": release}),
    )


@pytest.mark.parametrize(
    "release", ["2", "2026.11.30-1", "v1.0+build/3", "release two", "~!@#$%^&*()", "x" * 256]
)
def test_a_release_of_visible_ascii_is_carried(release: str) -> None:
    require_carried_releases(stack_with(release))


@pytest.mark.parametrize(
    "release",
    [" 2", "2 ", "\t2", "2\r\nX-Admin: 1", "2\n", "2\x00", "2\x7f", "2é", "\uff12", "2\ud800"],
)
def test_a_release_that_no_header_can_carry_is_refused(release: str) -> None:
    with pytest.raises(ConfigError, match="The header X-Release cannot carry") as caught:
        require_carried_releases(stack_with(release))
    assert caught.value.where == "APP_VERSION" and "letters" in caught.value.todo
    assert caught.value.what.isprintable() and caught.value.what.isascii()


def test_a_release_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        require_carried_releases(stack_with("x" * 257))
    assert caught.value.todo == "shorten it to 256 characters"


def test_without_a_header_or_a_release_nothing_is_refused() -> None:
    require_carried_releases(stack_with("2é", header=None))
    require_carried_releases(stack_with(""))


def test_a_run_that_builds_is_refused_before_it_takes_the_lock() -> None:
    ctx, build = stack_with("2\n"), BuildStep(name="build")
    command = RunCommand(line="deploy", kind=RunKind.DEPLOY)
    with pytest.raises(ConfigError, match="cannot carry"):
        execute.execute(ctx, command, [build])  # the context has no engine to take a lock on
    with pytest.raises(ConfigError, match="cannot carry"):
        execute._require_usable_settings(ctx, [build])


def test_a_run_that_only_makes_a_backup_is_not_refused() -> None:
    execute._require_usable_settings(stack_with("2\n"), [BackupStep(name="backup")])
