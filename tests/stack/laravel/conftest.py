"""A stranger's stack with a Laravel application in it, for this room alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cosmicdeploy.engine import Engine
from tests.stack.stacks.php.strangers_laravel import (
    RELEASE_1,
    StrangersLaravel,
    lay_out_strangers_laravel,
    with_mounted_folders,
    without_soak,
)
from tests.stack.support.harness import KIOSKS, running


@pytest.fixture(scope="package")
def laravel_up(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StrangersLaravel]:
    """Release 1, running, with devices; removed after the last test of the room."""
    folder = tmp_path_factory.mktemp("laravel")
    stack = lay_out_strangers_laravel(folder, RELEASE_1, KIOSKS)
    with_mounted_folders(stack)
    without_soak(stack)
    with running(stack):
        yield stack


@pytest.fixture
def laravel(laravel_up: StrangersLaravel) -> Iterator[StrangersLaravel]:
    """The same stack; its files are put back after the test."""
    with laravel_up.files_kept():
        yield laravel_up
