"""The engine's refusal of a name that is in use names a way on, also if no container has it."""

from __future__ import annotations

import pytest
import requests
from docker.errors import APIError

from cosmicdeploy.engine.connection import translated
from cosmicdeploy.errors import EngineError

pytestmark = pytest.mark.unit

IN_USE = (
    'Conflict. The container name "/app-3" is already in use by container "026ae9ee97fd". You have'
    " to remove (or rename) that container to be able to reuse that name."
)


def error_of(explanation: str) -> EngineError:
    answer = requests.Response()
    answer.status_code = 409
    with pytest.raises(EngineError) as raised, translated("Creating a container", "app"):
        raise APIError("409", answer, explanation)
    return raised.value


def test_a_name_in_use_has_advice_that_loses_no_data() -> None:
    error = error_of(IN_USE)
    assert "already in use" in error.what
    assert "docker ps -a" in error.todo and "systemctl restart docker" in error.todo
    assert "docker rm" not in error.todo


def test_another_conflict_has_no_such_advice() -> None:
    assert error_of("removal of container app-3 is already in progress").todo == ""
