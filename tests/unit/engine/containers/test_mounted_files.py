"""A secret that was modified after its container was started has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cosmicdeploy.engine.containers.comparison.mounted_files import mounted_differences
from cosmicdeploy.stack.model import Mount, Service

pytestmark = pytest.mark.unit

STARTED_AT = "2026-01-02T03:04:05.5Z"
STARTED = 1767323045.5


@pytest.mark.parametrize(
    ("status", "after", "changed"),
    [("running", -0.1, []), ("running", 0.1, ["secrets.token"]), ("exited", 0.1, [])],
)
def test_only_a_later_change_counts(
    tmp_path: Path, status: str, after: float, changed: list[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("x")
    os.utime(token, (STARTED + after, STARTED + after))
    mounts = (
        Mount(type="bind", source=str(token), target="/run/secrets/token", key="secrets.token"),
        Mount(type="bind", source=str(token), target="/plain"),
        Mount(type="bind", source="/not/here", target="/other", key="configs.other"),
    )
    service = Service(name="web", container_name="web", image="web", mounts=mounts)
    state = {"Status": status, "StartedAt": STARTED_AT}
    assert [each.key for each in mounted_differences(service, {"State": state})] == changed
