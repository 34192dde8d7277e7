"""The step `build`: one build for equal build sections, and the reason for each image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.lookup_cache import LookupCache
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.settings import load
from cosmicdeploy.stack.compose import read_stack
from cosmicdeploy.stack.model import Build
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.images.build import BuildStep
from cosmicdeploy.steps.images.builds import image_builds

pytestmark = pytest.mark.unit

SETTINGS = """
services: {app: [a, b], scheduler: c, database: db}
app: {console: [none], release_variable: RELEASE}
database: {name: none}
"""
SERVICE = "  {name}: {{image: {image}, build: {{context: ., args: {{RELEASE: '{release}'}}}}}}\n"


@dataclass
class Builds:
    """An engine whose images are a digest each; a build section's digest is its release.

    `cached` is the release of which Compose has built the image "c-…" of a service.
    """

    tags: dict[str, str] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    cached: str = ""
    removed: list[str] = field(default_factory=list)

    def image(self, reference: str) -> Image | None:
        digest = self.tags.get(reference)
        if digest is None:
            return None
        if digest.startswith("c-"):
            own = {"com.docker.compose.service": digest.removeprefix("c-"), "of": "the base"}
            return Image(id=f"id-{digest}", labels=own)
        return Image(id=f"id-{digest}", labels={labels.CONTEXT: digest} if digest else {})

    def context_digest(self, build: Build) -> str:
        return build.args["RELEASE"]

    def pull_bases(self, build: Build, on_line: Callable[[str], None]) -> None:
        """Have all base images."""

    def build(
        self, build: Build, tag: str, marks: Mapping[str, str], on_line: Callable[[str], None]
    ) -> str:
        self.built.append(tag)
        if labels.CONTEXT in marks:
            return f"id-{marks[labels.CONTEXT]}"
        is_same = build.args["RELEASE"] == self.cached
        return f"id-c-{marks['com.docker.compose.service']}" if is_same and marks else "id-other"

    def tag(self, image_id: str, reference: str) -> None:
        self.tags[reference] = image_id.removeprefix("id-")

    def untag(self, reference: str) -> None:
        self.tags.pop(reference, None)

    def remove_unused_image(self, image_id: str) -> None:
        self.removed.append(image_id)


def stack(ctx: Context, folder: Path, engine: Builds, **releases: str) -> Context:
    """Return a context whose services `a`, `b` and `c` build these releases as `image-…`."""
    (folder / "cosmicdeploy.yaml").write_text(SETTINGS)
    compose = folder / "docker-compose.yml"
    lines = [
        SERVICE.format(name=name, image=f"image-{name}", release=release)
        for name, release in releases.items()
    ]
    compose.write_text("services:\n" + "".join(lines) + "  db: {image: db}\n")
    read = read_stack(compose, env_file=folder / ".env", environ={})
    loaded = load(folder / "cosmicdeploy.yaml", {})
    return replace(ctx, stack=read, loaded=loaded, engine=engine)  # type: ignore[arg-type]


def changed(ctx: Context) -> Change:
    change = BuildStep(name="build").check(ctx)
    assert isinstance(change, Change), change.reason
    BuildStep(name="build").apply(ctx, change)
    BuildStep(name="build").verify(ctx, change)
    assert isinstance(BuildStep(name="build").check(ctx), Unchanged)
    return change


def test_equal_build_sections_are_built_once(ctx: Context, tmp_path: Path) -> None:
    engine = Builds()
    first = stack(ctx, tmp_path, engine, a="1", b="1", c="1")
    change = changed(first)
    assert engine.built == ["image-a"]
    assert engine.tags == {"image-a": "1", "image-b": "1", "image-c": "1"}
    assert change.summary == "build image-a, image-b, image-c (does not exist) as release 1"
    del engine.tags["image-b"]
    changed(first)
    assert engine.built == ["image-a"], "another name needs no build"
    changed(stack(ctx, tmp_path, engine, a="2", b="2", c="1"))
    assert engine.built == ["image-a", "image-a"]
    assert engine.tags["image-c"] == "1"
    BuildStep(name="build").undo(first, change)
    assert engine.tags == {}


def test_the_plan_says_why_each_image_is_built(ctx: Context, tmp_path: Path) -> None:
    engine = Builds(tags={"image-a": "1", "image-b": ""})
    change = changed(stack(ctx, tmp_path, engine, a="2", b="2", c="2"))
    assert change.summary == (
        "build image-a (sources, arguments or base changed),"
        " image-b (not built by cosmicdeploy: stays if a build gives the same image),"
        " image-c (does not exist) as release 2"
    )


def test_missing_only_leaves_other_images_alone(ctx: Context, tmp_path: Path) -> None:
    engine = Builds(tags={"image-a": "1", "image-b": ""})
    change = BuildStep(name="build", missing_only=True).check(
        stack(ctx, tmp_path, engine, a="2", b="2", c="2")
    )
    assert isinstance(change, Change) and list(change.before["tags"]) == ["image-c"]


def test_one_image_is_not_built_in_two_ways(ctx: Context, tmp_path: Path) -> None:
    two = stack(ctx, tmp_path, Builds(), a="1", b="2", c="1")
    services = two.stack.services
    other = replace(services["b"], image="image-a")
    both = replace(two, stack=replace(two.stack, services={**services, "b": other}))
    with pytest.raises(ConfigError, match="a and b build the same image image-a"):
        BuildStep(name="build").check(both)


def test_a_service_is_built_for_its_platform(ctx: Context, tmp_path: Path) -> None:
    three = stack(ctx, tmp_path, Builds(), a="1", b="1", c="1")

    def platforms(service: str, **keys: object) -> list[tuple[str, ...]]:
        services = three.stack.services
        changed = replace(services[service], **keys)  # type: ignore[arg-type]
        read = replace(three.stack, services={**services, service: changed})
        return [each.build.platforms for each in image_builds(replace(three, stack=read))]

    assert platforms("a", platform="linux/amd64") == [("linux/amd64",), ()]
    other = Build(context=tmp_path, platforms=("linux/arm64",))
    with pytest.raises(ConfigError, match="not built for it"):
        platforms("a", platform="linux/amd64", build=other)


def test_an_image_that_compose_built_from_the_same_stays(ctx: Context, tmp_path: Path) -> None:
    """BuildKit's cache gives the same image, with Compose's own labels for each service."""
    engine = Builds(tags={"image-a": "c-a", "image-b": "c-b", "image-c": "c-c"}, cached="1")
    opened = stack(ctx, tmp_path, engine, a="1", b="1", c="2")
    step = BuildStep(name="build")
    change = step.check(opened)
    assert isinstance(change, Change)
    facts = step.apply(opened, change)
    assert facts["adopted"] == {"id-c-a": "1", "id-c-b": "1"}
    assert facts["images"] == {"image-a": "id-c-a", "image-b": "id-c-b", "image-c": "id-2"}
    assert engine.tags == {"image-a": "c-a", "image-b": "c-b", "image-c": "2"}
    assert engine.built == ["image-a", "image-b", "image-c", "image-c"]
    assert engine.removed == ["id-other"]
    step.verify(opened, change)

    opened = replace(opened, lookup_cache=LookupCache())
    assert isinstance(step.check(opened), Change), "the journal does not know yet"
    opened.journal.append("done", step="build", step_kind="build", facts=facts)
    opened = replace(opened, lookup_cache=LookupCache())
    assert isinstance(step.check(opened), Unchanged)
    changed(stack(opened, tmp_path, engine, a="3", b="3", c="3"))


def test_a_build_without_a_cache_proves_nothing(ctx: Context, tmp_path: Path) -> None:
    engine = Builds(tags={"image-a": "c-a", "image-b": "1", "image-c": "1"}, cached="1")
    opened = stack(ctx, tmp_path, engine, a="1", b="1", c="1")
    build = opened.service("a").build
    assert build is not None
    service = replace(opened.service("a"), build=replace(build, no_cache=True))
    services = {**opened.stack.services, "a": service}
    changed(replace(opened, stack=replace(opened.stack, services=services)))
    assert engine.built == ["image-a"] and engine.tags["image-a"] == "1", "no second build"
