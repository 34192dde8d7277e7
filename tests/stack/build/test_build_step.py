"""The step `build`: what it builds, once, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.events import Event, Progress
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.images.build import BuildStep
from cosmicdeploy.workspace import open_stack
from tests.stack.build.images import Workshop, in_image, workshop

pytestmark = pytest.mark.stack

NAMES = ("a", "b", "c", "d", "e")
SETTINGS = """\
services: {app: [a, b, c, d, e], database: db}
app: {console: [none], health_path: /, release_variable: RELEASE}
database: {name: none}
"""
COMPOSE = """\
name: {project}
x-build: &build
  context: .
  args: {{RELEASE: "${{RELEASE:-1}}"}}
  tags: ["{project}-more:1"]
services:
{services}  db: {{image: nothing}}
"""
DOCKERFILE = "FROM {base}\nARG RELEASE\nRUN echo once-$RELEASE >/release\nCOPY app.py /srv/\n"


@dataclass
class Five:
    """Five services with one build section, and images of their own."""

    shop: Workshop
    project: str
    events: list[Event] = field(default_factory=list)

    def open(self) -> Context:
        return open_stack(self.shop.folder / "cosmicdeploy.yaml", self.events.append)

    def check(self) -> Change | Unchanged:
        return BuildStep(name="build").check(self.open())

    def deploy(self) -> Change:
        """Check and apply the step; `lines` are then those of this build."""
        self.events.clear()
        ctx = self.open()
        change = BuildStep(name="build").check(ctx)
        assert isinstance(change, Change), change.reason
        BuildStep(name="build").apply(ctx, change)
        BuildStep(name="build").verify(ctx, change)
        return change

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Progress)]

    @property
    def images(self) -> list[str]:
        return [f"{self.project}-{name}" for name in NAMES]

    def ids(self) -> set[str | None]:
        found = [self.shop.engine.image(image) for image in self.images]
        return {image.id if image else None for image in found}


@pytest.fixture
def five(tmp_path: Path) -> Iterator[Five]:
    with workshop(tmp_path) as shop:
        made = Five(shop, f"cosmic-b{uuid4().hex[:6]}")
        services = "".join(f"  {name}: {{build: *build}}\n" for name in NAMES)
        compose = COMPOSE.format(project=made.project, services=services)
        shop.write({"Dockerfile": DOCKERFILE, "app.py": "1", "cosmicdeploy.yaml": SETTINGS})
        shop.write({"docker-compose.prod.yml": compose, ".env": ""})
        shop.tags += [*made.images, f"{made.project}-more:1"]
        yield made


def test_services_with_the_same_build_are_built_once(five: Five) -> None:
    change = five.deploy()
    assert "(does not exist) as release 1" in change.summary
    assert sum("RUN echo" in line for line in five.lines) == 1
    assert any(line.endswith("with BuildKit") for line in five.lines)
    (image,) = five.ids()
    assert image and in_image(image, "cat /release") == "once-1\n"
    assert five.shop.engine.image(f"{five.project}-more:1").id == image

    began = time.monotonic()
    assert isinstance(five.check(), Unchanged)
    assert time.monotonic() - began < 2

    five.shop.engine.untag(five.images[3])
    change = five.deploy()
    assert next(iter(change.before["tags"])) == five.images[3]
    assert five.lines == [], "another name of the same image needs no build"
    assert five.ids() == {image}


def test_an_undone_build_leaves_the_images_as_they_were(five: Five) -> None:
    five.deploy()
    before = five.ids()
    five.shop.write({"app.py": "2"})
    change = five.deploy()
    assert "sources, arguments or base changed" in change.summary
    new = five.ids()
    assert len(new) == 1 and new != before
    BuildStep(name="build").undo(five.open(), change)
    assert five.ids() == before
    assert five.shop.engine.image(new.pop()) is None


def test_an_image_of_unknown_sources_is_built_and_the_plan_says_so(five: Five) -> None:
    base = five.shop.docker_build()
    for image in five.images:
        five.shop.engine.tag(base, image)
    found = five.check()
    assert isinstance(found, Change)
    assert "not built by cosmicdeploy: stays if a build gives the same image" in found.summary
