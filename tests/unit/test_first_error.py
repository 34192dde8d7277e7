"""Keeping the first error while other work goes on."""

from __future__ import annotations

import pytest

from cosmicdeploy.errors import (
    CosmicError,
    EngineError,
    EngineUnavailable,
    FirstError,
    LockLost,
    NeedsPerson,
)

pytestmark = pytest.mark.unit


def test_the_first_error_is_raised_once_all_was_tried() -> None:
    errors, tried = FirstError(), list[CosmicError | None]()
    for each in (None, NeedsPerson("first"), None, EngineError("second")):
        with errors:
            tried.append(each)
            if each:
                raise each
    assert len(tried) == 4
    with pytest.raises(NeedsPerson, match="first"):
        errors.raise_if_any()


def test_without_an_error_nothing_is_raised() -> None:
    errors = FirstError()
    with errors:
        pass
    errors.raise_if_any()


@pytest.mark.parametrize(
    "error", [EngineUnavailable("gone"), LockLost("gone"), KeyboardInterrupt(), ValueError()]
)
def test_what_ends_all_work_is_raised_at_once(error: BaseException) -> None:
    errors = FirstError()
    with errors:
        raise CosmicError("earlier")
    with pytest.raises(type(error)), errors:
        raise error
