"""Load a backup into a schema beside the live one, and be sure that all of it arrived."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.database.access import DatabaseAccess
from cosmicdeploy.database.archive import Digest, read_raw
from cosmicdeploy.database.catalogue import Backup
from cosmicdeploy.database.client import find_client
from cosmicdeploy.database.facts import open_facts
from cosmicdeploy.database.faithful import require_loadable
from cosmicdeploy.database.manifest import Content
from cosmicdeploy.database.progress import OnBytes, unheard
from cosmicdeploy.engine.model import Engine, ExecResult
from cosmicdeploy.errors import BackupError

# A client at the end of a cut stream runs what it has and ends with exit code 0. So a last
# statement of our own is sent after the dump: its answer proves that everything before it ran.
PROOF = "all of the backup arrived"
PROOF_STATEMENT = f"\nSELECT '{PROOF}';\n".encode()


def load_schema(
    engine: Engine,
    access: DatabaseAccess,
    backup: Backup,
    schema: str,
    on_bytes: OnBytes = unheard,
) -> None:
    """Load a backup into an empty schema.

    Raises `BackupError` where it may not be loaded here, is not what its manifest says, or the
    database refuses it; the schema then holds a part of it.
    """
    raw = backup.manifest.raw
    if raw is None:
        raise BackupError("the backup was never finished", where=f"backup {backup.id}")
    with open_facts(access) as facts:
        require_loadable(backup.manifest, facts)
    client = find_client(engine, access)
    chunks = _proven(backup, raw, on_bytes)
    result = client.load(schema, raw.bytes + len(PROOF_STATEMENT), chunks)
    _require_loaded(result, backup)


def _proven(backup: Backup, expected: Content, on_bytes: OnBytes) -> Iterator[bytes]:
    digest = Digest()
    for chunk in read_raw(backup.data):
        digest.feed(chunk)
        yield chunk
        on_bytes(digest.bytes)
    if digest.content != expected:
        raise BackupError(
            "the backup's data is not what its manifest says",
            where=str(backup.data),
            todo="use another backup",
        )
    yield PROOF_STATEMENT


def _require_loaded(result: ExecResult, backup: Backup) -> None:
    if result.exit_code == 0 and PROOF in result.text:
        return
    raise BackupError(
        f"the backup did not load (exit code {result.exit_code})",
        where=f"backup {backup.id}",
        todo="the live schema is untouched; see the database's own words",
        details=result.error_text.splitlines()[-10:],
    )
