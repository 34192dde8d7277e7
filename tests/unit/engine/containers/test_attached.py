"""A container's mounts compared with the declared ones: equal mounts have equal entries."""

from __future__ import annotations

from cosmicdeploy.engine.containers.comparison.image_defaults import inherited_volumes
from cosmicdeploy.engine.containers.comparison.mounts import declared_mounts, present_mounts
from cosmicdeploy.stack.model import Mount, Service

VOLUME = {"Type": "volume", "Name": "a" * 64, "Source": "/v", "Destination": "/data", "RW": True}


def service(*mounts: Mount) -> Service:
    return Service(name="web", container_name="web", image="web", mounts=mounts)


def test_a_trailing_slash_in_an_images_volume_makes_no_difference() -> None:
    image = {"Volumes": {"/data/": {}}}
    present = present_mounts({"HostConfig": {}, "Mounts": [VOLUME]})
    assert declared_mounts(service(), image) == present == {"mounts./data": "anonymous volume"}
    assert inherited_volumes(service(), image, {"/data": "a"}) == {"/data": "a"}


def test_a_mount_over_an_images_volume_replaces_it() -> None:
    memory = Mount(type="tmpfs", source="", target="/data")
    present = present_mounts({"HostConfig": {"Tmpfs": {"/data": ""}}, "Mounts": [VOLUME]})
    assert declared_mounts(service(memory), {"Volumes": {"/data": {}}}) == present
