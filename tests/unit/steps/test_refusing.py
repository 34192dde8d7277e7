"""Within `refusing`, an error that no retry can remove becomes a refusal."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import BackupError, EngineError, ExitCode, Refused, UsageError
from cosmicdeploy.steps.refusing import refusing

pytestmark = pytest.mark.unit


def test_a_refusal_has_all_that_the_error_says() -> None:
    with pytest.raises(Refused) as caught, refusing(BackupError):
        raise BackupError("no", where="backup 1", todo="another", details=["this", "that"])
    refusal = caught.value
    assert (refusal.what, refusal.where, refusal.todo) == ("no", "backup 1", "another")
    assert refusal.details == ("this", "that")


def test_a_refusal_has_the_given_place_and_the_errors_exit_code() -> None:
    with pytest.raises(Refused) as caught, refusing(UsageError, "mine.yaml:3"):
        raise UsageError("no", where="the settings")
    assert (caught.value.exit_code, caught.value.where) == (ExitCode.USAGE, "mine.yaml:3")
    with pytest.raises(Refused) as failed, refusing(BackupError):
        raise BackupError("no")
    assert failed.value.exit_code == ExitCode.FAILED


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(EngineError), refusing(BackupError):
        raise EngineError("gone")
