"""Which infrastructure `--include` may name, and what has to hold for it."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.operations.inclusion import (
    included_in_rollback,
    included_services,
    left_newer,
    require_backup_first,
    without_backup,
)
from cosmicdeploy.playbook import load_playbook
from cosmicdeploy.steps.backups.images_only import running_images
from tests.unit.infrastructure.shop import SETTINGS, Open, running_engine

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nginx"], {"nginx"}),
        (["proxy", "database"], {"nginx", "db"}),
        (["stateful", "shop-db-1"], {"pg", "db"}),
    ],
)
def test_infrastructure_is_included_by_name_or_role(
    shop: Open, words: list[str], expected: set[str]
) -> None:
    assert included_services(shop(running_engine()), words) == expected


@pytest.mark.parametrize(
    ("word", "what", "todo"),
    [
        ("ngin", "no service 'ngin'", "did you mean 'nginx'"),
        ("app", "app is no infrastructure", "db, nginx, pg"),
        ("mailer", "mailer is left alone", "services.left_alone"),
    ],
)
def test_any_other_word_is_refused_by_name(shop: Open, word: str, what: str, todo: str) -> None:
    settings = SETTINGS.replace("proxy: nginx", "proxy: nginx, left_alone: [mailer]")
    with pytest.raises(UsageError, match=what) as caught:
        included_services(shop(running_engine(), settings=settings), [word])
    assert todo in caught.value.todo


def test_the_database_is_replaced_only_after_a_backup(shop: Open) -> None:
    ctx, deploy = shop(running_engine()), load_playbook(playbooks() / "deploy.yaml")
    require_backup_first(ctx, deploy, {"db"})
    without = load_playbook(playbooks() / "up.yaml")
    require_backup_first(ctx, without, {"nginx"})
    with pytest.raises(UsageError, match="only after a backup") as caught:
        require_backup_first(ctx, without, {"db"})
    assert "kind: backup" in caught.value.todo


def test_what_no_backup_has_is_asked_for_only_if_it_would_be_replaced(shop: Open) -> None:
    engine = running_engine()
    assert not without_backup(shop(engine), {"pg", "nginx", "db"})
    engine.images |= {"postgres:16": Image(id="sha256:2"), "mariadb:10": Image(id="sha256:2")}
    assert without_backup(shop(engine), {"pg", "nginx", "db"}) == ["pg"]


def test_a_rollback_of_the_code_may_bring_back_the_proxy(shop: Open) -> None:
    engine = running_engine()
    ctx, images = shop(engine), {"nginx": "sha256:older", "app": "sha256:older"}
    assert included_in_rollback(ctx, ["proxy"], images, code_only=True) == {"nginx"}
    assert left_newer(ctx, images) == ["nginx"]
    assert not left_newer(ctx.with_run(included=frozenset({"nginx"})), images)
    assert not left_newer(ctx, {"nginx": "sha256:nginx"})
    assert "nginx" in running_images(ctx) and "db" not in running_images(ctx)


@pytest.mark.parametrize(
    ("word", "code_only", "what"),
    [
        ("pg", True, "keeps data"),
        ("db", True, "keeps data"),
        ("nginx", False, "while data are restored"),
    ],
)
def test_a_rollback_brings_back_no_other_infrastructure(
    shop: Open, word: str, code_only: bool, what: str
) -> None:
    images = dict.fromkeys(("nginx", "pg", "db"), "sha256:older")
    with pytest.raises(UsageError, match=what):
        included_in_rollback(shop(running_engine()), [word], images, code_only=code_only)
    with pytest.raises(UsageError, match="no image of nginx"):
        included_in_rollback(shop(running_engine()), ["nginx"], {}, code_only=True)
