"""What a framework answers, or does not answer, and what a deploy makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmicdeploy.context.run_scope import RunScope, StepsAhead
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import MigrationFailed, MissingMigrations, NotConfigured, Refused
from cosmicdeploy.migrations.verdict import Kind
from cosmicdeploy.settings import load
from cosmicdeploy.steps.base import Unchanged, Undecided
from cosmicdeploy.steps.images.build import BuildStep
from cosmicdeploy.steps.schema import first_migrations, interrupted_migrations
from cosmicdeploy.steps.schema.admission import require_bookkeeping
from cosmicdeploy.steps.schema.migrate import MigrateStep
from cosmicdeploy.steps.schema.pending import (
    parents_once,
    pending_names,
    pending_statements,
    require_allowed,
    require_files,
    unknown_allowed,
)
from tests.unit.steps.schema.frameworks.conftest import Application

pytestmark = pytest.mark.unit

Applications = Callable[[str], Application]
DJANGO = "[X]  shop.0001_initial\n[ ]  shop.0002_price\n[ ]  shop.0003_move\n"
OPERATIONS = "".join(
    f"shop.{name}\n    Add field a to b\n"
    for name in ("0002_price", "0003_move", "0004_label", "0005_drop", "0006_fails")
)
OPERATIONS += "shop.0007_both\n    Custom state/database change combination\n"
HISTORY = "b2 -> c3 (head), c\na1 -> b2, b\n<base> -> a1, a\n"


def test_an_answer_that_does_not_fit_is_one_line_with_its_beginning_and_the_file(
    application: Applications,
) -> None:
    django = application("django")
    django.answers["showmigrations"] = "\x1b[2Jshop\n [ ] 0001_initial\n\nand\nmore\n"
    with pytest.raises(MigrationFailed) as caught:
        pending_names(django.ctx)
    assert "\n" not in caught.value.what and "\x1b" not in caught.value.what
    assert "it begins with: \\x1b[2Jshop / [ ] 0001_initial / and" in caught.value.what
    assert caught.value.where == django.framework.source
    assert "correct `pending` in a copy of this file" in caught.value.todo
    assert "`python manage.py showmigrations --plan --no-color`" in caught.value.todo


def test_an_answer_of_blank_lines_is_quoted_by_what_the_command_said_on_its_error_output(
    application: Applications,
) -> None:
    django = application("django")
    django.answers["showmigrations"] = ExecResult(
        exit_code=0, stdout=b"\n" * 1000, stderr=b"no settings\n"
    )
    with pytest.raises(MigrationFailed, match="it begins with: no settings"):
        pending_names(django.ctx)


def test_ten_megabytes_make_a_short_error(application: Applications) -> None:
    rails = application("rails")
    rails.answers["db:migrate:status"] = "x" * (10 << 20)
    with pytest.raises(MigrationFailed, match="characters") as caught:
        pending_names(rails.ctx)
    assert len(str(caught.value)) < 2000


def test_a_command_that_fails_has_not_answered(application: Applications) -> None:
    django = application("django")
    django.answers["showmigrations"] = ExecResult(exit_code=1, stderr=b"No module named django")
    with pytest.raises(MigrationFailed, match="state of the migrations cannot be read") as caught:
        pending_names(django.ctx)
    assert list(caught.value.details) == ["No module named django"]


def test_pending_may_be_said_by_the_exit_code_as_well(application: Applications) -> None:
    prisma = application("prisma")
    text = b"Following migration have not yet been applied:\n2026_price\n"
    prisma.answers["migrate status"] = ExecResult(exit_code=1, stdout=text)
    assert pending_names(prisma.ctx) == ["2026_price"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("laravel", ExecResult(exit_code=1, stderr=b"Migration table not found.")),
        ("rails", ExecResult(exit_code=1, stderr=b"Schema migrations table does not exist yet.")),
    ],
)
def test_a_table_that_does_not_exist_yet_may_be_said(
    application: Applications, name: str, answer: ExecResult
) -> None:
    asked = application(name)
    asked.answers["status"] = answer
    assert pending_names(asked.ctx) is None
    with pytest.raises(Refused, match="has tables but no migrations table"):
        require_bookkeeping(asked.ctx)
    asked.schema.tables.clear()
    require_bookkeeping(asked.ctx)


def test_how_to_create_the_table_is_said_as_a_command_that_works(
    application: Applications,
) -> None:
    laravel = application("laravel")
    with pytest.raises(Refused) as caught:
        require_bookkeeping(laravel.ctx)
    assert caught.value.todo == (
        "run `cosmicdeploy exec web php artisan migrate:install`, then this command again"
    )
    laravel.ctx.settings.migrate.service = "migrations"
    with pytest.raises(Refused) as caught:
        require_bookkeeping(laravel.ctx)
    assert "run `php artisan migrate:install` in a container of migrations" in caught.value.todo


@pytest.mark.parametrize("name", ["knex"])
def test_what_would_create_its_table_is_not_asked_without_it(
    application: Applications, name: str
) -> None:
    asked = application(name)
    assert pending_names(asked.ctx) is None
    assert asked.commands == []


def test_on_an_empty_schema_all_migrations_are_the_first(application: Applications) -> None:
    """Nothing can be lost there, so no statement is asked for and none is refused."""
    django = application("django")
    django.answers["showmigrations"] = DJANGO
    assert pending_names(django.ctx) == ["shop.0002_price", "shop.0003_move"]
    django.schema.tables.clear()
    assert pending_names(django.ctx) is None
    django.answers["showmigrations"] = "(no migrations)\n"
    assert pending_names(django.ctx) == []


def test_the_table_says_which_revision_has_run(application: Applications) -> None:
    alembic = application("alembic")
    alembic.answers["history"] = HISTORY
    alembic.recorded("a1")
    assert pending_names(alembic.ctx) == ["b2", "c3"]
    assert parents_once(alembic.ctx) == {"b2": ["a1"], "c3": ["b2"]}
    alembic.recorded("d4")
    with pytest.raises(MissingMigrations, match="The image of web has no file of d4") as caught:
        pending_names(alembic.ctx)
    assert caught.value.where == "alembic history"


def test_an_older_image_than_the_schema_stops_only_what_would_migrate(
    application: Applications, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a rollback of the code alone; the new image may have the files again."""
    alembic = application("alembic")
    alembic.answers["history"] = HISTORY
    alembic.recorded("d4")
    monkeypatch.setattr(first_migrations, "half_done", lambda _: None)
    monkeypatch.setattr(interrupted_migrations, "require_whole", lambda _: None)
    left = MigrateStep(name="migrate", empty_only=True).check(alembic.ctx)
    assert isinstance(left, Unchanged) and "no file of d4" in left.reason
    deploy = MigrateStep(name="migrate")
    with pytest.raises(MissingMigrations):
        deploy.check(alembic.ctx)
    ahead = StepsAhead((BuildStep(name="build"),))
    alembic.ctx.run = RunScope(steps_ahead=ahead, is_planning=True, is_plan_only=True)
    assert isinstance(deploy.check(alembic.ctx), Undecided)


