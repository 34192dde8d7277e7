"""Each framework goes back to exactly what had run, or refuses before anything is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from cosmicdeploy.cli.release.rollback import Mode, _possible_mode
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import NeedsPerson, NotConfigured, Refused
from cosmicdeploy.journal.unfinished.interrupted_migration import BegunMigration
from cosmicdeploy.migrations.preview import DONE, NOT_DONE, NOT_KNOWN, Outcome, unknown_statement
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.schema import migrate
from cosmicdeploy.steps.schema.down import require_can_go_back, roll_down
from cosmicdeploy.steps.schema.interrupted_migrations import MigrationProgress, State
from cosmicdeploy.steps.schema.migrate import MigrateStep
from cosmicdeploy.steps.schema.migrate_down import MigrateDownStep
from cosmicdeploy.steps.schema.undoing import left_applied
from cosmicdeploy.steps.schema.undoing.left_applied import leave_applied, stay_if_undone
from tests.unit.steps.schema.frameworks.conftest import Application

pytestmark = pytest.mark.unit

Applications = Callable[[str], Application]
DONE_RESULT = ExecResult(exit_code=0)


def removing(application: Application, *left: str) -> Callable[[Sequence[str]], ExecResult]:
    """Return a command that leaves these migrations in the table."""

    def run(_command: Sequence[str]) -> ExecResult:
        application.recorded(*left)
        return DONE_RESULT

    return run


def test_django_goes_back_in_each_application(application: Applications) -> None:
    django = application("django")
    before = {"auth.0001_initial", "shop.0001_initial"}
    django.recorded(*sorted(before), "shop.0002_price", "new.0001_initial", "shop.0003_index")
    django.answers |= {
        "migrate --no-input --no-color shop 0001_initial": removing(
            django, *sorted(before), "new.0001_initial"
        ),
        "migrate --no-input --no-color new zero": removing(django, *sorted(before)),
    }
    back = ["shop.0002_price", "new.0001_initial", "shop.0003_index"]
    assert roll_down(django.ctx, before) == back
    assert len(django.commands) == 2
    assert roll_down(django.ctx, before) == []


def test_what_stays_although_the_command_succeeded_needs_a_person(
    application: Applications,
) -> None:
    django = application("django")
    django.recorded("shop.0001_initial", "shop.0002_price")
    django.answers["shop 0001_initial"] = DONE_RESULT
    with pytest.raises(NeedsPerson) as caught:
        roll_down(django.ctx, {"shop.0001_initial"})
    assert caught.value.where == "shop.0002_price"


def test_the_commands_end_with_the_first_that_fails(application: Applications) -> None:
    rails = application("rails")
    rails.recorded("1", "2", "3")
    rails.answers["VERSION=3"] = ExecResult(exit_code=1, stderr=b"IrreversibleMigration")
    with pytest.raises(NeedsPerson) as caught:
        roll_down(rails.ctx, {"1"})
    assert rails.commands == ["bin/rails db:migrate:down VERSION=3"]
    assert list(caught.value.details) == ["IrreversibleMigration"]


def test_only_what_counts_from_the_end_needs_the_order(application: Applications) -> None:
    """Rails names each migration, so an older one may have run after it."""
    rails = application("rails")
    rails.recorded("1", "2", "3")
    rails.answers["VERSION=2"] = removing(rails, "1", "3")
    assert roll_down(rails.ctx, {"1", "3"}) == ["2"]
    laravel = application("laravel")
    laravel.recorded("1", "2", "3")
    with pytest.raises(Refused, match="Other migrations were applied after 2"):
        roll_down(laravel.ctx, {"1", "3"})
    assert laravel.commands == []


HISTORY = "b2, c1 -> d1 (head), d\na1 -> b2, b\na1 -> c1, c\n<base> -> a1, a\n<base> -> z1, z\n"


def test_alembic_goes_back_to_the_recorded_revisions(application: Applications) -> None:
    alembic = application("alembic")
    alembic.recorded("d1", "z1")
    alembic.answers |= {
        "history": HISTORY,
        "downgrade b2@-1": removing(alembic, "z1", "a1"),
        "downgrade b2": removing(alembic, "z1", "b2", "c1"),
        "downgrade c1@-1": removing(alembic, "z1", "b2"),
        "downgrade z1@-1": removing(alembic, "a1"),
    }
    assert roll_down(alembic.ctx, {"a1"}) == ["z1", "c1", "b2", "d1"]
    assert alembic.commands == [
        "alembic history",
        "alembic downgrade b2",
        "alembic downgrade b2@-1",
        "alembic downgrade c1@-1",
        "alembic downgrade z1@-1",
    ]


@pytest.mark.parametrize(
    ("recorded", "target", "why"),
    [
        (["a1"], {"b2"}, "b2 is not applied"),
        (["d1"], {"d1", "z1"}, "z1 is not applied"),
    ],
)
def test_alembic_is_not_asked_for_what_it_cannot_do(
    application: Applications, recorded: list[str], target: set[str], why: str
) -> None:
    alembic = application("alembic")
    alembic.recorded(*recorded)
    alembic.answers["history"] = HISTORY
    with pytest.raises(Refused, match=why):
        roll_down(alembic.ctx, target)
    assert alembic.commands == ["alembic history"]


def test_without_a_table_what_a_run_ran_is_pending_again(application: Applications) -> None:
    knex = application("knex")
    knex.schema.tables["knex_migrations"] = []
    knex.answers |= {
        "migrate:down b.js": DONE_RESULT,
        "migrate:list": "Found 2 Pending Migration file/files.\na.js\nb.js\n",
    }
    assert roll_down(knex.ctx, set(), ["b.js"]) == ["b.js"]
    knex.answers["migrate:list"] = "Found 1 Pending Migration file/files.\na.js\n"
    with pytest.raises(NeedsPerson) as caught:
        roll_down(knex.ctx, set(), ["b.js"])
    assert caught.value.where == "b.js"


# --- where there is no way back


def test_a_rollback_by_migrations_is_refused_by_name(application: Applications) -> None:
    prisma = application("prisma")
    with pytest.raises(Refused, match="prisma cannot roll migrations back") as caught:
        require_can_go_back(prisma.ctx, "latest")
    assert "`cosmicdeploy rollback --to latest`" in caught.value.todo
    assert "`cosmicdeploy rollback --to latest --code-only`" in caught.value.todo
    prisma.ctx.has_database = True
    with pytest.raises(Refused, match="prisma cannot"):
        _possible_mode(prisma.ctx, Mode.MIGRATION, "latest")
    assert _possible_mode(prisma.ctx, Mode.RESTORE, "latest") is Mode.RESTORE
    prisma.ctx.run = SimpleNamespace(target_backup=SimpleNamespace(id="b1"))
    with pytest.raises(Refused, match="prisma cannot"):
        MigrateDownStep(name="migrate-down").check(prisma.ctx)


def test_a_stack_without_migrations_has_none_to_roll_back(application: Applications) -> None:
    none = application("none")
    none.ctx.has_database, none.ctx.loaded = True, SimpleNamespace(file="cosmicdeploy.yaml")
    none.ctx.why_no_migrations = "migrate.framework is none"
    with pytest.raises(NotConfigured, match=r"migrate\.framework is none") as caught:
        _possible_mode(none.ctx, Mode.MIGRATION, "latest")
    assert "migrate.framework" in caught.value.todo


BEFORE: dict[str, Any] = {"applied": ["1"], "schema": "s", "names": ["2", "3"]}


def test_what_stays_is_said_before_the_run_and_recorded(application: Applications) -> None:
    prisma, rails = application("prisma"), application("rails")
    stay = stay_if_undone(prisma.ctx, BEFORE)
    assert stay.notice == "; stays if a later step fails: prisma cannot go back"
    assert stay_if_undone(rails.ctx, BEFORE).notice == ""
    first = {"applied": [], "schema": "s", "objects": [], "names": ["1"]}
    assert stay_if_undone(prisma.ctx, first).record == {}, "what they created is dropped"
    step = MigrateStep(name="migrate")
    left = Change(summary="", before={**BEFORE, **stay.record})
    assert step.leaves_data(left) and not step.leaves_data(Change(summary="", before=BEFORE))
    assert step.kept_after_undo(left).endswith("as far as it ran: 2 migrations (2, 3)")


def outcome(name: str, state: str) -> Outcome:
    return Outcome(statement=unknown_statement(name, ""), state=state)


@pytest.mark.parametrize(
    ("state", "outcomes", "applied", "is_half_done"),
    [
        (State.UNTOUCHED, [], set(), False),
        (State.WHOLE, [("2", DONE), ("3", DONE)], {"1", "2", "3"}, False),
        (State.BROKEN, [("2", DONE), ("3", NOT_DONE)], {"1", "2"}, False),
        (State.BROKEN, [("2", DONE), ("3", DONE), ("3", NOT_DONE)], {"1", "2"}, True),
        (State.BROKEN, [("2", DONE), ("3", NOT_KNOWN)], {"1", "2"}, True),
        (State.BROKEN, [("2", DONE), ("3", DONE)], {"1", "2"}, True),
    ],
)
def test_whole_migrations_stay_and_half_done_ones_need_a_person(
    application: Applications,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    outcomes: list[tuple[str, str]],
    applied: set[str],
    is_half_done: bool,
) -> None:
    prisma, said = application("prisma"), []
    prisma.ctx.say = said.append
    begun = BegunMigration(before={**BEFORE, "stays_by": "prisma"})
    progress = MigrationProgress(
        begun=begun, state=state, outcomes=[outcome(*each) for each in outcomes], applied=applied
    )
    monkeypatch.setattr(left_applied, "compare_with_schema", lambda *_: progress)
    if is_half_done:
        with pytest.raises(NeedsPerson):
            leave_applied(prisma.ctx, begun)
        return
    leave_applied(prisma.ctx, begun)
    assert bool(said) is (state is not State.UNTOUCHED)


def test_the_undo_of_a_deploy_leaves_them(
    application: Applications, monkeypatch: pytest.MonkeyPatch
) -> None:
    prisma = application("prisma")
    left: list[object] = []
    begun = BegunMigration(before={**BEFORE, "stays_by": "prisma"}, done={})
    monkeypatch.setattr(migrate, "_wait_for_database", lambda _ctx: None)
    monkeypatch.setattr(migrate, "interrupted_migration", lambda *_, **__: begun)
    monkeypatch.setattr(migrate, "leave_applied", lambda _ctx, begun: left.append(begun))
    monkeypatch.setattr(migrate, "roll_down", lambda *_: pytest.fail("it cannot go back"))
    MigrateStep(name="migrate").undo(prisma.ctx, Change(summary="", before=begun.before))
    assert left == [begun]
