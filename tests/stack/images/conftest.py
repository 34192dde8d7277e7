"""Registries, one of which wants a password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.support.network.registry import Registry, running_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def closed_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that wants a password."""
    with running_registry(tmp_path_factory.mktemp("closed"), password=True) as running:
        yield running
