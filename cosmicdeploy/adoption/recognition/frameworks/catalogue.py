"""The known frameworks: how each is recognized, and whether its migrations are understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.survey import Survey

# A command of at most three plain words before one of Artisan's; a word behind an option may be a
# secret.
_AS_ARTISAN = re.compile(r"((?:[\w./][\w./-]* ){1,3})(?:schedule|queue):work\b")


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework, or a tool for migrations.

    A file of the sources with one of the names `files` shows it, and so does `pattern` in a command
    line. `console` starts its console, and `migrate` is what is typed to migrate. `is_understood`:
    cosmicdeploy classifies, runs and rolls back its migrations.
    """

    name: str
    files: tuple[str, ...]
    pattern: str
    console: tuple[str, ...] = ()
    migrate: str = ""
    is_understood: bool = False


LARAVEL = Framework(
    name="Laravel",
    files=("artisan",),
    pattern=r"\bartisan\b",
    console=("php", "artisan"),
    migrate="php artisan migrate --force",
    is_understood=True,
)
FRAMEWORKS = (
    LARAVEL,
    Framework(
        name="Django",
        files=("manage.py",),
        pattern=r"\bmanage\.py\b",
        migrate="python3 manage.py migrate",
    ),
    Framework(
        name="Alembic",
        files=("alembic.ini",),
        pattern=r"\balembic\b",
        migrate="alembic upgrade head",
    ),
    Framework(
        name="Rails",
        files=("bin/rails",),
        pattern=r"\brails\b|\bpuma\b",
        migrate="bin/rails db:migrate",
    ),
    Framework(
        name="Symfony",
        files=("bin/console",),
        pattern=r"\bbin/console\b",
        migrate="php bin/console doctrine:migrations:migrate",
    ),
    Framework(
        name="Flask-Migrate",
        files=("migrations/alembic.ini",),
        pattern=r"\bflask\s+db\b",
        migrate="flask db upgrade",
    ),
    Framework(
        name="Prisma",
        files=("prisma/schema.prisma",),
        pattern=r"\bprisma\b",
        migrate="npx prisma migrate deploy",
    ),
    Framework(
        name="Knex",
        files=("knexfile.js", "knexfile.ts"),
        pattern=r"\bknex\b",
        migrate="npx knex migrate:latest",
    ),
    Framework(name="Flyway", files=("flyway.conf",), pattern=r"\bflyway\b"),
    Framework(name="Phoenix", files=("mix.exs",), pattern=r"\bmix\s+(?:phx|ecto)\b"),
)


def framework_of(survey: Survey, services: tuple[str, ...]) -> Fact[Framework] | None:
    """Return the framework of an application; None if none is recognized.

    `services` are those on the application's image; a file or a command of any of them counts.
    """
    return next(_found(survey, services), None)


def console_of_commands(survey: Survey, background: Iterable[str]) -> Fact[list[str]] | None:
    """Return a console that takes Artisan's commands, by the command of a scheduler or worker.

    It is a guess, of the words before `schedule:work` or `queue:work`.
    """
    for name in background:
        command = survey.command(name)
        match = _AS_ARTISAN.match(command.value)
        if match:
            return Fact(value=match[1].split(), evidence=command.evidence, mark="guess")
    return None


def _found(survey: Survey, services: tuple[str, ...]) -> Iterator[Fact[Framework]]:
    for framework in FRAMEWORKS:
        for name in services:
            file = survey.sources[name].named(*framework.files)
            if file is not None:
                yield Fact(value=framework, evidence=file.shown)
            command = survey.command(name)
            if match := re.search(framework.pattern, command.value):
                yield Fact(value=framework, evidence=f"{command.evidence}, `{match[0]}`")
