"""Migrations of other frameworks than Laravel, by the real programs from the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cosmicdeploy.errors import ExitCode
from tests.stack.frameworks.alembic_shop import Alembic
from tests.stack.frameworks.django_shop import Django
from tests.stack.frameworks.migrating import Migrating
from tests.stack.stacks.one_app import stack_of_kind
from tests.stack.support.harness import Done

pytestmark = [pytest.mark.stack, pytest.mark.torture]

ADD = "ALTER TABLE articles ADD COLUMN price INT NULL"
DROP = "ALTER TABLE articles DROP COLUMN price"


@pytest.fixture(params=[Django, Alembic], ids=lambda kind: kind.framework)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Migrating]:
    """Release 1, with its first migration."""
    with stack_of_kind(tmp_path, request.param) as stack:
        done(stack, "up")
        assert stack.first in stack.applied() and stack.columns() == ("id", "name")
        yield stack


def done(stack: Migrating, *words: str) -> Done:
    result = stack.cli(*words, "--json")
    assert result.code == 0, f"{result.report.get('error')} {result.stderr}"
    return result


def test_a_pending_migration_is_judged_run_and_rolled_back(shop: Migrating) -> None:
    shop.write(release="2")
    name = shop.add(ADD, down=DROP)
    backups_before = len(done(shop, "backup", "list").report["data"])
    deploy = done(shop, "deploy")
    assert f"run {name}: 1 additive" in deploy.reason("migrate")
    assert "price" in shop.columns() and shop.answering_release() == "2"
    assert done(shop, "deploy").report["outcome"] == "unchanged"
    backups = done(shop, "backup", "list").report["data"]
    assert len(backups) > backups_before
    first = next(each["backup"] for each in done(shop, "rollback").report["data"])
    done(shop, "rollback", "--to", first, "--migration", "--yes")
    assert shop.columns() == ("id", "name") and shop.answering_release() == "1"
    assert name not in shop.applied() and shop.first in shop.applied()


def test_a_destructive_migration_is_refused_before_anything_is_touched(shop: Migrating) -> None:
    shop.write(release="2")
    name = shop.add("ALTER TABLE articles DROP COLUMN name", down="SELECT 1")
    applied = shop.applied()
    refused = shop.cli("deploy", "--json")
    assert refused.code == ExitCode.FAILED
    assert f"--allow {name}" in refused.report["error"]["todo"]
    assert (shop.applied(), shop.columns()) == (applied, ("id", "name"))
    assert shop.answering_release() == "1"
    done(shop, "deploy", "--allow", name)
    assert shop.columns() == ("id",)


def test_a_failing_migration_is_undone(shop: Migrating) -> None:
    shop.write(release="2")
    name = shop.add("ALTER TABLE no_such_table ADD COLUMN a INT NULL", down="SELECT 1")
    applied = shop.applied()
    failed = shop.cli("deploy", "--allow", name, "--json")
    assert failed.code == ExitCode.FAILED, failed.report["error"]
    assert "no_such_table" in " ".join(failed.report["error"]["details"])
    assert shop.applied() == applied and shop.answering_release() == "1"
    shop.remove()
    done(shop, "deploy")
    assert shop.answering_release() == "2"


def test_a_release_that_gets_never_healthy_is_undone_with_its_migration(shop: Migrating) -> None:
    shop.write(release="2-bad")
    shop.add(ADD, down=DROP)
    applied = shop.applied()
    failed = shop.cli("deploy", "--json")
    assert failed.code == ExitCode.FAILED, failed.report["error"]
    assert (shop.applied(), shop.columns()) == (applied, ("id", "name"))
    assert shop.answering_release() == "1"


def test_an_answer_that_does_not_fit_stops_the_deploy(shop: Migrating) -> None:
    """As if a version printed something else."""
    shop.write(release="2")
    shop.add(ADD, down=DROP)
    settings = shop.folder / "cosmicdeploy.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("program:", "program: [echo, changed]\n  was:"))
    settings.write_text(settings.read_text().partition("  was:")[0])
    lives = shop.lives()
    failed = shop.cli("deploy", "--json")
    assert failed.code == ExitCode.FAILED
    error = failed.report["error"]
    assert "it begins with: changed" in error["what"]
    assert error["where"].endswith(f"{shop.framework}.yaml")
    assert shop.lives() == lives and shop.columns() == ("id", "name")
