"""A container's name shows its role: candidate, superseded, running one command, or in place."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.containers.names import (
    ContainerRole,
    final_name,
    is_temporary,
    name_as,
    role_of,
)

ID = "0123abcd" * 8


@pytest.mark.parametrize("role", [role for role in ContainerRole if role])
def test_the_name_for_a_role_shows_that_role(role: ContainerRole) -> None:
    name = name_as(role, "shop_web_1", ID)
    assert name == f"shop_web_1-{role}-0123abcd"
    assert role_of(name) is role


@pytest.mark.parametrize(
    ("name", "final"),
    [
        ("shop-web-1-next-0123abcd", "shop-web-1"),
        ("shop-web-1-before-0123abcd", "shop-web-1"),
        ("shop-web-1-before-0123abcd-next-0123abcd", "shop-web-1-before-0123abcd"),
        ("shop-web-1-run-0123abcd", "shop-web-1-run-0123abcd"),
        ("shop-web-1", "shop-web-1"),
    ],
)
def test_only_candidates_and_superseded_containers_have_temporary_names(
    name: str, final: str
) -> None:
    assert final_name(name) == final
    assert is_temporary(name) is (final != name)


@pytest.mark.parametrize("name", ["web", "web-next-1", "web-before-0123ABCD", "next-0123abcd"])
def test_a_container_with_any_other_name_is_in_place(name: str) -> None:
    assert role_of(name) is ContainerRole.IN_PLACE
