"""What a check finds wrong for good."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import BackupError, EngineError, Refused
from cosmicdeploy.steps.refusing import refusing

pytestmark = pytest.mark.unit


def test_an_error_is_refused_with_all_that_it_says() -> None:
    with pytest.raises(Refused) as caught, refusing(BackupError):
        raise BackupError("no", where="backup 1", todo="another", details=["this", "that"])
    told = caught.value
    assert (told.what, told.where, told.todo) == ("no", "backup 1", "another")
    assert told.details == ("this", "that")


def test_another_error_is_what_it_was() -> None:
    with pytest.raises(EngineError), refusing(BackupError):
        raise EngineError("gone")
