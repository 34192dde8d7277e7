"""What a shell in a container says about its mounts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.probes.storage.mounts import UnwritableMount, Use, unwritable_mounts

pytestmark = pytest.mark.unit

OUTPUT = b"""\
welcome
to web
denied www-data /srv/my files
read-only - /data
"""


def test_lines_of_a_shells_start_file_are_no_mounts() -> None:
    result = ExecResult(exit_code=0, stdout=OUTPUT)
    engine = SimpleNamespace(exec_as=lambda *_, **__: result)
    ctx: Any = SimpleNamespace(engine=engine)
    container: Any = SimpleNamespace(id="c", name="web")
    assert unwritable_mounts(
        ctx, container, {"/srv/my files": Use.DATA, "/data": Use.DATA}, ""
    ) == [
        UnwritableMount(target="/srv/my files", is_read_only=False, owner="www-data"),
        UnwritableMount(target="/data", is_read_only=True, owner="-"),
    ]
