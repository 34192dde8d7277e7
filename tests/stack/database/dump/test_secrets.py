"""The database's password appears nowhere."""

from __future__ import annotations

import json
import time

import docker
import pytest

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.backups.catalogue import Catalogue
from cosmicdeploy.database.dump.dump import create_backup
from cosmicdeploy.database.restore.load import load_schema
from cosmicdeploy.database.schema.schemas import create_schema_like
from cosmicdeploy.database.session import open_session
from cosmicdeploy.engine import Engine
from tests.stack.stacks.databases import PASSWORD
from tests.stack.stacks.dumps import once

pytestmark = pytest.mark.stack


def test_the_database_password_appears_nowhere(
    engine: Engine, access: DatabaseAccess, catalogue: Catalogue
) -> None:
    api = docker.from_env().api
    since = time.time() - 1
    seen: list[str] = []

    def look() -> None:
        seen.append(repr(api.top(access.container_id, ps_args="-eo pid,args")))
        execs = api.inspect_container(access.container_id)["ExecIDs"]
        seen.extend(json.dumps(api.exec_inspect(exec_id)) for exec_id in execs)

    backup = create_backup(engine, access, catalogue, on_bytes=once(look))
    with open_session(access) as session:
        create_schema_like(session, "platform", "platform__seen")
    load_schema(access, backup, "platform__seen")
    events = list(api.events(since=since, until=time.time(), decode=True))
    stored = "".join(path.read_text() for path in catalogue.folder.glob("*.json"))
    text = "".join(seen) + json.dumps(events) + stored
    for tool in ("mariadb-dump --no-defaults", "mariadb --no-defaults", "exec_create"):
        assert tool in text
    for form in forms_of(PASSWORD):
        assert form not in text


def forms_of(password: str) -> set[str]:
    """Return the password as it is, and as JSON and Python show it."""
    return {password, json.dumps(password)[1:-1], repr(password)[1:-1], json.dumps(password)}
