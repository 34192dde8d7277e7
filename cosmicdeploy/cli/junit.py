"""The option `--junit` of the commands `verify` and `checklist`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosmicdeploy.cli.edge.edge import Call, failed_report

if TYPE_CHECKING:
    from cosmicdeploy.report.model import Report

Junit = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the points to FILE as JUnit XML, too.")
]


def with_junit(call: Call, junit: Path | None, body: Callable[[], Report]) -> Report:
    """Return the report of `body`; also write it to the file `junit`, unless `junit` is None.

    If `body` raises an error, writes the error to the file, so that a CI job does not read the file
    of an earlier call, and raises it again. Raises `UsageError` if the file cannot be written.
    """
    from cosmicdeploy.errors import UsageError, to_cosmic_error
    from cosmicdeploy.files.named_file import require_writable
    from cosmicdeploy.report.junit import NAME, write_junit

    if junit is None:
        return body()
    require_writable(junit, NAME)
    try:
        report = body()
    except BaseException as error:
        with suppress(UsageError):  # the error of `body` matters more
            write_junit(junit, failed_report(call, to_cosmic_error(error)))
        raise
    write_junit(junit, report)
    return report
