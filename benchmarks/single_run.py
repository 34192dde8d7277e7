"""Make one backup or restore with cosmicdeploy in a separate process, to measure its memory.

Reads {"access", "folder", "operation", "schema", "prove"} as JSON from standard input: as an
argument, the password would be visible in process lists. Prints {"seconds", "cpu", "peak_mib",
"compressed", "proof"}: seconds, CPU seconds, MiB, the bytes of the backup, and the seconds of the
proof of its structure.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.backup import Backup
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.restore.manifest_diff import differences
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine import connect


def main() -> None:
    task = json.load(sys.stdin)
    access = DatabaseAccess(**task["access"])
    catalogue, engine = Catalogue(Path(task["folder"])), connect()
    started = time.monotonic()
    if task["operation"] == "backup":
        options = DumpOptions(prove=task["prove"])
        backup = create_backup(engine, access, catalogue, options=options)
    else:
        backup = catalogue.get("latest")
        load_schema(access, backup, task["schema"])
        _require_equal(access, backup, task["schema"])
    seconds, compressed = time.monotonic() - started, backup.manifest.compressed
    proof = backup.manifest.structure_proof
    assert compressed  # noqa: S101 - every good backup has it
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": sum(os.times()[:2]),
                "peak_mib": peak_mib(),
                "compressed": compressed.bytes,
                "proof": proof.seconds if proof else 0.0,
            }
        )
    )


def _require_equal(access: DatabaseAccess, backup: Backup, schema: str) -> None:
    with open_session(access) as session:
        if reasons := differences(backup, Facts(session, schema)):
            raise SystemExit(f"the restored schema differs: {reasons}")


def peak_mib() -> float:
    """Return the peak resident memory of this process, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak  # noqa: S101 - always there on Linux
    return int(peak[1]) / 1024


if __name__ == "__main__":
    main()
