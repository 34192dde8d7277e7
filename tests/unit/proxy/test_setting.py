"""The file that takes a replica out must be the replica's own."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cosmicdeploy.settings import Proxy


@pytest.mark.parametrize("path", ["/run/out", "run/{service}"])
def test_a_path_that_is_not_each_replicas_own_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="an absolute path"):
        Proxy(out_of_service=path)