def test_nothing_is_pending_only_where_something_is_asked(application: Applications) -> None:
    none = application("none")
    none.ctx.why_no_migrations, none.ctx.loaded = "migrate.framework is none", none.ctx
    none.ctx.file = "cosmicdeploy.yaml"
    with pytest.raises(NotConfigured, match=r"migrate\.framework is none"):
        pending_names(none.ctx)


def test_frameworks_without_sql_need_each_migration_to_be_allowed(
    application: Applications,
) -> None:
    rails = application("rails")
    [unknown] = pending_statements(rails.ctx, ["20260202"])
    assert unknown.kind is Kind.UNKNOWN and "cannot show its SQL" in unknown.why
    with pytest.raises(Refused) as caught:
        require_allowed(rails.ctx, [unknown])
    assert "`cosmicdeploy deploy --allow 20260202`" in caught.value.todo
    rails.ctx.settings.migrate.allow = ("20260202",)
    require_allowed(rails.ctx, [unknown])


@pytest.mark.parametrize(
    "name",
    [
        "20260202",
        "2026_02_02_000001_add",
        "1.1",
        "5a1c",
        "my views",
        r"App\V2",
        "it's",
        "1e5",
        "on",
    ],
)
def test_the_advice_for_the_settings_is_read_as_the_same_name(
    application: Applications, tmp_path: Path, name: str
) -> None:
    """YAML takes the version of Rails or Flyway for a number, unless it is in quotes."""
    rails = application("rails")
    with pytest.raises(Refused) as caught:
        require_allowed(rails.ctx, pending_statements(rails.ctx, [name]))
    allow = caught.value.todo.partition("migrate.allow: ")[2]
    assert allow == f"[{name}]" or "_" not in name, "Laravel's names have no quotes"
    path = tmp_path / "cosmicdeploy.yaml"
    path.write_text(
        "services: {app: [web], database: db}\ndatabase: {name: shop}\napp: {}\n"
        f"migrate: {{framework: rails, allow: {allow}}}\n"
    )
    assert load(path, {}).settings.migrate.allow == (name,)


