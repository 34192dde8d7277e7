"""Ask Compose v2 what it makes of a file; `config` needs no engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[4] / (
    ".cache/compose-v2/usr/libexec/docker/cli-plugins/docker-compose"
)
SHELL = {"OUTER": "shell", "EMPTY_OUTER": "", "HOME": "/root"}


def compose(
    folder: Path, *words: str, form: str = "json", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run `config` in a folder."""
    return subprocess.run(
        [PROGRAM, *words, "config", "--format", form],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **SHELL, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def print_config(file: Path, form: str) -> subprocess.CompletedProcess[str]:
    """Run `config` on a file."""
    return compose(file.parent, "--file", file.name, form=form)


def configured(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The file as Compose understands it; `config` shows every `$` twice."""
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.replace("$$", "$"))
    assert isinstance(shown, dict)
    return shown


def exit_codes(folders: Iterable[Path]) -> list[int]:
    with ThreadPoolExecutor(4) as pool:
        return [done.returncode for done in pool.map(compose, folders)]
