"""The mounts of a container that another tool created, read as the engine reports them."""

from __future__ import annotations

from typing import Any

import pytest

from cosmicdeploy.engine.containers.comparison.mounts import declared_mounts, present_mounts
from cosmicdeploy.stack.model import BindOptions, Mount, Service

pytestmark = pytest.mark.unit

# The engine accepts `-v /data` in `Binds` too, and keeps it there as it is.
ANONYMOUS = {"Type": "volume", "Name": "a" * 64, "Destination": "/data", "RW": True}
FOLDER = {"Type": "bind", "Source": "/srv/www", "Destination": "/www", "RW": False}
SERVICE = Service(
    name="web",
    container_name="web",
    image="web",
    mounts=(
        Mount(type="volume", source="", target="/data"),
        Mount(
            type="bind",
            source="/srv/www",
            target="/www",
            read_only=True,
            bind=BindOptions(selinux="z", propagation="rslave"),
        ),
    ),
)


def container(**host: Any) -> dict[str, Any]:
    binds = ["/data/", "/srv/www:/www:ro,z,rslave"]
    return {
        "HostConfig": {"Binds": binds, **host},
        "Config": {},
        "Mounts": [ANONYMOUS, FOLDER],
    }


@pytest.mark.parametrize("host", [{}, {"VolumesFrom": ["other"]}])
def test_a_bind_may_name_only_its_target(host: dict[str, Any]) -> None:
    assert present_mounts(container(**host)) == declared_mounts(SERVICE, {})


def test_the_mounts_of_another_container_are_left_out() -> None:
    present = container(VolumesFrom=["other"])
    present["Mounts"].append({**FOLDER, "Destination": "/other"})
    assert present_mounts(present) == declared_mounts(SERVICE, {})
