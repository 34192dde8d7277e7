"""Second containers of a service, other projects in its folder, and orphans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.in_place import adopt_container_names
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import Refused
from cosmicdeploy.probes.preconditions.single_container import resolve_containers
from cosmicdeploy.settings import Services
from cosmicdeploy.stack.model import Mount, Stack
from cosmicdeploy.verification.orphans import find_orphans, removable_orphans
from tests.unit.engine.shop_stack import Engine, container, stack

pytestmark = pytest.mark.unit


def context(ctx: Context, declared: Stack, engine: Engine) -> Context:
    services = Services(app=("web",), database="db")
    loaded: Any = SimpleNamespace(settings=SimpleNamespace(services=services))
    any_engine: Any = engine
    found = adopt_container_names(declared, engine.containers(""))
    return replace(ctx, stack=found, engine=any_engine, loaded=loaded)


@pytest.mark.parametrize(
    ("declared", "found", "words"),
    [
        (None, ["shop_db_1", "shop-db-1"], ["shop_db_1", "shop-db-1", "docker stop"]),
        (None, ["shop-db-1", "by-hand"], ["shop-db-1", "by-hand", "docker stop"]),
        ("data", ["data", "shop_db_1"], ["data", "shop_db_1", "docker stop"]),
        ("data", ["shop_db_1"], ["`docker rename shop_db_1 data`"]),
        (None, ["shop_db_1 exited", "shop-db-1 exited"], ["none is running", "docker start NAME"]),
        (
            "data",
            ["shop_db_1", "data exited"],
            ["decide which one to keep", "docker stop shop_db_1`, then `docker start data`"],
        ),
        (
            None,
            ["foreign", "shop-db-1 exited"],
            ["decide which one to keep", "docker stop foreign`, then `docker start shop-db-1`"],
        ),
    ],
)
def test_a_second_container_of_a_service_is_refused_with_advice(
    ctx: Context, declared: str | None, found: Sequence[str], words: Sequence[str]
) -> None:
    containers = [container(*each.split()) for each in found]
    opened = context(ctx, stack(db=declared, web=None), Engine(containers))
    with pytest.raises(Refused) as refused:
        resolve_containers(opened, ["db", "web"])
    assert all(word in str(refused.value) for word in words), refused.value
    if len(containers) > 1:
        assert "docker rename" not in str(refused.value), "never advises to swap names"
        facts = ["created 2026-01-02T03:04:05", "image mariadb:10.11", "volumes shop_data"]
        assert all(all(fact in line for fact in facts) for line in refused.value.details)
    assert not any(word in str(refused.value) for word in (" rm ", "--force", " -f "))
    resolve_containers(opened, ["web"])  # a run without the service is not refused


def test_what_compose_left_while_it_recreated_a_container_is_not_a_choice(ctx: Context) -> None:
    left = container("0123456789ab_shop-db-1", "created")
    stopped = container("shop-db-1", "exited")
    opened = context(ctx, stack(db=None, web=None), Engine([left, stopped]))
    assert resolve_containers(opened, ["db", "web"]).service("db").container_name == "shop-db-1"
    [orphan] = find_orphans(opened)
    assert (orphan.container, orphan.what) == (left, "stopped container")
    opened = context(
        ctx, stack(db=None, web=None), Engine([replace(left, status="exited"), stopped])
    )
    with pytest.raises(Refused, match="none is running"):
        resolve_containers(opened, ["db", "web"])


def test_a_single_container_is_accepted_under_any_name(ctx: Context) -> None:
    candidate = container("shop_db_1-next-0123abcd")
    opened = context(ctx, stack(db=None, web=None), Engine([container("shop_db_1"), candidate]))
    assert resolve_containers(opened, ["db", "web"]).service("db").container_name == "shop_db_1"


def test_another_project_of_the_same_folder_is_refused_by_name(ctx: Context) -> None:
    """Compose 1.29 and v2 derive different project names from a folder `_shop`."""
    twin = replace(container("shop_db_1"), project="_shop")
    opened = context(ctx, stack(db=None, web=None), Engine([], [twin]))
    with pytest.raises(Refused, match="already runs as shop_db_1 in the project _shop"):
        resolve_containers(opened, ["db", "web"])
    staging = replace(twin, project="staging")
    resolve_containers(context(ctx, stack(db=None, web=None), Engine([], [staging])), ["db", "web"])


DATA = Mount(type="volume", source="shop_data", target="/var/lib/mysql")


@pytest.mark.parametrize(
    ("own", "user", "advice"),
    [
        (
            "shop-db-1 exited",
            container("shop-db-run-1", labels={labels.ONEOFF: "True"}),
            "`docker stop shop-db-run-1`",
        ),
        ("", replace(container("by-hand"), project="", service=""), "`docker stop by-hand`"),
        ("", replace(container("theirs"), project="other"), "of the project other"),
        ("", container("shop-web-1", service="web"), "up -d --no-deps web`"),
        ("shop-db-1", replace(container("by-hand"), project=""), None),
        ("", container("trial", labels={labels.MARKER: labels.TRIAL}), None),
    ],
)
def test_a_second_database_server_on_the_same_data_is_refused(
    ctx: Context, own: str, user: Container, advice: str | None
) -> None:
    engine = Engine([container(*own.split())] if own else [])
    engine.users = {"shop_data": [user], "uploads": [user]}
    plain = stack(db=None, web=None)
    uploads = Mount(type="volume", source="uploads", target="/u")
    database = replace(plain.services["db"], mounts=(DATA, uploads))
    web = replace(plain.services["web"], mounts=(uploads,))
    declared = replace(plain, services={"db": database, "web": web})
    opened = context(ctx, declared, engine)
    resolve_containers(opened, ["web"])
    if advice is None:
        resolve_containers(opened, ["db", "web"])
        return
    with pytest.raises(Refused, match="uses its data shop_data") as refused:
        resolve_containers(opened, ["db", "web"])
    assert user.name in refused.value.what and advice in str(refused.value)
    assert ("docker stop" in refused.value.todo) == (user.service != "web")
    engine.users.pop("shop_data")
    resolve_containers(opened, ["db", "web"])


def test_no_advice_removes_a_running_or_undeclared_container(ctx: Context) -> None:
    containers = [
        container("shop-db-1"),
        container("shop_db_1"),
        container("shop_db_2", "exited", volumes={"/var/lib/mysql": "0123"}),
        container("mailer", service="mailer"),
        container("shop-db-1-before-0123abcd", "exited"),
        container("shop-extra-2", service="extra"),
    ]
    opened = context(ctx, stack(db=None, web=None, extra=None), Engine(containers))
    found = {orphan.container.name: orphan for orphan in find_orphans(opened)}
    reasons = {name: orphan.what for name, orphan in found.items()}
    assert reasons == {
        "shop_db_1": "second container",
        "shop_db_2": "stopped container",
        "mailer": "not in the file",
        "shop-db-1-before-0123abcd": "superseded",
    }
    assert not any("rm" in found[name].todo.split() for name in ("shop_db_1", "mailer"))
    assert "`docker rm shop_db_2`" in found["shop_db_2"].todo and "0123" in found["shop_db_2"].todo


def test_a_container_of_a_service_with_inactive_profiles_is_no_orphan(ctx: Context) -> None:
    declared = replace(stack(db=None, web=None), inactive=frozenset({"debug"}))
    containers = [container("shop-debug-1", service="debug"), container("x", service="x")]
    opened = context(ctx, declared, Engine(containers))
    assert [orphan.container.name for orphan in find_orphans(opened)] == ["x"]


def test_the_advice_for_an_orphan_is_the_command_that_removes_it(ctx: Context) -> None:
    containers = [
        container("shop-mailer-1", service="mailer"),
        container("by-hand", service=""),
        container("shop-web-1", service="web"),
    ]
    opened = context(ctx, stack(db=None, web=None), Engine(containers))
    found = {orphan.container.name: orphan.todo for orphan in find_orphans(opened)}
    assert "`cosmicdeploy deploy --remove-orphans`" in found["shop-mailer-1"]
    assert "volumes stay" in found["shop-mailer-1"]
    assert "docker stop by-hand" in found["by-hand"] and "--remove-orphans" not in found["by-hand"]
    assert found.keys() == {"shop-mailer-1", "by-hand"}
    assert [orphan.name for orphan in removable_orphans(opened)] == ["shop-mailer-1"]


def test_a_renamed_database_is_told_how_to_keep_its_data(ctx: Context) -> None:
    old = container("shop-mysql-1", service="mysql")
    engine = Engine([old])
    engine.users = {"shop_data": [old]}
    plain = stack(db=None, web=None)
    database = replace(plain.services["db"], mounts=(DATA,))
    declared = replace(plain, services={**plain.services, "db": database})
    with pytest.raises(Refused, match="uses its data shop_data") as refused:
        resolve_containers(context(ctx, declared, engine), ["db", "web"])
    advice = refused.value.todo
    assert "docker stop shop-mysql-1" in advice and "run the same command again" in advice


def test_a_database_that_was_renamed_under_its_container_name_uses_its_own_data(
    ctx: Context,
) -> None:
    """Its container has the name that the file gives it, and the label of the former service."""
    old = container("shop-data", service="mysql")
    engine = Engine([old])
    engine.users = {"shop_data": [old]}
    plain = stack(db="shop-data", web=None)
    database = replace(plain.services["db"], mounts=(DATA,))
    declared = replace(plain, services={**plain.services, "db": database})
    opened = resolve_containers(context(ctx, declared, engine), ["db", "web"])
    assert opened.container("db") == old and not find_orphans(opened)
