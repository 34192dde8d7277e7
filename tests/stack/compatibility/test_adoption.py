"""A stack that Compose has built and started is taken over by the first deploy."""

from __future__ import annotations

import pytest

from tests.stack.stacks.changing import Changing, sleeping
from tests.stack.stacks.one_app import stack_of_kind

pytestmark = pytest.mark.stack


def test_what_compose_built_from_the_same_sources_stays_as_it_is(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with stack_of_kind(tmp_path_factory.mktemp("adopted"), Changing) as stack:
        stack.declare("1", mailer=sleeping())
        stack.compose("up", "-d", "--build")
        before = stack.found()
        planned = stack.cli("deploy", "--plan", "--json")
        assert "stays if a build gives the same image" in planned.reason("build")
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stdout
        assert stack.found() == before, "no container was replaced"
        assert done.outcomes["rollout"] == "unchanged"
        [build] = [step for step in done.report["steps"] if step["name"] == "build"]
        assert list(build["facts"]["adopted"]) == [*build["facts"]["images"].values()]
        again = stack.cli("deploy", "--json")
        assert again.report["outcome"] == "unchanged", again.stdout
        stack.compose("up", "-d")
        assert stack.found() == before

        stack.declare("2", mailer=sleeping())
        assert stack.cli("deploy", "--json").code == 0
        assert stack.answering_release() == "2"
