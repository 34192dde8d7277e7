"""A stack with a Laravel application in it, for this room alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cosmicdeploy.engine import Engine
from tests.stack.stacks.php.laravel import LaravelStack, laravel_stack


@pytest.fixture(scope="package")
def laravel_up(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaravelStack]:
    """Release 1, running, with devices; removed after the last test of the room."""
    with laravel_stack(tmp_path_factory.mktemp("laravel") / "kiosk") as stack:
        yield stack


@pytest.fixture
def laravel(laravel_up: LaravelStack) -> Iterator[LaravelStack]:
    """The same stack; its files are put back after the test."""
    with laravel_up.files_kept():
        yield laravel_up
