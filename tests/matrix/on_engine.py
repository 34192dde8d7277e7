"""Run one row in the network of an engine: `python -m tests.matrix.on_engine ENGINE STACK ORIGIN`.

DOCKER_HOST names the engine. Prints the row as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from cosmicdeploy.engine.connection import open_client
from tests.matrix.result import Row
from tests.matrix.subjects import SUBJECTS
from tests.stack.support.origins import ORIGINS


def main(engine: str, subject: str, origin: str) -> None:
    row = Row(engine=engine, stack=subject, origin=origin)
    _describe(row)
    temporary = tempfile.TemporaryDirectory(prefix="matrix-", ignore_cleanup_errors=True)
    with temporary as folder, row.step("set-up"):
        row.made_by = ORIGINS[origin].require_version()
        SUBJECTS[subject].run(row, ORIGINS[origin], Path(folder) / "stack")
    print(json.dumps(row.to_json()))


def _describe(row: Row) -> None:
    client = open_client()
    version: dict[str, Any] = client.version()
    info: dict[str, Any] = client.info()
    row.version, row.api = version["Version"], version["ApiVersion"]
    row.store = info["Driver"] + (" (containerd)" if _is_containerd(info) else "")


def _is_containerd(info: dict[str, Any]) -> bool:
    return any("containerd" in str(value) for _, value in info.get("DriverStatus") or [])


if __name__ == "__main__":
    main(*sys.argv[1:])
