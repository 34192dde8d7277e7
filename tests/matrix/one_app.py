"""A stack of a single application as a subject of the matrix: no proxy, no database."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.matrix.origins import Origin
from tests.matrix.result import Row
from tests.matrix.steps import compose_up, deploy_nothing, require
from tests.stack.stacks.one_app import OneApp, one_app


def run_one_app(row: Row, origin: Origin, folder: Path) -> None:
    """Take the stack through the steps that it has."""
    folder.mkdir()
    with ExitStack() as opened:
        stack = opened.enter_context(one_app(folder))
        if row.run("up", lambda: _up(stack, origin)) and row.run(
            "deploy", lambda: _deploy(stack, origin)
        ):
            row.run("no-op", lambda: deploy_nothing(stack, origin))
            if origin.compose:
                row.run("compose up", lambda: compose_up(stack, origin))
        row.run("down", opened.close)


def _up(stack: OneApp, origin: Origin) -> None:
    if origin.compose:
        origin.run_compose(stack.folder, "up", "-d")
        created = stack.app_id()
        require(stack, origin, "up")
        assert stack.app_id() == created, "`up` replaced the container that Compose had created"
    else:
        require(stack, origin, "up")
    assert stack.answering_release() == "1"


def _deploy(stack: OneApp, origin: Origin) -> None:
    stack.write(release="2")
    require(stack, origin, "deploy")
    assert stack.answering_release() == "2"
