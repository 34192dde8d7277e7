"""A release whose name no header can carry is refused at once: nothing is built or touched."""

from __future__ import annotations

import pytest

from tests.stack.support.harness import StackUnderTest

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("words", [("deploy", "--plan"), ("deploy",)])
@pytest.mark.fault("release name that no header can carry")
def test_a_release_that_no_header_can_carry_is_refused(
    stack: StackUnderTest, words: tuple[str, ...]
) -> None:
    before = stack.snapshot()
    stack.set_variable("APP_VERSION", "zwei-é")
    done = stack.cli(*words, "--json")
    assert done.code == 2, done.stdout
    assert "cannot carry the release 'zwei-\\xe9'" in done.report["error"]["what"]
    assert not done.report["steps"]
    stack.set_variable("APP_VERSION", "1")
    assert stack.snapshot() == before
