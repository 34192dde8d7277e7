"""One real stack for all stack tests, which lay the stack out, bring it up and remove it.

The stack has its own project, names, ports and subnet, so that a demo can run at the same time. If
no engine answers, the tests fail with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cosmicdeploy.context.releases import running_release
from cosmicdeploy.engine import Engine, connect
from tests.stack.support.harness import (
    DOCKER_CONFIG,
    IMAGES,
    StackUnderTest,
    lay_out_release_1,
    running,
)


@pytest.fixture(scope="session", autouse=True)
def compose_plugin() -> Iterator[None]:
    """Set up the environment of a machine that has Docker's Compose in addition to 1.29.2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_CONFIG", str(DOCKER_CONFIG))
        yield


@pytest.fixture(scope="session")
def engine() -> Engine:
    return connect()


@pytest.fixture(scope="session")
def laid_out(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """Release 1, running, with a device for verification; removed at the end."""
    assert IMAGES.is_file(), "the base images are not there: run `make images`"
    stack = lay_out_release_1(tmp_path_factory.mktemp("stack") / "kiosk")
    with running(stack):
        yield stack


@pytest.fixture
def stack(laid_out: StackUnderTest) -> Iterator[StackUnderTest]:
    """The stack, well before the test, and its files as they were after it."""
    with laid_out.files_kept():
        yield laid_out


@pytest.fixture(scope="session")
def left() -> dict[str, Any]:
    """How the last deploy of release 2 left the stack; nothing before the first one."""
    return {}


@pytest.fixture
def released(stack: StackUnderTest, left: dict[str, Any]) -> StackUnderTest:
    """The stack on release 2, as the guide's deploy leaves it.

    Where all is as the last one left it, another would change nothing (`test_deploy` sees to that),
    and takes seconds before each test.
    """
    stack.put_release_2()
    # In this order: a database that was just started cannot be asked yet.
    if left.get("lives") != stack.lives() or left["condition"] != stack.condition():
        done = stack.cli("deploy", "--json")
        assert done.code == 0, done.stderr
        left.update(lives=stack.lives(), condition=stack.condition())
    return stack


@pytest.fixture
def release_1(stack: StackUnderTest) -> StackUnderTest:
    """The stack on release 1 and its schema, gone back to where a test before left it on another.

    A rollback of the code alone leaves the schema of release 2, and so does a backup of that state.
    """
    ctx = stack.open()
    backups = [b for b in ctx.catalogue.list() if b.is_good and b.manifest.release == "1"]
    if not backups:
        return stack
    first = min(backups, key=lambda backup: len(backup.manifest.migrations))
    with stack.database() as facts:
        migrations = facts.applied_migrations()
    if (running_release(ctx), set(migrations)) != ("1", set(first.manifest.migrations)):
        done = stack.cli("rollback", "--to", first.id, "--yes", "--json")
        assert done.code == 0, done.stderr
    return stack