def test_each_migration_is_judged_by_its_own_sql(application: Applications) -> None:
    django = application("django")
    django.answers |= {
        "showmigrations": DJANGO,
        "migrate --plan": OPERATIONS,
        "sqlmigrate shop 0002_price": "CREATE TABLE price (id int);",
        "sqlmigrate shop 0003_move": "-- THIS OPERATION CANNOT BE WRITTEN AS SQL\n",
        "sqlmigrate shop 0004_label": "--\n-- Alter field title on article\n--\n",
        "sqlmigrate shop 0005_drop": "DROP TABLE old;\nDROP TABLE older;\n",
        "sqlmigrate shop 0006_fails": ExecResult(exit_code=1, stderr=b"a\nno such constraint"),
    }
    names = [f"shop.{each}" for each in ("0002_price", "0003_move", "0004_label", "0005_drop")]
    judged = pending_statements(django.ctx, [*names, "shop.0006_fails", "shop.0007_both"])
    assert [(each.migration[-5:], each.kind) for each in judged] == [
        ("price", Kind.ADDITIVE),
        ("_move", Kind.UNKNOWN),
        ("label", Kind.HARMLESS),
        ("_drop", Kind.DESTRUCTIVE),
        ("_drop", Kind.DESTRUCTIVE),
        ("fails", Kind.UNKNOWN),
        ("_both", Kind.UNKNOWN),
    ]
    assert "no SQL shows a part of it" in judged[1].why
    assert "no such constraint" in judged[-2].why
    assert "might run a part of it" in judged[-1].why
    assert not any("0007_both" in each for each in django.commands)


def test_no_sql_is_asked_for_if_it_is_not_known_what_that_runs(application: Applications) -> None:
    django = application("django")
    failed = ExecResult(exit_code=1, stderr=b"SystemCheckError")
    django.answers |= {"showmigrations": DJANGO, "migrate --plan": failed}
    [unknown] = pending_statements(django.ctx, ["shop.0002_price"])
    assert unknown.kind is Kind.UNKNOWN and "SystemCheckError" in unknown.why


def test_all_migrations_are_shown_from_the_recorded_revision_on(application: Applications) -> None:
    alembic = application("alembic")
    alembic.recorded("a1")
    alembic.answers["upgrade a1:heads --sql"] = (
        "-- Running upgrade a1 -> b2\n\nCREATE TABLE b (id int);\n\n"
        "UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';\n"
        "-- Running upgrade b2 -> c3\n\n"
        "UPDATE alembic_version SET version_num='c3' WHERE alembic_version.version_num = 'b2';\n"
    )
    judged = pending_statements(alembic.ctx, ["b2", "c3"])
    assert [(each.migration, each.kind) for each in judged] == [
        ("b2", Kind.ADDITIVE),
        ("c3", Kind.HARMLESS),
    ]
    alembic.answers["upgrade a1:heads --sql"] = "-- Running upgrade a1 -> b2\n"
    judged = pending_statements(alembic.ctx, ["b2", "c3"])
    assert [each.kind for each in judged] == [Kind.HARMLESS, Kind.UNKNOWN], "one is not shown"
    alembic.recorded("a1", "z9")
    unknown = pending_statements(alembic.ctx, ["b2", "c3"])
    assert {each.kind for each in unknown} == {Kind.UNKNOWN}
    assert "not from 2 at once" in unknown[0].why


def test_a_name_with_a_blank_is_quoted_in_the_advice(application: Applications) -> None:
    flyway = application("flyway")
    [unknown] = pending_statements(application("rails").ctx, ["my views"])
    with pytest.raises(Refused, match="my views") as caught:
        require_allowed(flyway.ctx, [unknown])
    assert "--allow 'my views'" in caught.value.todo


def test_a_migration_without_a_file_is_not_rolled_back(application: Applications) -> None:
    rails = application("rails")
    rails.answers["status"] = "   up     20250101000000  ********** NO FILE **********\n" + (
        "   up     20260101000000  Create articles\n"
    )
    require_files(rails.ctx, ["20260101000000"])
    with pytest.raises(Refused, match="20250101000000 cannot be rolled back: it has no file"):
        require_files(rails.ctx, ["20250101000000", "20260101000000"])


def test_what_is_allowed_must_have_a_name(application: Applications) -> None:
    django = application("django")
    django.answers["showmigrations"] = DJANGO
    django.ctx.run = django.ctx.run.__class__(allowed_migrations=frozenset({"shop.0002_prise"}))
    assert unknown_allowed(django.ctx) == ["shop.0002_prise"]
