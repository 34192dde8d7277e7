"""Check a finished dump: it is complete, a dump tool wrote it, and its schema did not change."""

from __future__ import annotations

from collections.abc import Set

from cosmicdeploy.database.backups.on_disk.archive import Archive
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.tools.messages import error_lines
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import BackupError


def require_complete(result: ExecResult, archive: Archive, expected: Set[str]) -> None:
    """Raise `BackupError` unless the tool succeeded and the dump holds all expected tables.

    Also refuses a dump that is cut short, or holds anything that no dump tool writes.
    """
    scan = archive.scan
    missing = sorted(expected - scan.tables)
    unexpected = sorted(scan.unexpected)
    checks = (
        (result.exit_code == 0, f"the dump tool ended with exit code {result.exit_code}"),
        (not error_lines(result), "the dump tool reported an error"),
        (archive.is_complete, "the compressed dump is cut short, or has data after its end"),
        (not scan.opening_fault, scan.opening_fault),
        (scan.is_complete, "the dump lacks its closing line"),
        (not missing, f"tables are missing in the dump: {', '.join(missing)}"),
        (not unexpected, f"the dump has unexpected content: {'; '.join(unexpected)}"),
    )
    for passed, reason in checks:
        if not passed:
            raise BackupError(
                reason[0].upper() + reason[1:],
                todo="see the output of the dump tool below, and take another backup:"
                " `cosmicdeploy backup create`",
                details=result.error_text.splitlines()[-10:],
            )


def require_same_structure(digest: str, definitions: Definitions, facts: Facts) -> None:
    """Raise `BackupError` if the schema's structure or objects changed during the dump."""
    if facts.schema_digest() != digest or facts.definitions() != definitions:
        raise BackupError(
            "The schema changed during the dump, so the dump may mix its old and its new state",
            where=facts.session.where,
            todo="let the migration finish, and take another backup: `cosmicdeploy backup create`",
        )
