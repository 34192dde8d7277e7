"""Backup and restore beside the bare tools and beside mydumper/myloader, in alternated rounds.

    python -m benchmarks.backup --gigabytes 1 --rounds 3

Prints a table of the medians with the limits that are to be met; ends with 1 where one is not.
Everything it makes (a container, a folder) is removed at the end.
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

from benchmarks.contestants import ROOT, Contest, Run
from benchmarks.server import checksums, drop, fill, remake, server, settle
from cosmicdeploy.stack.variables.environment import read_env_file

MEMORY_LIMIT_MIB = 100
FLAT_MIB = 16
COPY = "copy"
T = TypeVar("T")
Runs = dict[str, list[Run]]


def main() -> int:
    options = arguments()
    require_mydumper()
    console = Console()
    image = read_env_file(ROOT / ".cache" / "images.env")["MARIADB_IMAGE"]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, server(image) as access:
        contest = Contest(access, Path(folder))
        small = [one for one in options.memory if one != options.gigabytes]
        peaks = {size: memory(contest, size) for size in small}
        console.print(f"filling a database of about {options.gigabytes} GB")
        fill(access, options.gigabytes)
        wanted = checksums(access, access.name)
        runs: Runs = defaultdict(list)
        for number in range(options.rounds):
            one_round(contest, runs, wanted, number)
            console.print(f"round {number + 1} of {options.rounds} done")
        peaks[options.gigabytes] = max(
            run.peak_mib for name in ("our dump", "our load") for run in runs[name]
        )
    console.print(measured(runs))
    limits = list(judged(runs, peaks))
    console.print(judgement(limits))
    return 0 if all(met for _, _, _, met in limits) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the plain dump")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=float, nargs="*", default=[0.1, 2.0], help="GB, memory")
    parser.add_argument("--folder", help="where to put the files (the disk that is measured)")
    return parser.parse_args()


def require_mydumper() -> None:
    if shutil.which("mydumper") is None:
        subprocess.run(["apt-get", "install", "-y", "-qq", "mydumper"], check=True)


def memory(contest: Contest, gigabytes: float) -> float:
    """The most memory in MiB that a backup and a restore of this size take."""
    fill(contest.access, gigabytes)
    remake(contest.access, COPY)
    peak = max(contest.our_dump().peak_mib, contest.our_load(COPY).peak_mib)
    drop(contest.access, COPY)
    return peak


def one_round(contest: Contest, runs: Runs, wanted: dict[str, object], number: int) -> None:
    """Everyone once; who begins changes from round to round."""
    dumps: list[tuple[str, Callable[[], Run]]] = [
        ("bare dump", contest.bare_dump),
        ("our dump", contest.our_dump),
        ("mydumper", contest.other_dump),
    ]
    loads: list[tuple[str, Callable[[str], Run]]] = [
        ("bare load", contest.bare_load),
        ("our load", contest.our_load),
        ("myloader", contest.other_load),
    ]
    for name, dump in rotated(dumps, number):
        settle(contest.access)
        runs[name].append(dump())
    for name, load in rotated(loads, number):
        remake(contest.access, COPY)
        settle(contest.access)
        runs[name].append(load(COPY))
        if checksums(contest.access, COPY) != wanted:
            raise SystemExit(f"{name}: the end state is not the original's")
        drop(contest.access, COPY)


def rotated(items: list[T], number: int) -> list[T]:
    first = number % len(items)
    return items[first:] + items[:first]


def median(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def judged(runs: Runs, peaks: dict[float, float]) -> Iterator[tuple[str, str, str, bool]]:
    """Figure, as measured, its limit, whether it is met."""
    for name, ours, theirs, limit in (
        ("backup beside the bare dump", "our dump", "bare dump", 1.15),
        ("restore beside the bare load", "our load", "bare load", 0.7),
        ("backup beside mydumper, 2 threads", "our dump", "mydumper", 1.1),
        ("restore beside myloader, 2 threads", "our load", "myloader", 1.1),
    ):
        ratio = median(runs[ours]) / median(runs[theirs])
        yield name, f"{ratio:.2f} x", f"<= {limit} x", ratio <= limit
    share = runs["our dump"][-1].bytes / runs["bare dump"][-1].bytes
    yield "size beside the bare dump", f"{share:.1%}", "≤ 25 %", share <= 0.25
    sizes = sorted(peaks)
    text = ", ".join(f"{size:g} GB: {peaks[size]:.0f} MiB" for size in sizes)
    flat = peaks[sizes[-1]] - peaks[sizes[0]] <= FLAT_MIB
    met = flat and max(peaks.values()) < MEMORY_LIMIT_MIB
    yield "memory of the deployer", text, f"< {MEMORY_LIMIT_MIB} MiB, flat", met


def measured(runs: Runs) -> Table:
    table = Table("", "median s", "all s", "client CPU s", "server CPU s", "MB", title="Measured")
    for name, list_ in runs.items():
        table.add_row(
            name,
            f"{median(list_):.1f}",
            " ".join(f"{run.seconds:.1f}" for run in list_),
            f"{statistics.median(run.client_cpu for run in list_):.1f}",
            f"{statistics.median(run.server_cpu for run in list_):.1f}",
            f"{list_[-1].bytes / 1e6:.0f}" if list_[-1].bytes else "",
        )
    return table


def judgement(limits: list[tuple[str, str, str, bool]]) -> Table:
    table = Table("figure", "measured", "limit", "met", title="Limits")
    for name, text, limit, met in limits:
        table.add_row(name, text, limit, "yes" if met else "NO")
    return table


if __name__ == "__main__":
    sys.exit(main())
