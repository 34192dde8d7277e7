"""Make sure that the process may open as many files and connections as a run needs."""

from __future__ import annotations

import resource

from cosmicdeploy.errors import UsageError

# A run needs up to 64 connections for probes, a few more to the engine and the database, and files.
NEEDED = 256


def require_descriptors() -> None:
    """Raise a low limit of open files to `NEEDED`, or as near as the hard limit allows.

    Raises `UsageError` if that is not enough, since a run could then fail anywhere, even in its
    undo.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= NEEDED:
        return
    allowed = NEEDED if hard == resource.RLIM_INFINITY else min(NEEDED, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < NEEDED:
        raise UsageError(
            f"This process may open only {allowed} files and connections at a time",
            where="ulimit -n",
            todo=f"raise the limit to at least {NEEDED}: `ulimit -n 1024`, as root if refused; for"
            " a systemd unit set LimitNOFILE",
        )
