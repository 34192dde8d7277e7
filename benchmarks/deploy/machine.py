"""Describe the machine of a benchmark."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import datetime
from pathlib import Path

import docker

from benchmarks.deploy.ways.ansible import versions


def describe(load_average: tuple[float, float, float]) -> list[str]:
    """Return lines with date, machine and tools; `load_average` is from before the benchmark."""
    engine = docker.from_env().version()["Version"]
    now = datetime.now().astimezone().isoformat(timespec="minutes")
    load = " ".join(f"{value:.1f}" for value in load_average)
    return [
        f"Date: {now}",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_gibibytes():.0f} GiB,"
        f" Linux {platform.release()}; load at the start: {load}",
        f"Tools: Docker Engine {engine}, {_first_line('docker-compose', 'version')},"
        f" {versions() or 'no Ansible'}, Python {platform.python_version()}",
    ]


def _processor() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return model[1] if model else platform.machine()


def _gibibytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _first_line(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return f"no {argv[0]}"
    return (done.stdout.splitlines() or [f"no {argv[0]}"])[0]
