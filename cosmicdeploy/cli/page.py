"""The page of a run: its text, and writing it after the run has ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosmicdeploy.cli.edge.edge import Call
    from cosmicdeploy.context.context import Context
    from cosmicdeploy.journal.history.entry import RunEntry
    from cosmicdeploy.report.model import Report


def made_page(run: RunEntry) -> str:
    """Return the HTML text of a run's page, with the commands that continue from the run."""
    from cosmicdeploy.operations.history.continuing import continuations
    from cosmicdeploy.report.page.document import page

    return page(run, [asdict(each) for each in continuations(run)])


def with_page(call: Call, ctx: Context, report: Report) -> Report:
    """Write the page of a run; return the run's report with the file of the page.

    For a run that changed nothing, writes no page; `cosmicdeploy report` can. An error is only a
    warning in the report, since the run has ended.
    """
    from cosmicdeploy.errors import to_cosmic_error
    from cosmicdeploy.journal.history.runs import find_run
    from cosmicdeploy.report.page.page_file import keep_page

    if report.run is None or report.outcome == "unchanged":
        return report
    try:
        text = made_page(find_run(ctx.journal, report.run))
        path = keep_page(ctx.loaded.pages_directory, report.run, text)
    except Exception as error:
        call.warn(f"the page of the run was not written: {to_cosmic_error(error).what}")
        return report.model_copy(update={"warnings": tuple(call.warnings)})
    return report.model_copy(update={"page": str(path)})
