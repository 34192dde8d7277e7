"""From when on `diagnose` calls something wrong, and where it looks."""

from __future__ import annotations

from pathlib import PurePosixPath

from pydantic import Field

from cosmicdeploy.settings.section import Section


class OverlapLock(Section):
    """A key of the cache, or a pattern of keys: what keeps two runs of `verify.command` apart."""

    key: str
    database: int = 0


class Diagnose(Section):
    """Paths in the application's containers, times in seconds, `connections` as a share of one."""

    command_file: PurePosixPath | None = None
    config_cache: PurePosixPath | None = None
    overlap_lock: OverlapLock | None = None
    slow_after: float = Field(default=5, gt=0)
    end_after: float = Field(default=30, gt=0)
    connections: float = Field(default=0.8, gt=0, le=1)
