"""The kinds of runs. What a run may do depends on its kind, not on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self


class RunKind(StrEnum):
    """What a run is for, as its first record and the record of its release say."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    ABORT = "abort"
    RESTART = "restart"
    UP = "up"
    OTHER = "other"

    @classmethod
    def of_command(cls, command: str) -> Self:
        """Return the kind of the run that a command line starts."""
        words = command.split()
        if words[:2] == ["deploy", "--abort"]:
            return cls("abort")
        known = {cls("deploy"), cls("rollback"), cls("restart"), cls("up")}
        return cls(words[0]) if words and words[0] in known else cls("other")

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the kind in a record, or that of its command line if an older version wrote it."""
        recorded = record.get("run_kind")
        if isinstance(recorded, str) and recorded in set(cls):
            return cls(recorded)
        return cls.of_command(str(record.get("command")))

    @property
    def places_release(self) -> bool:
        """Whether a run of this kind decides which release is in place.

        It then first resumes or undoes each interrupted run of such a kind. A run of any other kind
        leaves an interrupted deploy as it is, and does not start while a rollback is interrupted.
        """
        return self in (RunKind.DEPLOY, RunKind.ROLLBACK, RunKind.ABORT)

    @property
    def settles_restarts(self) -> bool:
        """Whether a run of this kind has a recover step, which finishes interrupted restarts."""
        return self in (RunKind.RESTART, RunKind.UP)
