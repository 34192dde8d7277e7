"""The setting `proxy.out_of_service` is an absolute path with `{service}` in it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cosmicdeploy.settings import Proxy


@pytest.mark.parametrize("path", ["/run/out", "run/{service}"])
def test_a_path_that_is_relative_or_the_same_for_all_replicas_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="an absolute path"):
        Proxy(out_of_service=path)
