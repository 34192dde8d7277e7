"""The first migrations of a new Laravel stack: a failure leaves an empty schema, and no advice to
mend anything by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cosmicdeploy.engine import Engine
from tests.stack.release.test_migrations import emptied, tables
from tests.stack.stacks.php.laravel_by_hand import migration
from tests.stack.stacks.php.strangers_laravel import (
    RELEASE_1,
    StrangersLaravel,
    lay_out_strangers_laravel,
    without_soak,
)
from tests.stack.support.harness import KIOSKS, Done
from tests.stack.support.promises import require_whole

# An `up` and four deploys, each of which waits for nginx's default fail_timeout.
pytestmark = [pytest.mark.stack, pytest.mark.torture, pytest.mark.timeout(1800)]

FAILING = "2025_06_02_000001_fail"
HALF = """
        Schema::create('half', fn (Blueprint $table) => $table->id());
        Schema::table('no_such_table', fn (Blueprint $table) => $table->string('x'));
"""
FIRST = {"migrations", "remotes", "device_status_transitions"}


@pytest.fixture(scope="module")
def new(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrangersLaravel]:
    """The files of a stack that was never started."""
    folder = tmp_path_factory.mktemp("first")
    stack = lay_out_strangers_laravel(folder, RELEASE_1, KIOSKS)
    without_soak(stack)
    yield stack
    stack.remove()


def require_undone(stack: StrangersLaravel, failed: Done) -> None:
    assert failed.code == 1, failed.stderr
    error = failed.report["error"]
    text = "\n".join((error["what"], *error["details"], error["todo"]))
    assert "no_such_table" in text and "the state is the same as before" in text, text
    assert "by hand" not in text and "--resolve" not in text
    assert stack.cli("status", "--json").report["unfinished"] == []


@pytest.mark.fault("first migrations of a new Laravel stack that fail")
def test_up_of_a_new_stack_is_undone_and_can_be_repeated(new: StrangersLaravel) -> None:
    with migration(new, FAILING, HALF):
        require_undone(new, new.cli("up", "--json"))
    done = new.cli("up", "--json")
    assert done.code == 0, done.stderr
    assert tables(new) >= FIRST and "half" not in tables(new)
    new.seed()
    assert new.health().status == 200
    require_whole(new)


@pytest.mark.fault("first migrations of a new Laravel stack that fail")
def test_a_deploy_over_an_empty_schema_is_undone_and_can_be_repeated(new: StrangersLaravel) -> None:
    assert new.cli("up").code == 0  # unless the test before this one has started it
    with emptied(new):
        new.set_variable("APP_VERSION", "first")
        with migration(new, FAILING, HALF):
            require_undone(new, new.cli("deploy", "--json"))
        assert tables(new) == set()
        # A whole deploy needs the device of its token, which is in the schema that was moved away.
        done = new.cli("step", "migrate", "--json")
        assert done.code == 0, done.stderr
        assert tables(new) >= FIRST and "half" not in tables(new)
