"""The kinds of runs. What a run may do depends on its kind, not on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class RunKind(StrEnum):
    """The kind of a run; its first record and the record of its release hold it."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    ABORT = "abort"
    RESTART = "restart"
    UP = "up"
    OTHER = "other"

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the kind of the run that a record is about.

        Earlier versions recorded only the command line: then the kind is derived from it.
        """
        recorded = record.get("run_kind")
        if isinstance(recorded, str) and recorded in set(cls):
            return cls(recorded)
        return cls._of_command_line(str(record.get("command")))

    @classmethod
    def _of_command_line(cls, line: str) -> Self:
        words = line.split()
        if words[:2] == ["deploy", "--abort"]:
            return cls("abort")
        known = {cls("deploy"), cls("rollback"), cls("restart"), cls("up")}
        return cls(words[0]) if words and words[0] in known else cls("other")

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


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """The command that starts a run: `line`, without `cosmicdeploy`, is recorded and shown."""

    line: str
    kind: RunKind
