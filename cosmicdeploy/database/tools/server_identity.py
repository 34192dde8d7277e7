"""Identify a database server by its data directory.

A container's name, address and hostname change with each container, and two stacks may have the
same ones. The data directory stays, and has an identity of its own: in MySQL the variable
`server_uuid`, in MariaDB, which has no such variable, the UUID in the control file of its Aria log.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine.protocol import Engine

VARIABLES = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'datadir', 'aria_log_dir_path')"
)
CONTROL_FILE = "aria_log_control"
# The UUID follows three magic bytes and the version of the file. A shell runs `od`, since the
# engine would raise an error if the container lacks a command.
READ_UUID = ("sh", "-c", 'od -An -v -tx1 -j4 -N16 "$1"', "sh")
UUID = re.compile(r"[0-9a-f]{32}")


def server_identity(engine: Engine, access: DatabaseAccess) -> str:
    """Return the identity of the server's data directory; "" if the server has none to show.

    Raises `DatabaseError` or `EngineError` if the server or the engine does not answer.
    """
    with open_session(access) as session:
        variables = {str(name): str(value) for name, value in session.rows(VARIABLES)}
    if uuid := variables.get("server_uuid"):
        return uuid
    folder = PurePosixPath(variables["datadir"], variables.get("aria_log_dir_path", ""))
    read = engine.exec(access.container_id, [*READ_UUID, str(folder / CONTROL_FILE)])
    uuid = "".join(read.text.split())
    return uuid if read.exit_code == 0 and UUID.fullmatch(uuid) else ""
