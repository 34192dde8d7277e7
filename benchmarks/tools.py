"""Make the same backup and restore with each tool, and measure it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.server import cpu_seconds
from cosmicdeploy.database.access import DatabaseAccess

ROOT = Path(__file__).resolve().parents[1]
DUMP = "mysqldump -uroot --single-transaction --quick --routines --events --triggers --hex-blob"


@dataclass(frozen=True)
class Run:
    """The measurements of a run: wall time, and CPU time of client and server, in seconds.

    `bytes` is the size of the backup. `peak_mib` is measured only for cosmicdeploy. `proof` is the
    seconds of the proof of the structure, measured only for cosmicdeploy's backup.
    """

    seconds: float
    client_cpu: float
    server_cpu: float
    bytes: int = 0
    peak_mib: float = 0
    proof: float = 0


@dataclass(frozen=True)
class Tools:
    """Runs the tools on one server and in one folder; each method runs and measures one tool."""

    access: DatabaseAccess
    folder: Path

    @property
    def bare_file(self) -> Path:
        return self.folder / "bare.sql"

    @property
    def mydumper_folder(self) -> Path:
        return self.folder / "mydumper"

    def bare_dump(self) -> Run:
        with self.bare_file.open("wb") as file:
            run = self._run([*self._in_container(), *DUMP.split(), "bench"], out=file)
        return replace(run, bytes=self.bare_file.stat().st_size)

    def bare_load(self, schema: str) -> Run:
        with self.bare_file.open("rb") as file:
            return self._run([*self._in_container("-i"), "mysql", "-uroot", schema], stdin=file)

    def mydumper(self) -> Run:
        shutil.rmtree(self.mydumper_folder, ignore_errors=True)
        # Dumped in chunks (-r), so that both threads of myloader can load the large table.
        tool = ["mydumper", *self._address(), "-B", "bench", "-t", "2", "-c", "-r", "200000"]
        run = self._run([*tool, "-o", str(self.mydumper_folder)])
        size = sum(path.stat().st_size for path in self.mydumper_folder.iterdir())
        return replace(run, bytes=size)

    def myloader(self, schema: str) -> Run:
        tool = ["myloader", *self._address(), "-B", schema, "-t", "2"]
        return self._run([*tool, "-d", str(self.mydumper_folder)])

    def cosmicdeploy_backup(self, prove: str = "structure") -> Run:
        shutil.rmtree(self.folder / "backups", ignore_errors=True)
        return self._cosmicdeploy("backup", prove=prove)

    def cosmicdeploy_restore(self, schema: str) -> Run:
        return self._cosmicdeploy("restore", schema)

    def _cosmicdeploy(self, operation: str, schema: str = "", prove: str = "") -> Run:
        access = asdict(self.access)
        del access["bookkeeping"]  # the default one, which is no plain value
        task = {
            "access": access,
            "folder": str(self.folder / "backups"),
            "operation": operation,
            "schema": schema,
            "prove": prove,
        }
        server_cpu_before = cpu_seconds(self.access)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.single_run"],
            cwd=ROOT,
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        result = json.loads(done.stdout)
        return Run(
            result["seconds"],
            result["cpu"],
            cpu_seconds(self.access) - server_cpu_before,
            bytes=result["compressed"],
            peak_mib=result["peak_mib"],
            proof=result["proof"],
        )

    def _in_container(self, *flags: str) -> list[str]:
        return ["docker", "exec", *flags, "-e", "MYSQL_PWD", self.access.container_id]

    def _address(self) -> list[str]:
        # mydumper takes a password only as an option; this one is valid only during the benchmark.
        access = self.access
        return ["-h", access.host, "-P", str(access.port), "-u", "root", "-p", access.password]

    def _run(self, argv: list[str], stdin: object = None, out: object = None) -> Run:
        server_cpu_before = cpu_seconds(self.access)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
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
        return Run(seconds, cpu, cpu_seconds(self.access) - server_cpu_before)
