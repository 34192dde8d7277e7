"""The framework of the migrations, its program and its service, as settings that load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cosmicdeploy.adoption.adopt import Adoption
from cosmicdeploy.migrations.frameworks.framework import Framework
from cosmicdeploy.settings import Settings
from cosmicdeploy.workspace import read_stack_files
from tests.unit.adoption.conftest import Adopt, compose, evidence, marks, values
from tests.unit.adoption.stacks import DATABASE, SECRETS

pytestmark = pytest.mark.unit

WEB = "  web: {build: ., ports: ['80:80'], depends_on: {db: {condition: service_started}%s}}\n"
WAITS = ", migrate: {condition: service_completed_successfully}"


def stack(
    files: Mapping[str, str], *, migrate: str = "", web: str = "", database: str = DATABASE
) -> dict[str, str]:
    """Return a stack with these source files; `migrate` is the command of a one-shot service."""
    text = WEB % (WAITS if migrate else "")
    text = text.replace("build: .", f"build: ., command: '{web}'") if web else text
    if migrate:
        text += f"  migrate: {{build: ., command: '{migrate}', restart: 'no'}}\n"
    own = {"Dockerfile": "FROM x\nCOPY . /srv\n", ".env": SECRETS}
    return compose(text + database, **own) | files


def loaded(adoption: Adoption) -> tuple[Settings, Framework]:
    """Return the settings that were written, and what runs the migrations by them."""
    adoption.file.write_text(adoption.text)
    read = read_stack_files(adoption.file)[0]
    return read.settings, read.framework


def migrate_of(adoption: Adoption) -> dict[str, object]:
    return {key: value for key, value in values(adoption).items() if key.startswith("migrate.")}


DJANGO = {"manage.py": ""}
ALEMBIC = {"alembic.ini": ""}
RAILS = {"bin/rails": "", "config/application.rb": ""}
KNEX = {"knexfile.js": ""}
FLASK = {"migrations/alembic.ini": ""}
DOCTRINE = {"config/packages/doctrine_migrations.yaml": ""}
PRISMA = {"prisma/schema.prisma": ""}


@pytest.mark.parametrize(
    ("files", "migrate", "name", "program"),
    [
        (DJANGO, "python manage.py migrate", "django", None),
        (DJANGO, "python3 manage.py migrate --noinput", "django", ["python3", "manage.py"]),
        (DJANGO, "sh -c \"uv run python -u /srv/manage.py migrate\"", "django",
         ["uv", "run", "python", "-u", "/srv/manage.py"]),
        ({}, "django-admin migrate", "django", ["django-admin"]),
        (ALEMBIC, "alembic upgrade head", "alembic", None),
        (ALEMBIC, "python -m alembic upgrade head", "alembic", ["python", "-m", "alembic"]),
        ({}, "alembic -c /srv/db/alembic.ini upgrade head", "alembic",
         ["alembic", "-c", "/srv/db/alembic.ini"]),
        (FLASK, "flask --app shop:app db upgrade", "alembic", ["flask", "--app", "shop:app", "db"]),
        (RAILS, "./bin/rails db:prepare", "rails", None),
        (RAILS, "bundle exec rails db:migrate", "rails", ["bundle", "exec", "rails"]),
        ({}, "bundle exec rake db:migrate", "rails", ["bundle", "exec", "rake"]),
        (KNEX, "npx knex migrate:latest", "knex", None),
        (KNEX, "yarn knex --env live migrate:latest", "knex", ["yarn", "knex", "--env", "live"]),
        (PRISMA, "npx --yes prisma migrate deploy", "prisma", None),
        (DOCTRINE, "bin/console doctrine:migrations:migrate", "doctrine", ["bin/console"]),
    ],
)  # fmt: skip
def test_a_one_shot_service_shows_framework_program_and_service(
    adopted: Adopt, files: Mapping[str, str], migrate: str, name: str, program: list[str] | None
) -> None:
    adoption = adopted(stack(files, migrate=migrate))
    settings, framework = loaded(adoption)
    assert (framework.name, settings.migrate.service) == (name, "migrate")
    assert values(adoption).get("migrate.program") == program
    assert not settings.app.console and framework.runs_migrations
    assert list(framework.program) == (program or list(framework.definition.program))
    assert not [note for note in adoption.notes if note.kind == "does not hold"]
    assert not [key for key in marks(adoption) if key.startswith("migrate.")]


@pytest.mark.parametrize(
    ("files", "web", "expected"),
    [
        (DJANGO, "", {"migrate.framework": "django"}),
        (DJANGO, "python3 manage.py runserver",
         {"migrate.framework": "django", "migrate.program": ["python3", "manage.py"]}),
        (ALEMBIC, "uvicorn shop", {"migrate.framework": "alembic"}),
        (FLASK, "gunicorn shop",
         {"migrate.framework": "alembic", "migrate.program": ["flask", "db"]}),
        (RAILS, "bundle exec puma", {"migrate.framework": "rails"}),
        (KNEX, "node server.js", {"migrate.framework": "knex"}),
        ({"node_modules/x/knexfile.js": "", "tests/manage.py": ""}, "node server.js", {}),
        ({}, "gunicorn shop", {}),
    ],
)  # fmt: skip
def test_the_applications_own_files_and_command_show_the_framework(
    adopted: Adopt, files: Mapping[str, str], web: str, expected: dict[str, object]
) -> None:
    adoption = adopted(stack(files, web=web))
    assert migrate_of(adoption) == expected
    assert loaded(adoption)[1].name == expected.get("migrate.framework", "none")


def test_the_place_of_each_value_is_shown_and_no_secret(adopted: Adopt) -> None:
    migrate = "python3 manage.py migrate --token=hush"
    adoption = adopted(stack(DJANGO, migrate=migrate))
    assert evidence(adoption, "migrate.framework") == "manage.py"
    place = "docker-compose.yml:3, `%s`"
    assert evidence(adoption, "migrate.program") == place % "python3 manage.py"
    assert evidence(adoption, "migrate.service") == place % "manage.py"
    assert "hush" not in adoption.text


def test_a_program_that_only_a_file_shows_is_a_guess(adopted: Adopt) -> None:
    adoption = adopted(stack(FLASK))
    assert marks(adoption)["migrate.program"] == "guess"
    assert evidence(adoption, "migrate.program") == "migrations/alembic.ini"


def test_a_script_shows_the_program_but_not_in_its_comments(adopted: Adopt) -> None:
    script = "#!/bin/sh\n# python2 manage.py migrate\npython3 manage.py migrate\n"
    adoption = adopted(stack(DJANGO | {"up.sh": script}, migrate="sh up.sh"))
    assert values(adoption)["migrate.program"] == ["python3", "manage.py"]
    assert evidence(adoption, "migrate.program").startswith("up.sh:3, ")


def test_what_migrates_counts_more_than_files_and_several_frameworks_are_a_guess(
    adopted: Adopt,
) -> None:
    adoption = adopted(stack(RAILS | KNEX, migrate="npx knex migrate:latest"))
    assert migrate_of(adoption) == {"migrate.framework": "knex", "migrate.service": "migrate"}
    assert marks(adoption)["migrate.framework"] == "guess"


def test_a_service_that_hides_what_it_runs_is_a_guess(adopted: Adopt) -> None:
    adoption = adopted(stack(KNEX, migrate="npm run migrate"))
    assert migrate_of(adoption) == {"migrate.framework": "knex", "migrate.service": "migrate"}
    assert marks(adoption)["migrate.service"] == "guess"


def test_flyway_is_known_by_the_image_of_its_service(adopted: Adopt) -> None:
    files = stack({}, migrate="migrate")
    text = files["docker-compose.yml"].replace(
        "migrate: {build: .", "migrate: {image: flyway/flyway"
    )
    adoption = adopted(files | {"docker-compose.yml": text})
    assert migrate_of(adoption) == {"migrate.framework": "flyway", "migrate.service": "migrate"}


FLYWAY = "  flyway: {image: flyway/flyway, command: migrate, restart: 'no'}\n"


def test_a_migrating_service_that_nothing_waits_for_is_run_if_no_framework_is_recognized(
    adopted: Adopt,
) -> None:
    adoption = adopted(stack({}, database=FLYWAY + DATABASE))
    assert loaded(adoption)[0].services.one_shot == ("flyway",)
    [note] = [note for note in adoption.notes if note.kind == "does not hold"]
    assert note.about == "flyway" and "a deploy runs it, but neither shows" in note.what
    assert not migrate_of(adoption)


def test_a_migrating_service_of_another_image_beside_a_framework_is_left_alone(
    adopted: Adopt,
) -> None:
    adoption = adopted(stack(RAILS, database=FLYWAY + DATABASE))
    assert loaded(adoption)[0].services.left_alone == ("flyway",)
    [note] = [note for note in adoption.notes if note.about == "flyway"]
    assert "no other service waits for its end" in note.what


def test_laravel_needs_no_framework_but_its_service(adopted: Adopt) -> None:
    adoption = adopted(stack({"artisan": ""}, migrate="php8.3 artisan migrate --force"))
    settings, framework = loaded(adoption)
    assert migrate_of(adoption) == {"migrate.service": "migrate"}
    assert settings.app.console == framework.program == ("php8.3", "artisan")
    assert framework.name == "laravel"


def test_migrations_at_the_start_are_said_although_a_deploy_runs_them(adopted: Adopt) -> None:
    adoption = adopted(stack(RAILS, web='sh -c "bin/rails db:migrate && bin/rails server"'))
    [note] = [note for note in adoption.notes if note.kind == "does not hold"]
    assert "migrates at its start" in note.what
    assert note.todo.endswith("a deploy runs them by migrate.framework")
    assert loaded(adoption)[1].name == "rails"


@pytest.mark.parametrize(
    ("files", "web", "name"),
    [
        ({"mix.exs": ""}, "", "Phoenix"),
        ({}, "mix phx.server", "Phoenix"),
        ({".sequelizerc": ""}, "", "Sequelize"),
        ({"ormconfig.json": ""}, "", "TypeORM"),
    ],
)
def test_a_framework_without_a_file_is_named(
    adopted: Adopt, files: Mapping[str, str], web: str, name: str
) -> None:
    adoption = adopted(stack(files, web=web))
    [note] = [note for note in adoption.notes if note.kind == "does not hold"]
    assert f"those of {name} (" in note.what and "has no file for" in note.what
    assert note.what.endswith("a deploy neither runs, judges nor undoes them")
    assert "a file of your own" in note.todo and not migrate_of(adoption)


def test_without_a_database_no_setting_is_written_and_a_note_says_it(
    adopted: Adopt, folder: Path
) -> None:
    postgres = '  db: {image: "postgres:15", environment: {POSTGRES_PASSWORD: "${DB_PASSWORD}"}}\n'
    adoption = adopted(stack(DJANGO, database=postgres))
    assert not migrate_of(adoption) and loaded(adoption)[1].name == "none"
    [database, framework] = [note for note in adoption.notes if note.kind == "does not hold"]
    assert "PostgreSQL" in database.what
    assert "those of django (manage.py), and the settings name no database" in framework.what
    assert framework.todo.endswith(
        "`cosmicdeploy exec web python manage.py migrate --no-input --no-color`"
    )
