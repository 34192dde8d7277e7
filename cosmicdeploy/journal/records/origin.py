"""Where a run was started: host, operator, CI job, and the commit in the stack's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError

from cosmicdeploy.journal.records.shape import Shape


class GitState(Shape):
    """The commit that is checked out in the stack's folder.

    `branch` is "" if no branch is checked out and CI names none. `dirty`: a file that git tracks
    differs from the commit; None if that is unknown.
    """

    commit: str
    branch: str = ""
    dirty: bool | None = None


class CiJob(Shape):
    """The CI job that started the run; `url` leads to it, "" if it is unknown."""

    system: str
    job: str = ""
    url: str = ""


class Origin(Shape):
    """Where a run was started; `ci` and `git` are None if no job or commit was found."""

    host: str = ""
    user: str = ""
    ci: CiJob | None = None
    git: GitState | None = None

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self | None:
        """Return the origin in a run's first record; None if it is missing or damaged.

        Records of earlier versions have no origin.
        """
        try:
            return cls.model_validate(record["origin"])
        except (KeyError, ValidationError):
            return None
