"""The words by which an operator may name services: service, container or role."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.errors import Refused, UsageError
from cosmicdeploy.steps.service_names import services_named, services_of_step
from tests.unit.settings_of import settings_of

NAMES = ("web-1", "web-2", "ui-1", "ui-2", "db", "mail", "worker")
CTX: Any = SimpleNamespace(
    settings=settings_of(
        {"app": ["web-1", "web-2", "ui-1", "ui-2"], "database": "db"},
        database={"name": "shop"},
        applications={"ui": {"services": ["ui-1", "ui-2"]}},
    ),
    stack=SimpleNamespace(
        services={
            name: SimpleNamespace(name=name, compose_name=name, container_name=f"{name}-prod")
            for name in NAMES
        }
    ),
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["web-2"], ["web-2"]),
        (["app"], ["web-1", "web-2", "ui-1", "ui-2"]),
        (["ui"], ["ui-1", "ui-2"]),
        (["database", "db", "db-prod"], ["db"]),
        (["mail", "ui", "web-1", "ui-1"], ["mail", "ui-1", "ui-2", "web-1"]),
        (["worker"], ["worker"]),  # the name of a service, though also that of a role
        ([], []),
    ],
)
def test_a_word_is_the_name_of_a_service_a_container_an_application_or_a_role(
    words: list[str], expected: list[str]
) -> None:
    assert services_named(CTX, words) == expected


@pytest.mark.parametrize(
    ("word", "what", "todo"),
    [
        ("web-3", "no service 'web-3'", "did you mean 'web-1' or 'web-2'?"),
        ("nothing", "no service 'nothing'", "mail"),
        ("cache", "has the role 'cache'", "web-1"),
    ],
)
def test_an_unknown_word_is_an_error(word: str, what: str, todo: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        services_named(CTX, [word])
    assert todo in caught.value.todo
    with pytest.raises(Refused, match=what) as refused:
        services_of_step(CTX, [word], "mine.yaml:3")
    assert refused.value.todo == caught.value.todo
    assert refused.value.where == "mine.yaml:3"
