"""Mounts under the file's names, as declared and as the engine tells them: equal where they are."""

from __future__ import annotations

from cosmicdeploy.engine.containers.image_defaults import inherited_volumes
from cosmicdeploy.engine.containers.mounts_and_networks import declared_mounts, present_mounts
from cosmicdeploy.stack.model import Mount, Service

VOLUME = {"Type": "volume", "Name": "a" * 64, "Source": "/v", "Destination": "/data", "RW": True}


def service(*mounts: Mount) -> Service:
    return Service(name="web", container_name="web", image="web", mounts=mounts)


def test_a_place_that_an_image_writes_with_a_slash_is_the_engine_s_without() -> None:
    image = {"Volumes": {"/data/": {}}}
    present = present_mounts({"HostConfig": {}, "Mounts": [VOLUME]})
    assert declared_mounts(service(), image) == present == {"mounts./data": "anonymous volume"}
    assert inherited_volumes(service(), image, {"/data": "a"}) == {"/data": "a"}


def test_what_is_mounted_over_an_image_s_volume_is_what_counts() -> None:
    memory = Mount(type="tmpfs", source="", target="/data")
    present = present_mounts({"HostConfig": {"Tmpfs": {"/data": ""}}, "Mounts": [VOLUME]})
    assert declared_mounts(service(memory), {"Volumes": {"/data": {}}}) == present
