"""The step `migrate` with each kind of framework: what it plans, records and reports as run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from cosmicdeploy.errors import Refused
from cosmicdeploy.migrations.frameworks.definition import Definition
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.steps.base import Change, Unchanged
from cosmicdeploy.steps.schema import first_migrations, interrupted_migrations, migrate
from cosmicdeploy.steps.schema.migrate import MigrateStep
from tests.unit.steps.schema.frameworks.conftest import Application
from tests.unit.steps.schema.in_memory import opens

pytestmark = pytest.mark.unit

Applications = Callable[[str | Framework], Application]
STEP = MigrateStep(name="migrate")
HISTORY = "b2 -> c3 (head), c\na1 -> b2, b\n<base> -> a1, a\n"
CODES = Framework(
    name="commands",
    source="cosmicdeploy.yaml: migrate.commands",
    definition=Definition.model_validate(
        {
            "pending": {"command": ["list"], "unnamed": {"none": "^none", "some": "^some"}},
            "run": ["up"],
            "down": {"command": ["back"], "by": "run"},
        }
    ),
)


@pytest.fixture
def opened(application: Applications, monkeypatch: pytest.MonkeyPatch) -> Applications:
    """The application, for the whole step."""
    monkeypatch.setattr(first_migrations, "half_done", lambda _: None)
    monkeypatch.setattr(interrupted_migrations, "require_whole", lambda _: None)
    monkeypatch.setattr(migrate, "lock_wait_before", lambda _: {"former": 9, "set": 1})
    monkeypatch.setattr(migrate, "short_lock_wait", lambda *_: nullcontext())
    monkeypatch.setattr(migrate, "remove_trials", lambda _: None)

    def with_framework(chosen: str | Framework) -> Application:
        opened = application(chosen)
        monkeypatch.setattr(migrate, "changed_by", opened.run)
        monkeypatch.setattr(
            migrate, "open_facts", opens(opened.schema, opened.framework.bookkeeping)
        )
        return opened

    return with_framework


def change_of(application: Application) -> Change:
    finding = STEP.check(application.ctx)
    assert isinstance(finding, Change)
    return finding


def test_alembic_records_what_came_before_each_pending_revision(opened: Applications) -> None:
    alembic = opened("alembic")
    alembic.recorded("a1")
    alembic.answers |= {
        "history": HISTORY,
        "--sql": "-- Running upgrade a1 -> b2\nCREATE TABLE b (id int);\n"
        "-- Running upgrade b2 -> c3\n",
        "upgrade heads": "",
    }
    change = change_of(alembic)
    assert change.summary == "run 2 migrations (b2, c3): 1 additive, 1 harmless"
    assert change.before["applied"] == ["a1"] and change.before["names"] == ["b2", "c3"]
    assert change.before["parents"] == {"b2": ["a1"], "c3": ["b2"]}
    assert change.before["bookkeeping"] == ["alembic_version"]
    alembic.recorded("c3")
    assert STEP.apply(alembic.ctx, change)["migrations"] == ["b2", "c3"]
    assert alembic.commands[-1] == "alembic upgrade heads"
    alembic.ctx.lookup_cache.listed_migrations.clear()
    assert isinstance(STEP.check(alembic.ctx), Unchanged)


def test_laravel_is_recorded_as_ever(opened: Applications) -> None:
    laravel = opened("laravel")
    laravel.recorded("2026_01_01_000001_a")
    laravel.answers |= {
        "status": "| Yes | 2026_01_01_000001_a | 1 |\n| No | 2026_01_01_000002_b | |\n",
        "--pretend": "B: create table `b` (`id` int)\n",
    }
    change = change_of(laravel)
    keys = {"applied", "schema", "names", "pending", "lock_wait"}
    assert change.before.keys() == keys
    assert change.summary == "run 2026_01_01_000002_b: 1 additive"


def test_prisma_says_what_stays(opened: Applications) -> None:
    prisma = opened("prisma")
    prisma.recorded("1_a")
    prisma.answers |= {
        "migrate status": "Following migration have not yet been applied:\n2_b\n",
        "cat prisma/migrations/2_b/migration.sql": "-- CreateTable\nCREATE TABLE b (id INT);\n",
    }
    change = change_of(prisma)
    assert change.summary == (
        "run 2_b: 1 additive; stays if a later step fails: prisma cannot go back"
    )
    assert change.before["stays_by"] == "prisma"


def test_rails_needs_each_migration_to_be_allowed(opened: Applications) -> None:
    rails = opened("rails")
    rails.recorded("20260101000000")
    rails.answers["status"] = (
        "   up     20260101000000  Create articles\n  down    20260202000000  Add price\n"
    )
    with pytest.raises(Refused, match="20260202000000 may destroy data and is not allowed"):
        STEP.check(rails.ctx)
    rails.ctx.settings.migrate.allow = ("20260202000000",)
    assert change_of(rails).summary == "run 20260202000000: 1 unknown"


def test_without_names_all_that_is_pending_runs_as_one(opened: Applications) -> None:
    codes = opened(CODES)
    codes.ctx.settings.migrate.allow = ("pending",)
    codes.answers |= {"list": "some\n", "up": ""}
    change = change_of(codes)
    assert change.summary == "run pending: 1 unknown"
    assert change.before["bookkeeping"] == []
    codes.answers["list"] = "none\n"
    assert STEP.apply(codes.ctx, change)["migrations"] == ["pending"]


def test_the_first_migrations_need_no_sql(opened: Applications) -> None:
    for chosen, text in (("django", "[ ]  shop.0001_a\n"), ("alembic", HISTORY), (CODES, "some\n")):
        new = opened(chosen)
        new.schema.tables.clear()
        new.answers |= {"showmigrations": text, "history": text, "list": text}
        change = change_of(new)
        assert change.summary == "run all migrations on an empty schema"
        assert change.before["objects"] == []


def test_a_stack_without_migrations_has_nothing_to_run(opened: Applications) -> None:
    none = opened("none")
    none.ctx.why_no_migrations = "migrate.framework is none"
    finding = STEP.check(none.ctx)
    assert isinstance(finding, Unchanged) and finding.reason == "migrate.framework is none"
