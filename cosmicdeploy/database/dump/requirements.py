"""All that must hold before a backup, check by check: of the dump, and of its later restore."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.on_disk.disk_space import require_room
from cosmicdeploy.database.dump.options import DumpOptions
from cosmicdeploy.database.dump.prerequisites import Requirement, prerequisites
from cosmicdeploy.database.dump.structure_proof import proof_prerequisites
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.schema.privileges import require_scratch_privileges
from cosmicdeploy.database.session import is_refusal, open_session
from cosmicdeploy.database.tools.container_tools import ContainerTools, find_tools
from cosmicdeploy.database.tools.server_limits import require_tool_settings
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import BackupError, DatabaseError

ROWS_UNPROVEN = "set backup.prove: structure, which leaves the rows unproven"
# The checks read whole tables. A server goes on with a statement whose client has left, unless it
# has a time limit: in seconds for MariaDB, in milliseconds for MySQL. MariaDB skips a comment with
# the mark !50708.
LIMITS = (
    "SET SESSION lock_wait_timeout = %s /*M!100100 , max_statement_time = %s */"
    " /*!50708 , max_execution_time = %s */"
)


def dump_requirements(
    facts: Facts, tools: ContainerTools, folder: Path, options: DumpOptions
) -> Iterator[Requirement]:
    """Yield what must hold before a dump into `folder`; each check raises `BackupError`.

    Raises `DatabaseError` if the definitions of objects cannot be read.
    """
    yield from prerequisites(facts, exact=options.exact)
    yield partial(require_tool_settings, tools, facts)
    yield lambda: require_room(folder, facts.data_bytes())


def restore_requirements(
    facts: Facts, definitions: Definitions, options: DumpOptions
) -> Iterator[Requirement]:
    """Yield what must hold so that the backup can be restored and proven, as far as `options` ask.

    Raises `DatabaseError` if a query fails.
    """
    if options.proves_structure:
        yield from proof_prerequisites(facts, definitions)
    if options.prove == "data":
        yield partial(require_scratch_privileges, facts.session, facts.schema, ROWS_UNPROVEN)


def unmet_requirements(
    engine: Engine, access: DatabaseAccess, folder: Path, options: DumpOptions, seconds: float
) -> Iterator[BackupError | DatabaseError]:
    """Yield an error for each requirement of a backup that does not hold; change nothing.

    A `DatabaseError` means that the rest could not be checked. Waits up to `seconds` for each of
    the server's answers; then the server ends the statement, too. Raises `DatabaseError` if the
    server cannot be reached or refuses the user, and `EngineError` if its container is silent.
    """
    with open_session(access, seconds) as session:
        session.execute(LIMITS, options.lock_wait, seconds, int(seconds * 1000))
        try:
            tools = find_tools(engine, access)
            yield from _unmet(Facts(session, access.name), tools, folder, options)
        except DatabaseError as error:
            yield error


def is_lasting(error: BackupError | DatabaseError) -> bool:
    """Return whether a backup would fail with the same error.

    False if the server only did not answer, or ended a statement.
    """
    # A `DatabaseError` without a cause is the deployer's own finding, not an error of the driver.
    if isinstance(error, BackupError) or error.__cause__ is None:
        return True
    return is_refusal(error)


def _unmet(
    facts: Facts, tools: ContainerTools, folder: Path, options: DumpOptions
) -> Iterator[BackupError]:
    yield from _failing(dump_requirements(facts, tools, folder, options))
    yield from _failing(restore_requirements(facts, facts.definitions(), options))


def _failing(requirements: Iterator[Requirement]) -> Iterator[BackupError]:
    for require in requirements:
        try:
            require()
        except BackupError as error:
            yield error
