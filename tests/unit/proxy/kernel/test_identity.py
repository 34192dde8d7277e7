"""Whether a path in a container is a file of this host: only a successful `stat` is evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.proxy.kernel.identity import is_same_file
from tests.unit.proxy.engine import ScriptedEngine, replicas_and_proxy

pytestmark = pytest.mark.unit


class Answering(ScriptedEngine):
    """An engine whose `stat` answers with one result."""

    result = ExecResult(exit_code=0)

    def exec(self, container_id: str, argv: Any) -> ExecResult:
        return self.result


@pytest.mark.parametrize(
    ("code", "text", "is_same"),
    [
        (0, "{own}\n", True),
        (0, "1:1\n", False),
        (127, "OCI runtime exec failed: exec failed: stat: not found\n", None),
        (1, "BusyBox v1.36 multi-call binary. Usage: stat [-L] FILE\n", None),
        (1, "", None),
    ],
)
def test_a_failed_stat_leaves_it_open(
    stack_of: Callable[..., Any], tmp_path: Path, code: int, text: str, is_same: bool | None
) -> None:
    own = f"{tmp_path.stat().st_dev}:{tmp_path.stat().st_ino}"
    engine = Answering(replicas_and_proxy())
    engine.result = ExecResult(exit_code=code, stdout=text.format(own=own).encode())
    ctx = stack_of(engine)
    assert is_same_file(ctx, engine.containers["proxy"], "/run/out", tmp_path) is is_same
