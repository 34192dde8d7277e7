"""Errors of a check that no retry can remove are refusals."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import BackupError, EngineError, ExitCode, Refused, UsageError
from cosmicdeploy.steps.refusing import refusing

pytestmark = pytest.mark.unit


def test_an_error_is_refused_with_all_that_it_says() -> None:
    with pytest.raises(Refused) as caught, refusing(BackupError):
        raise BackupError("no", where="backup 1", todo="another", details=["this", "that"])
    told = caught.value
    assert (told.what, told.where, told.todo) == ("no", "backup 1", "another")
    assert told.details == ("this", "that")


def test_an_error_in_a_playbook_stays_bad_usage_and_names_its_place() -> None:
    with pytest.raises(Refused) as caught, refusing(UsageError, "mine.yaml:3"):
        raise UsageError("no", where="the settings")
    assert (caught.value.exit_code, caught.value.where) == (ExitCode.USAGE, "mine.yaml:3")
    with pytest.raises(Refused) as failed, refusing(BackupError):
        raise BackupError("no")
    assert failed.value.exit_code == ExitCode.FAILED


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(EngineError), refusing(BackupError):
        raise EngineError("gone")
