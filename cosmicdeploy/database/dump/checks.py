"""Check a finished dump: complete, written by a dump tool, of one unchanged schema."""

from __future__ import annotations

from cosmicdeploy.database.backups.archive import Archive
from cosmicdeploy.database.schema.definitions import Definitions
from cosmicdeploy.database.schema.facts import Facts
from cosmicdeploy.database.tools.messages import error_lines
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import BackupError


def require_complete(result: ExecResult, archive: Archive, expected: set[str]) -> None:
    """Raise `BackupError` unless the dump ended well, holds the tables, and nothing unexpected."""
    scan = archive.scan
    missing = sorted(expected - scan.tables)
    unexpected = sorted(scan.unexpected)
    checks = (
        (result.exit_code == 0, f"the dump tool ended with exit code {result.exit_code}"),
        (not error_lines(result), "the dump tool reported an error"),
        (archive.is_complete, "the compressed dump does not end as it should"),
        (not scan.opening_fault, scan.opening_fault),
        (scan.is_complete, "the dump lacks its closing line"),
        (not missing, f"tables are missing in the dump: {', '.join(missing)}"),
        (not unexpected, f"the dump holds what it should not: {'; '.join(unexpected)}"),
    )
    for passed, reason in checks:
        if not passed:
            raise BackupError(
                reason[0].upper() + reason[1:],
                todo="see the tool's own words, and take another backup",
                details=result.error_text.splitlines()[-10:],
            )


def require_same_structure(digest: str, definitions: Definitions, facts: Facts) -> None:
    """Raise `BackupError` if the schema's structure or objects changed during the dump."""
    if facts.schema_digest() != digest or facts.definitions() != definitions:
        raise BackupError(
            "The schema changed while it was dumped, so the dump is not one moment of it",
            where=facts.session.where,
            todo="stop whatever migrates, and take another backup",
        )
