"""Whether a schema may be dumped, by the checks that every backup makes first."""

from __future__ import annotations

from cosmicdeploy.database.dump.prerequisites import prerequisites
from cosmicdeploy.database.schema.facts import Facts


def require_dumpable(facts: Facts) -> None:
    """Raise `BackupError` for the first prerequisite of a dump that does not hold."""
    for require in prerequisites(facts):
        require()
