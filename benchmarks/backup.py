"""Compare cosmicdeploy's backup and restore with mysqldump/mysql and with mydumper/myloader.

    python -m benchmarks.backup --gigabytes 1 --rounds 3

Prints each result as soon as it is known, then the medians of the rounds and the limits. Exits with
1 if a limit is not met. The benchmark's database container and folder are removed at the end.
"Bare" means mysqldump and mysql. With --data, also measures what the checksums of all rows cost
(`backup.prove: data`) in a backup and in its restore. One round takes less than 6 minutes on two
cores.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.data import application_tables
from benchmarks.server import checksums, drop, fill, fill_with, recreate, server, settle
from benchmarks.tools import ROOT, Run, Tools
from cosmicdeploy.stack.variables.environment import read_env_file

MEMORY_LIMIT_MIB = 100
# For the largest database, the deployer may need at most this much more memory than for the
# smallest.
FLAT_MIB = 16
# The benchmark of the structure's proof: the number of tables, the limit in seconds, the number of
# measurements.
TABLES = 100
PROOF_LIMIT = 1.0
PROOFS = 3
COPY = "copy"
BACKUP, RESTORE = "cosmicdeploy backup", "cosmicdeploy restore"
WITH_DATA = ", rows compared"
T = TypeVar("T")
Runs = dict[str, list[Run]]


def main() -> int:
    options = arguments()
    require_mydumper()
    console = Console()
    image = read_env_file(ROOT / ".cache" / "images.env")["MARIADB_IMAGE"]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, server(image) as access:
        tools = Tools(access, Path(folder))
        proofs = [proof_seconds(tools, TABLES) for _ in range(PROOFS)]
        console.print(f"proof of {TABLES} tables: {statistics.median(proofs):.2f} s")
        peaks: dict[float, float] = {}
        for size in memory_sizes(options):
            peaks[size] = peak_memory(tools, size)
            console.print(f"memory at {size:g} GB: {peaks[size]:.0f} MiB")
        console.print(f"filling a database of about {options.gigabytes} GB")
        fill(access, options.gigabytes)
        original = checksums(access, access.name)
        runs: Runs = defaultdict(list)
        for number in range(options.rounds):
            console.print(f"round {number + 1} of {options.rounds}")
            for name, run in run_round(tools, original, number, data=options.data):
                runs[name].append(run)
                console.print(f"  {name}: {run.seconds:.1f} s")
        peaks[options.gigabytes] = max(
            run.peak_mib for name in (BACKUP, RESTORE) for run in runs[name]
        )
    console.print(runs_table(runs))
    limits = [*check_limits(runs, peaks), proof_limit(proofs)]
    console.print(limits_table(limits))
    return 0 if all(is_met for _, _, _, is_met in limits) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--gigabytes", type=float, default=1.0, help="size of the uncompressed dump"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of times that each tool runs")
    parser.add_argument(
        "--memory",
        type=float,
        nargs="*",
        help="other sizes in GB, for which only the memory is measured (default: 0.1 2; for a"
        " single round 0.1)",
    )
    parser.add_argument(
        "--data", action="store_true", help="measure backups with checksums of all rows too"
    )
    parser.add_argument("--folder", help="folder for the files, on the disk to measure")
    return parser.parse_args()


def memory_sizes(options: argparse.Namespace) -> list[float]:
    """Return the sizes in GB for which only the memory is measured."""
    default = [0.1] if options.rounds == 1 else [0.1, 2.0]
    sizes: list[float] = default if options.memory is None else options.memory
    return [size for size in sizes if size != options.gigabytes]


def require_mydumper() -> None:
    if shutil.which("mydumper") is None:
        subprocess.run(["apt-get", "install", "-y", "-qq", "mydumper"], check=True)


def peak_memory(tools: Tools, gigabytes: float) -> float:
    """Return the peak memory in MiB of a backup and a restore of this size."""
    fill(tools.access, gigabytes)
    recreate(tools.access, COPY)
    peak = max(tools.cosmicdeploy_backup().peak_mib, tools.cosmicdeploy_restore(COPY).peak_mib)
    drop(tools.access, COPY)
    return peak


def proof_seconds(tools: Tools, tables: int) -> float:
    """Return the seconds that a backup of this many tables spends on the proof of its structure."""
    fill_with(tools.access, application_tables(tables))
    settle(tools.access)
    return tools.cosmicdeploy_backup().proof


def proof_limit(proofs: list[float]) -> tuple[str, str, str, bool]:
    """Return the limit of the structure's proof as `check_limits` yields limits."""
    seconds = statistics.median(proofs)
    text = f"{seconds:.2f} s ({' '.join(f'{each:.2f}' for each in proofs)})"
    name = f"proof of the structure of {TABLES} tables"
    return name, text, f"< {PROOF_LIMIT:g} s", seconds < PROOF_LIMIT


