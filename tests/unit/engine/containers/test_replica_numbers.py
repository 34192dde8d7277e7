"""Which containers of a service are its replicas, and which may be copies of the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cosmicdeploy.engine.containers.in_place import adopt_container_names, replica_numbers
from cosmicdeploy.stack.replicas import with_replicas
from tests.unit.engine.containers.test_in_place import container, stack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("declared", "found", "numbers"),
    [
        (1, [], None),
        (1, ["shop-db-1"], None),
        (3, [], [1, 2, 3]),
        (0, [], []),
        (3, ["shop-db-1"], [1, 2, 3]),
        (3, ["shop-db-1", "shop-db-2", "shop-db-3", "shop-db-4"], [1, 2, 3, 4]),
        (1, ["shop-db-1", "shop-db-2", "shop-db-5"], [1, 2, 5]),
        (1, ["shop-db-1", "shop-db-2", "shop-db-3 exited"], [1, 2, 3]),
        (1, ["shop-db-1", "shop-db-2 exited"], None),
        # Copies of the same container, of which one has to go.
        (1, ["shop-db-1", "shop_db_1"], None),
        (1, ["shop-db-1", "by-hand-2"], None),
        (3, ["shop-db-1", "by-hand-9"], [1, 2, 3]),
        # A rollout was killed: the candidate and the superseded container are of the same replica.
        (1, ["shop-db-1", "shop-db-1-next-0123abcd"], None),
        (1, ["shop-db-1", "shop-db-2", "shop-db-2-before-0123abcd exited"], [1, 2]),
    ],
)
def test_numbers(declared: int, found: Sequence[str], numbers: Sequence[int] | None) -> None:
    service = replace(stack(db=None).services["db"], replicas=declared)
    assert replica_numbers(service, [numbered(each) for each in found], "shop") == numbers


def numbered(text: str) -> object:
    name, *status = text.split()
    number = name.removesuffix("-next-0123abcd").removesuffix("-before-0123abcd")[-1]
    return container(name, *status, labels={"com.docker.compose.container-number": number})


def test_each_replica_adopts_the_container_with_its_number() -> None:
    declared = with_replicas(stack(db=None, web=None), {"db": [1, 2, 3]})
    found = [container("shop_db_1"), container("shop_db_3")]
    adopted = adopt_container_names(declared, found).services
    assert [adopted[f"db.{n}"].container_name for n in (1, 2, 3)] == [
        "shop_db_1",
        "shop_db_2",
        "shop_db_3",
    ]
    assert {adopted[f"db.{n}"].image for n in (1, 2, 3)} == {"shop_db"}
