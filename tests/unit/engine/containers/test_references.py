"""References to other containers become ids and names when a container is created."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cosmicdeploy.engine.containers.creation.create_request import container_body
from cosmicdeploy.engine.containers.creation.hash_override import hash_override, source_overrides
from cosmicdeploy.engine.containers.creation.references import (
    referred_services,
    unresolved,
    with_references,
)
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.stack.model import Attachment, Dependency, Link, Service

pytestmark = pytest.mark.unit

WEB = Service(
    name="web",
    container_name="shop-web-1",
    image="web",
    ipc="service:base",
    pid="container:other",
    volumes_from=("base:ro", "container:other"),
    links=(Link(alias="store", service="base"), Link(alias="there", container="theirs")),
    networks=(Attachment(network="shop_default", aliases=("web",)),),
    depends_on={"base": Dependency(restart=True)},
)


def container(name: str, container_id: str, status: str = "running") -> Container:
    return Container(
        id=container_id, name=name, service="base", project="shop", image_id="i", status=status
    )


CONTAINERS = [
    container("shop-base-1-before-0123abcd", "superseded"),
    container("shop-base-1", "in-place"),
    container("shop-base-2", "stopped", "exited"),
]


def find_id(name: str) -> str | None:
    return {"other": "other-id"}.get(name)


def test_references_are_to_the_container_in_place() -> None:
    resolved = with_references(WEB, "shop", CONTAINERS, find_id)
    assert (resolved.ipc, resolved.pid) == ("container:in-place", "container:other-id")
    assert unresolved(resolved) == []
    host = container_body(resolved, "web", {}, {})["HostConfig"]
    assert host["VolumesFrom"] == ["in-place:ro", "other-id"]
    assert host["Links"] == [
        "shop-base-1:store",
        "shop-base-1:base-1",
        "shop-base-1:shop-base-1",
        "shop-base-2:store",
        "shop-base-2:base-1",
        "shop-base-2:shop-base-1",
        "theirs:there",
    ]


def test_a_reference_to_a_service_without_a_container_stays_and_is_named() -> None:
    resolved = with_references(WEB, "shop", [], find_id)
    assert resolved.ipc == "service:base"
    assert unresolved(resolved) == ["base"]


def test_links_alone_need_no_other_container_once_the_linked_one_is_replaced() -> None:
    assert referred_services(WEB) == {"base"}
    assert referred_services(replace(WEB, ipc=None, volumes_from=())) == set()


def test_a_service_may_have_the_word_container_at_the_end_of_its_name() -> None:
    assert referred_services(replace(WEB, volumes_from=("my-container:ro",))) == {
        "base", "my-container"
    }  # fmt: skip


def test_compose_hashes_what_it_would_create() -> None:
    resolved = with_references(WEB, "shop", CONTAINERS, find_id)
    assert hash_override([(replace(WEB, ipc=None, volumes_from=()), resolved)]) == ""
    assert hash_override([(replace(WEB, volumes_from=()), resolved)]) == (
        'services: {"web": {depends_on: {"base": {"condition": "service_started", "restart": true,'
        ' "required": true}}, ipc: "container:in-place", pid: "container:other-id"}}\n'
    )
    assert hash_override([(WEB, resolved)]) == "", "it is hashed apart, since it has volumes_from"


def test_a_service_with_volumes_from_is_hashed_with_the_ids_of_its_sources() -> None:
    resolved = with_references(WEB, "shop", CONTAINERS, find_id)
    found = source_overrides([(WEB, resolved), (replace(WEB, volumes_from=()), resolved)], "front")
    assert found is not None and found.services == ("web",)
    depends = (
        'depends_on: {"base": {"condition": "service_started", "restart": true, "required": true}}'
    )
    assert found.as_declared == f'services: {{"web": {{{depends}}}}}\n'
    assert found.by_id == (
        f'services: {{"web": {{{depends}, ipc: "container:in-place", pid: "container:other-id",'
        ' volumes_from: !override ["in-place", "other"]}}\n'
    )
    front = replace(WEB, networks=(Attachment(network="front"),))
    in_front = source_overrides([(front, resolved)], "front")
    assert in_front is not None and "networks: {default: null}" in in_front.as_declared
    unknown = with_references(WEB, "shop", [], find_id)
    assert source_overrides([(WEB, unknown)], "front") is None, "its source has no container yet"
