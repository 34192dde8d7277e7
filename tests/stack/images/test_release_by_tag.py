"""A release is a tag: pulled, rolled out, recorded by digest, and rolled back to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cosmicdeploy.errors import ExitCode
from tests.stack.stacks.behind_nginx.tagged import (
    APPS,
    REPOSITORY,
    TaggedStack,
    push_release,
    tagged_stack,
)
from tests.stack.support.network.registry import Registry
from tests.stack.support.network.stalling import stalling

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Pushed:
    """A release in the registry."""

    image_id: str
    digest: str


@pytest.fixture(scope="module")
def pushed(registry: Registry) -> dict[str, Pushed]:
    return {tag: Pushed(*push_release(registry, tag, tag)) for tag in ("1", "2")}


@pytest.fixture(scope="module")
def laid_out_stack(
    registry: Registry, pushed: dict[str, Pushed], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TaggedStack]:
    """The stack on release 1, whose image `up` has pulled."""
    with tagged_stack(tmp_path_factory.mktemp("tagged"), registry) as stack:
        up = stack.cli("up", "--json")
        assert up.code == 0, up.stderr
        assert up.outcomes["pull"] == "changed"
        assert stack.running_images() == {pushed["1"].image_id}
        yield stack


@pytest.fixture
def tagged(laid_out_stack: TaggedStack) -> Iterator[TaggedStack]:
    """The stack, with its `.env` as it was after the test."""
    env = (laid_out_stack.folder / ".env").read_text()
    yield laid_out_stack
    (laid_out_stack.folder / ".env").write_text(env)


def on_release(stack: TaggedStack, tag: str) -> TaggedStack:
    """Deploy this tag, unless it runs."""
    stack.set_variable("IMAGE_TAG", tag)
    done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    return stack


def test_a_deploy_of_another_tag_pulls_it_first_and_loses_no_request(
    tagged: TaggedStack, registry: Registry, pushed: dict[str, Pushed]
) -> None:
    on_release(tagged, "1")
    tagged.set_variable("IMAGE_TAG", "2")
    plan = tagged.cli("deploy", "--plan", "--json")
    assert plan.code == 0, plan.stderr
    assert plan.report["release"] == "2"
    assert pushed["2"].digest[7:19] in plan.reason("pull")
    done = tagged.cli("deploy", "--json")
    assert done.code == 0, done.stderr
    assert (done.report["release"], tagged.releases_of_replicas()) == ("2", {"2"})
    assert done.report["requests"]["failed"] == 0
    steps = [step["name"] for step in done.report["steps"]]
    assert steps.index("pull") < steps.index("backup")
    assert "step build" not in done.stderr + done.stdout
    named = f"{registry.host}/{REPOSITORY}@{pushed['2'].digest}"
    last = [r for r in tagged.open().journal.records() if r["kind"] == "release"][-1]
    assert last["release"] == "2"
    assert last["digests"] == dict.fromkeys(APPS, named)
    assert last["images"] == dict.fromkeys(APPS, pushed["2"].image_id)
    again = tagged.cli("deploy", "--json")
    assert set(again.outcomes.values()) == {"passed", "unchanged"}
    before = tagged.lives()
    tagged.compose("up", "-d")
    assert tagged.lives() == before


@pytest.mark.torture
def test_a_failing_release_leaves_the_old_one_and_no_tag(
    tagged: TaggedStack, registry: Registry
) -> None:
    push_release(registry, "3-bad", "3-bad")
    on_release(tagged, "2")
    before = tagged.lives()
    tagged.set_variable("IMAGE_TAG", "3-bad")
    done = tagged.cli("deploy", "--json")
    assert done.code != 0
    assert (tagged.lives(), tagged.releases_of_replicas()) == (before, {"2"})
    assert done.report["requests"]["failed"] == 0
    assert tagged.open().engine.image(registry.name(REPOSITORY, "3-bad")) is None


@pytest.mark.parametrize("options", [(), ("--plan",)])
def test_a_missing_tag_fails_before_a_backup_and_before_anything_is_touched(
    tagged: TaggedStack, registry: Registry, options: tuple[str, ...]
) -> None:
    on_release(tagged, "2")
    before, backups = tagged.lives(), len(tagged.open().catalogue.list())
    tagged.set_variable("IMAGE_TAG", "none")
    done = tagged.cli("deploy", *options, "--json")
    assert done.code == 1
    assert f"has no {registry.name(REPOSITORY, 'none')}" in done.report["error"]["what"]
    assert (tagged.lives(), len(tagged.open().catalogue.list())) == (before, backups)


@pytest.mark.torture
def test_the_same_tag_pushed_again_is_rolled_out_only_with_always(
    tagged: TaggedStack, registry: Registry
) -> None:
    first = push_release(registry, "4", "4")[0]
    on_release(tagged, "4")
    assert tagged.running_images() == {first}
    second = push_release(registry, "4", "4")[0]
    assert set(tagged.cli("deploy", "--json").outcomes.values()) == {"passed", "unchanged"}
    tagged.set_variable("PULL_POLICY", "always")
    on_release(tagged, "4")
    assert tagged.running_images() == {second}
    again = tagged.cli("deploy", "--json")
    assert set(again.outcomes.values()) == {"passed", "unchanged"}, "the registry was asked"


@pytest.mark.torture
def test_a_rollback_brings_the_image_back_although_tag_and_image_are_gone(
    tagged: TaggedStack, registry: Registry, pushed: dict[str, Pushed]
) -> None:
    on_release(tagged, "1")
    on_release(tagged, "2")
    ctx = tagged.open()
    backup = next(b for b in ctx.catalogue.list() if b.manifest.release == "1")
    named = f"{registry.host}/{REPOSITORY}@{pushed['1'].digest}"
    assert backup.manifest.digests == dict.fromkeys(APPS, named)
    push_release(registry, "moved", "1")
    registry.client.api.remove_image(pushed["1"].image_id, force=True)
    done = tagged.cli("rollback", "--to", backup.id, "--code-only", "--yes", "--json")
    assert done.code == 0, done.stderr
    assert done.outcomes["pull"] == "changed"
    assert tagged.running_images() == {pushed["1"].image_id}
    assert (done.report["release"], tagged.releases_of_replicas()) == ("1", {"1"})
    assert any("until then, a deploy pulls" in text for text in done.report["warnings"])
    before = tagged.lives()
    tagged.compose("up", "-d")
    assert tagged.lives() == before
    on_release(tagged, "2")
    assert tagged.running_images() == {pushed["2"].image_id}, "the tag is pulled again"
    registry.push(backup_image(tagged, pushed["1"]), REPOSITORY, "1")


def backup_image(tagged: TaggedStack, release: Pushed) -> str:
    """Return the id of a release's image, which a backup keeps on the engine."""
    assert tagged.open().engine.image(release.image_id)
    return release.image_id


def test_sigterm_ends_a_pull_within_two_seconds_and_nothing_was_changed(
    tagged: TaggedStack, registry: Registry
) -> None:
    on_release(tagged, "2")
    before = tagged.lives()
    registry.push_noise(REPOSITORY, "noise")
    with stalling(registry.host) as relay:
        tagged.set_variable("REGISTRY", relay.host)
        tagged.set_variable("IMAGE_TAG", "noise")
        running = tagged.start("deploy", "--json")
        assert relay.stalled.wait(30)
        started = time.monotonic()
        os.kill(running.pid, signal.SIGTERM)
        running.communicate(timeout=20)
        assert time.monotonic() - started < 2.0
        assert running.returncode == ExitCode.INTERRUPTED
        assert tagged.open().engine.image(f"{relay.host}/{REPOSITORY}:noise") is None
    assert tagged.lives() == before
