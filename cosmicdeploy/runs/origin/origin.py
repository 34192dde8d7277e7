"""Find out where a run is started from."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from cosmicdeploy.journal.records.origin import GitState, Origin
from cosmicdeploy.lock import operator_name
from cosmicdeploy.runs.origin.ci import branch_of, ci_job
from cosmicdeploy.runs.origin.git import git_state
from cosmicdeploy.text.sanitize import encodable


def origin_of(folder: Path, environ: Mapping[str, str]) -> Origin:
    """Return where a run on the stack in this folder is started from."""
    # A variable may have a byte that is not UTF-8, which no record can hold.
    usable = {name: encodable(value) for name, value in environ.items()}
    return Origin(
        host=encodable(socket.gethostname()),
        user=encodable(operator_name().rpartition("@")[0]),
        ci=ci_job(usable),
        git=_git(folder, environ, usable),
    )


def _git(folder: Path, environ: Mapping[str, str], usable: Mapping[str, str]) -> GitState | None:
    """Return the commit in the folder; its branch is that of the CI job if git knows none."""
    state = git_state(folder, environ)
    if state is None or state.branch:
        return state
    return state.model_copy(update={"branch": branch_of(usable, state.commit)})
