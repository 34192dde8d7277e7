"""The command `cosmicdeploy report`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, run_command
from cosmicdeploy.cli.observe.history import RunArgument
from cosmicdeploy.cli.options import common_options
from cosmicdeploy.cli.terminal import Terminal

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report


@common_options
def report(
    run: RunArgument = "latest",
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write the page to FILE, not beside the journal."
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    *,
    config: Path | None,
    terminal: Terminal,
) -> None:
    """Write a run as a page: one HTML file, which needs nothing else.

    The page has the timeline of steps and replicas, the requests through the run, the release of
    each replica over time, what the plan found different, the verification, the backup and how well
    it is proven, and restarts. The page of a failed run begins with what failed and what was
    undone. A page loads nothing and runs no script. The same records give the same page.

    Without --html, the page is written to .cosmicdeploy/pages beside the journal, as the pages of
    `deploy` and `rollback` are; the newest 20 are kept. With --html, a file that is no page of a
    run is not overwritten.

    \b
    Examples:
      cosmicdeploy report --open
      cosmicdeploy report 3f9c2a71 --html deploy.html
    """
    run_command("report", terminal, lambda call: _report(call, config, run, html, is_opened=open_))


def _report(
    call: Call, config: Path | None, reference: str, html: Path | None, *, is_opened: bool
) -> Report:
    from cosmicdeploy.cli.page import made_page
    from cosmicdeploy.journal.history.runs import find_run
    from cosmicdeploy.report.page.page_file import keep_page, write_page
    from cosmicdeploy.workspace import open_journal

    loaded, journal = open_journal(config, call.event_handler())
    run = find_run(journal, reference)
    text = made_page(run)
    if html is None:
        path = keep_page(loaded.pages_directory, run.id, text)
    else:
        path = html
        write_page(path, text)
    if is_opened:
        _open(call, path)
    if not (call.terminal.json or _is_stdout(path)):
        call.terminal.console.print(f"the page of the run {run.id}: {path}", soft_wrap=True)
    return call.report(outcome="done", run=run.id, page=str(path))


def _is_stdout(path: Path) -> bool:
    """Return whether the page went to stdout, where no line may follow it."""
    import os

    with suppress(OSError):  # stdout is closed
        return os.path.samestat(path.stat(), os.fstat(1))
    return False


def _open(call: Call, path: Path) -> None:
    """Open the page in a browser; warn if that is impossible, as on a server."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        call.warn(f"no browser could be opened; copy {path} to a machine that has one")
