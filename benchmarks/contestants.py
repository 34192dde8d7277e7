"""The same work by four others: the bare tools, and mydumper with myloader."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.server import cpu_seconds
from cosmicdeploy.database.access import DatabaseAccess

ROOT = Path(__file__).resolve().parents[1]
DUMP = "mysqldump -uroot --single-transaction --quick --routines --events --triggers --hex-blob"


@dataclass(frozen=True)
class Run:
    """Seconds of the clock, and of the processors: the client's and the server's."""

    seconds: float
    client_cpu: float
    server_cpu: float
    bytes: int = 0
    raw: int = 0
    peak_mib: float = 0


@dataclass(frozen=True)
class Contest:
    """One server and one folder; every method does the work once and measures it."""

    access: DatabaseAccess
    folder: Path

    @property
    def bare_file(self) -> Path:
        return self.folder / "bare.sql"

    @property
    def other_folder(self) -> Path:
        return self.folder / "mydumper"

    def bare_dump(self) -> Run:
        with self.bare_file.open("wb") as file:
            run = self._run([*self._inside(), *DUMP.split(), "bench"], out=file)
        return Run(**{**asdict(run), "bytes": self.bare_file.stat().st_size})

    def bare_load(self, schema: str) -> Run:
        with self.bare_file.open("rb") as file:
            return self._run([*self._inside("-i"), "mysql", "-uroot", schema], stdin=file)

    def other_dump(self) -> Run:
        shutil.rmtree(self.other_folder, ignore_errors=True)
        # In pieces, so that both threads share the large table when it is loaded.
        tool = ["mydumper", *self._address(), "-B", "bench", "-t", "2", "-c", "-r", "200000"]
        run = self._run([*tool, "-o", str(self.other_folder)])
        size = sum(path.stat().st_size for path in self.other_folder.iterdir())
        return Run(**{**asdict(run), "bytes": size})

    def other_load(self, schema: str) -> Run:
        tool = ["myloader", *self._address(), "-B", schema, "-t", "2"]
        return self._run([*tool, "-d", str(self.other_folder)])

    def our_dump(self) -> Run:
        shutil.rmtree(self.folder / "backups", ignore_errors=True)
        return self._ours("backup")

    def our_load(self, schema: str) -> Run:
        return self._ours("restore", schema)

    def _ours(self, what: str, schema: str = "") -> Run:
        task = {
            "access": {**asdict(self.access)},
            "folder": str(self.folder / "backups"),
            "what": what,
            "schema": schema,
        }
        before = cpu_seconds(self.access)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ours"],
            cwd=ROOT,
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        return Run(
            told["seconds"],
            told["cpu"],
            cpu_seconds(self.access) - before,
            bytes=told["compressed"],
            raw=told["raw"],
            peak_mib=told["peak_mib"],
        )

    def _inside(self, *flags: str) -> list[str]:
        return ["docker", "exec", *flags, "-e", "MYSQL_PWD", self.access.container_id]

    def _address(self) -> list[str]:
        # Only by this option does mydumper take a password; it lives as long as the benchmark.
        access = self.access
        return ["-h", access.host, "-P", str(access.port), "-u", "root", "-p", access.password]

    def _run(self, argv: list[str], stdin: object = None, out: object = None) -> Run:
        before, server = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_seconds(self.access)
        started = time.monotonic()
        subprocess.run(
            argv,
            env={**os.environ, "MYSQL_PWD": self.access.password},
            stdin=stdin or subprocess.DEVNULL,  # type: ignore[arg-type]
            stdout=out,  # type: ignore[arg-type]
            check=True,
        )
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(seconds, cpu, cpu_seconds(self.access) - server)
