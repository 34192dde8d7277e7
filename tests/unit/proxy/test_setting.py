"""`proxy.out_of_service` is an absolute path that names the service."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cosmicdeploy.settings import Proxy


@pytest.mark.parametrize("path", ["/run/out", "run/{service}"])
def test_a_path_that_all_replicas_share_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="an absolute path"):
        Proxy(out_of_service=path)
