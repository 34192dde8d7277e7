"""Read the commit that is checked out in a folder, with the program `git`."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.journal.records.origin import GitState

# Git needs some milliseconds; on a hanging file system it may need for ever.
TIMEOUT_SECONDS = 2.0
# Variables that name another repository than that of the folder, as in a git hook.
OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
# With these, git changes no file of the repository, and does not start the file system monitor that
# the repository's configuration may name.
OPTIONS = ("--no-optional-locks", "-c", "core.fsmonitor=false")
DETACHED = "HEAD"


def git_state(folder: Path, environ: Mapping[str, str]) -> GitState | None:
    """Return the commit that is checked out in the folder; None without a commit or without `git`.

    Waits up to `TIMEOUT_SECONDS`. Only files that git tracks count for `dirty`, which is None if
    `git status` fails or takes longer.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    head = _git(folder, environ, deadline, "rev-parse", "HEAD", "--abbrev-ref", "HEAD")
    if head is None or len(head.split()) != 2:
        return None
    commit, branch = head.split()
    changes = _git(folder, environ, deadline, "status", "--porcelain", "--untracked-files=no")
    return GitState(
        commit=commit,
        branch="" if branch == DETACHED else branch,
        dirty=None if changes is None else bool(changes.strip()),
    )


def _git(folder: Path, environ: Mapping[str, str], deadline: float, *words: str) -> str | None:
    """Return the output of a git command; None if it fails, or does not end before the deadline."""
    own = {name: value for name, value in environ.items() if name not in OF_ANOTHER}
    try:
        done = subprocess.run(  # a fixed program, without a shell
            ["git", "-C", os.fspath(folder), *OPTIONS, *words],
            env={**own, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(0.01, deadline - time.monotonic()),
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
