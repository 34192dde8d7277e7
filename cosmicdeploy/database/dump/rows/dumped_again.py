"""Dump a single table once more, only to count its rows."""

from __future__ import annotations

import os

from cosmicdeploy.database.dump.checks import require_complete
from cosmicdeploy.database.dump.store import archive_for
from cosmicdeploy.database.tools.command_line import OBJECTS
from cosmicdeploy.database.tools.container_tools import ContainerTools


def rows_in_new_dump(tools: ContainerTools, silence: float, table: str) -> int:
    """Dump one table once more, discard the dump, and return its number of rows."""
    with open(os.devnull, "wb") as discard:  # noqa: PTH123 - not a file
        archive = archive_for(tools, discard)
        result = tools.dump(archive.write, silence, without=OBJECTS, tables=[table])
        archive.close()
    require_complete(result, archive, {table})
    return archive.scan.rows[table]
