"""Names of images, and which release an image or a container is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosmicdeploy.engine import Container, Image, labels
from cosmicdeploy.engine.registry.names import digest_of, repository_of, tag_of
from cosmicdeploy.engine.releases import declared_release, release_of_container
from cosmicdeploy.stack.model import Build, Service

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "repository", "tag"),
    [
        ("app", "app", "latest"),
        ("shop/app:2", "shop/app", "2"),
        ("host:5000/shop/app", "host:5000/shop/app", "latest"),
        ("host:5000/shop/app:2", "host:5000/shop/app", "2"),
        ("host:5000/app:2@sha256:0123456789abcdef", "host:5000/app", "2"),
        ("host/app@sha256:0123456789abcdef", "host/app", "sha256:0123456789ab"),
    ],
)
def test_a_name_has_a_repository_and_a_tag(name: str, repository: str, tag: str) -> None:
    assert (repository_of(name), tag_of(name)) == (repository, tag)


def test_the_digest_is_that_of_the_declared_repository() -> None:
    image = Image(id="sha256:1", digests=("mirror/app@sha256:a", "host:5000/app@sha256:b"))
    assert digest_of(image, "host:5000/app:2") == "host:5000/app@sha256:b"
    assert digest_of(image, "other/app:2") == "mirror/app@sha256:a"
    assert digest_of(Image(id="sha256:1"), "app") == digest_of(None, "app") == ""


def container(image_name: str, **own_labels: str) -> Container:
    return Container(
        id="c",
        name="app",
        service="app",
        project="shop",
        image_id="sha256:1",
        status="running",
        image_name=image_name,
        labels=own_labels,
    )


def test_a_pulled_container_is_the_release_of_its_image_else_label_else_tag() -> None:
    service = Service(name="app", container_name="app", image="shop/app:v3-prod")
    silent = Image(id="sha256:1")
    named = Image(id="sha256:1", environment={"RELEASE": "7"})
    plain = container("shop/app:v2-prod")
    marked = container("shop/app:v3-prod", **{labels.RELEASE: "1"})

    def release(found: Container, image: Image) -> str:
        return release_of_container(found, image, service, {"RELEASE": "3"}, "RELEASE")

    assert release(plain, named) == "7"
    assert (release(plain, silent), release(marked, silent)) == ("2", "1")
    assert release(container("sha256:1"), silent) == release(container("a:old"), silent) == ""


def test_a_release_may_be_a_variable_that_the_compose_file_gives() -> None:
    service = Service(
        name="app", container_name="app", image="python:3.11", environment={"RELEASE": "1"}
    )
    image = Image(id="sha256:1", environment={"RELEASE": "0"})
    found = replace(container("python:3.11"), environment={"RELEASE": "2"})
    assert release_of_container(found, image, service, {"RELEASE": "1"}, "RELEASE") == "2"
    assert declared_release(service, image, {"RELEASE": "1"}, "RELEASE") == "1"
    assert "RELEASE" not in repr(found), "variables may be secrets"


def test_the_declared_release_is_in_the_tag_if_the_variable_is() -> None:
    service = Service(name="app", container_name="app", image="shop/app:v2")
    built = Service(name="app", container_name="app", image="a:prod", build=Build(context=Path()))
    assert declared_release(service, None, {"RELEASE": "2"}, "RELEASE") == "2"
    assert declared_release(service, None, {"RELEASE": "stable"}, "RELEASE") == ""
    assert declared_release(service, None, {}, "RELEASE") == ""
    assert declared_release(built, Image(id="sha256:1"), {"RELEASE": "2"}, "RELEASE") == ""
