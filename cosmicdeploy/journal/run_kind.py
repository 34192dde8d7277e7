"""The kinds of runs. What a run may do depends on its kind, not on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class RunKind(StrEnum):
    """The kind of a run, which its first journal record and its `release` record hold."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    ABORT = "abort"
    RESTART = "restart"
    UP = "up"
    OTHER = "other"

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the kind of the run that wrote a `run` or `release` record.

        Records of earlier versions have only the command line, from which the kind is then derived.
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

        Such a run first deals with the interrupted runs that place a release: it resumes, undoes or
        accepts them. Any other run leaves an interrupted deploy as it is, and does not start while
        a rollback is interrupted.
        """
        return self in (RunKind.DEPLOY, RunKind.ROLLBACK, RunKind.ABORT)

    @property
    def settles_restarts(self) -> bool:
        """Whether a run of this kind, although it places no release, ends interrupted restarts.

        Its recover step starts the containers that an interrupted restart stopped. A run that
        places a release ends interrupted restarts in any case.
        """
        return self in (RunKind.RESTART, RunKind.UP)


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """The command that starts a run.

    `line` is the command line without `cosmicdeploy`; the journal and the lock show it.
    """

    line: str
    kind: RunKind
