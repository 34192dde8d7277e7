"""Which infrastructure a deploy may be told to replace, and what has to hold for it."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.facts import Image
from cosmicdeploy.errors import UsageError
from cosmicdeploy.files.shipped import playbooks
from cosmicdeploy.operations.inclusion import (
    included_services,
    require_backup_first,
    without_backup,
)
from cosmicdeploy.playbook import load_playbook
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
