"""Find out where a run is started from."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.journal.records.origin import GitState, Origin
from cosmicdeploy.lock import operator_name
from cosmicdeploy.runs.origin.ci import branch_of, ci_job
from cosmicdeploy.runs.origin.git import git_state


def origin_of(folder: Path, environ: Mapping[str, str]) -> Origin:
    """Return where a run on the stack in this folder is started from. Never fails."""
    return Origin(
        host=socket.gethostname(),
        user=operator_name().rpartition("@")[0],
        ci=ci_job(environ),
        git=_git(folder, environ),
    )


def _git(folder: Path, environ: Mapping[str, str]) -> GitState | None:
    state = git_state(folder, environ)
    if state is None or state.branch:
        return state
    return state.model_copy(update={"branch": branch_of(environ, state.commit)})