def run_round(
    tools: Tools, original: dict[str, object], number: int, *, data: bool
) -> Iterator[tuple[str, Run]]:
    """Run each tool once, beginning with a different one in each round; yield name and result."""
    dumps: list[tuple[str, Callable[[], Run]]] = [
        ("bare dump", tools.bare_dump),
        (BACKUP, tools.cosmicdeploy_backup),
        ("mydumper", tools.mydumper),
    ]
    loads: list[tuple[str, Callable[[str], Run]]] = [
        ("bare load", tools.bare_load),
        (RESTORE, tools.cosmicdeploy_restore),
        ("myloader", tools.myloader),
    ]
    for name, dump in rotated(dumps, number):
        settle(tools.access)
        yield name, dump()
    for name, load in rotated(loads, number):
        yield name, run_load(tools, original, name, load)
    if data:
        settle(tools.access)
        yield f"{BACKUP}{WITH_DATA}", tools.cosmicdeploy_backup(prove="data")
        name = f"{RESTORE}{WITH_DATA}"
        yield name, run_load(tools, original, name, tools.cosmicdeploy_restore)


def run_load(
    tools: Tools, original: dict[str, object], name: str, load: Callable[[str], Run]
) -> Run:
    """Run one load into an empty schema, compare its rows, and drop the schema."""
    recreate(tools.access, COPY)
    settle(tools.access)
    run = load(COPY)
    if checksums(tools.access, COPY) != original:
        raise SystemExit(f"{name}: the loaded data differs from the original")
    drop(tools.access, COPY)
    return run


def rotated(items: list[T], number: int) -> list[T]:
    first = number % len(items)
    return items[first:] + items[:first]


def median(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def check_limits(runs: Runs, peaks: dict[float, float]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the name of each figure, its value, its limit, and whether the limit is met."""
    for name, measured, reference, limit in (
        ("backup / bare dump", BACKUP, "bare dump", 1.15),
        ("restore / bare load", RESTORE, "bare load", 0.7),
        ("backup / mydumper, 2 threads", BACKUP, "mydumper", 1.1),
        ("restore / myloader, 2 threads", RESTORE, "myloader", 1.1),
    ):
        ratio = median(runs[measured]) / median(runs[reference])
        yield name, f"{ratio:.2f} x", f"<= {limit} x", ratio <= limit
    for name in (BACKUP, RESTORE):
        if with_data := runs.get(f"{name}{WITH_DATA}"):
            ratio = median(with_data) / median(runs[name])
            yield f"{name}{WITH_DATA} / without", f"{ratio:.2f} x", "reported only", True
    share = runs[BACKUP][-1].bytes / runs["bare dump"][-1].bytes
    yield "size / bare dump", f"{share:.1%}", "≤ 25 %", share <= 0.25
    sizes = sorted(peaks)
    text = ", ".join(f"{size:g} GB: {peaks[size]:.0f} MiB" for size in sizes)
    is_flat = peaks[sizes[-1]] - peaks[sizes[0]] <= FLAT_MIB
    is_met = is_flat and max(peaks.values()) < MEMORY_LIMIT_MIB
    yield "memory of the deployer", text, f"< {MEMORY_LIMIT_MIB} MiB, flat", is_met


def runs_table(runs: Runs) -> Table:
    table = Table("", "median s", "all s", "client CPU s", "server CPU s", "MB", title="Measured")
    for name, each in runs.items():
        table.add_row(
            name,
            f"{median(each):.1f}",
            " ".join(f"{run.seconds:.1f}" for run in each),
            f"{statistics.median(run.client_cpu for run in each):.1f}",
            f"{statistics.median(run.server_cpu for run in each):.1f}",
            f"{each[-1].bytes / 1e6:.0f}" if each[-1].bytes else "",
        )
    return table


def limits_table(limits: list[tuple[str, str, str, bool]]) -> Table:
    table = Table("figure", "measured", "limit", "met", title="Limits")
    for name, text, limit, is_met in limits:
        table.add_row(name, text, limit, "yes" if is_met else "NO")
    return table


if __name__ == "__main__":
    sys.exit(main())
