"""Which container of a service is in place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import adopt_container_names
from cosmicdeploy.engine.facts import Container
from tests.unit.engine.shop_stack import container, stack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ([], "shop-db-1"),
        ([container("shop_db_1")], "shop_db_1"),
        ([container("shop_db_1", "exited")], "shop_db_1"),
        ([container("by-hand-7")], "by-hand-7"),
        ([container("shop_db_1"), container("shop-db-1", "exited")], "shop_db_1"),
        ([container("shop_db_1", "exited"), container("shop-db-1")], "shop-db-1"),
        ([container("shop_db_2"), container("shop_db_1")], "shop_db_1"),
        ([container("shop_db_1-before-0123abcd", "exited")], "shop_db_1"),
        ([container(f"shop_db_1-{part}-0123abcd") for part in ("before", "next")], "shop_db_1"),
        ([container("lock", labels={labels.MARKER: "run"})], "shop-db-1"),
        ([container("shop_web_1", service="web")], "shop_db_1"),
        ([container("shop-web-1", service="web")], "shop-db-1"),
    ],
)  # fmt: skip
def test_a_service_takes_the_name_of_its_container(found: Sequence[Container], name: str) -> None:
    adopted = adopt_container_names(stack(db=None, web=None), found)
    assert adopted.services["db"].container_name == name
    assert adopt_container_names(adopted, found) == adopted, "adopting twice changes nothing"


def test_an_undeclared_image_is_named_like_its_container() -> None:
    declared = stack(db=None)
    assert adopt_container_names(declared, []).services["db"].image == "shop-db"
    built = container("shop_db_1", image_name="shop_db")
    assert adopt_container_names(declared, [built]).services["db"].image == "shop_db"
    other = container("shop_db_1", image_name="elsewhere/db")
    assert adopt_container_names(declared, [other]).services["db"].image == "shop_db"
