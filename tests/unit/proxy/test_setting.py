"""The settings of the section `proxy`: which paths they accept."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cosmicdeploy.settings import Proxy


@pytest.mark.parametrize("path", ["/run/out", "run/{service}"])
def test_a_path_that_is_relative_or_the_same_for_all_replicas_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="an absolute path"):
        Proxy(out_of_service=path)


@pytest.mark.parametrize("path", ["drain", "/tmp/drain", "/dev/shm"])
def test_a_drain_file_that_would_outlive_a_start_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="which each start empties"):
        Proxy(drain_file=path)
    assert Proxy(drain_file="/dev/shm/drain").drain_file == "/dev/shm/drain"
