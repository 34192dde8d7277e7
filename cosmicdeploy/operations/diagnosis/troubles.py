"""The table of troubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosmicdeploy.errors import UsageError
from cosmicdeploy.operations.diagnosis.checks import command, database_load, migration, scheduler
from cosmicdeploy.operations.diagnosis.checks import unhealthy as containers
from cosmicdeploy.operations.diagnosis.finding import Trouble
from cosmicdeploy.text.suggest import did_you_mean

TROUBLES: Mapping[str, Trouble] = {
    trouble.name: trouble
    for trouble in (
        migration.TROUBLE,
        command.TROUBLE,
        scheduler.TROUBLE,
        database_load.TROUBLE,
        containers.TROUBLE,
    )
}


def troubles_named(names: Sequence[str]) -> Sequence[Trouble]:
    """The troubles of these names, each once, or all; raises `UsageError` for one that there is
    not."""
    for name in names:
        if name not in TROUBLES:
            raise UsageError(
                f"There is no trouble {name!r}",
                where=f"diagnose: {', '.join(TROUBLES)}",
                todo=did_you_mean(name, TROUBLES) or "name one of them, or none for all",
            )
    return [TROUBLES[name] for name in dict.fromkeys(names)] or list(TROUBLES.values())
