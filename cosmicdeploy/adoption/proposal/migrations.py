"""The framework of the main application: its console, the section `migrate`, and notes."""

from __future__ import annotations

from collections.abc import Iterator

from cosmicdeploy.adoption.facts import Fact, Note, Setting, setting
from cosmicdeploy.adoption.proposal.services import Chosen
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.adoption.recognition.frameworks.laravel import laravel_settings
from cosmicdeploy.adoption.recognition.frameworks.migrations import (
    migrating_services,
    migration_at_start,
)
from cosmicdeploy.adoption.recognition.frameworks.recognize import (
    RecognizedFramework,
    console_of_commands,
    framework_of,
)
from cosmicdeploy.adoption.recognition.roles.roles import Roles, is_same_image
from cosmicdeploy.migrations.frameworks.reading import DEFAULT, framework

Found = Fact[RecognizedFramework] | None


def find_framework(survey: Survey, roles: Roles, chosen: Chosen) -> Found:
    """Return the framework of the main application; None if none is recognized."""
    services = (*chosen.main.services, *chosen.background)
    tasks = [each.value for each in (*chosen.left_alone, *chosen.one_shot)]
    same_image = [each for each in tasks if is_same_image(survey, each, chosen.main.first)]
    migrating = migrating_services(survey, roles, services)
    return framework_of(survey, (*services, *same_image), migrating)


def framework_settings(survey: Survey, chosen: Chosen, found: Found) -> Iterator[Setting]:
    """Yield the console, and what the framework's conventions add.

    No other framework than Laravel gets a console: the settings that use it have Laravel's commands
    as defaults. If no framework is recognized, the commands of scheduler and workers may show one.
    """
    background = chosen.background
    if found is None:
        console = console_of_commands(survey, background)
        if console is not None:
            yield setting("app.console", console)
    elif found.value.name == DEFAULT:
        words = [*framework(DEFAULT).program]
        default = Fact(value=words, evidence=found.evidence, mark=found.mark)
        yield setting("app.console", found.value.program or default)
        yield from laravel_settings(survey, chosen.main.first, background, found.evidence)


def migration_settings(chosen: Chosen, found: Found) -> Iterator[Setting]:
    """Yield the section `migrate`, if a deploy can run the framework's migrations."""
    if found is None or not runs_migrations(chosen, found):
        return
    if found.value.name != DEFAULT:
        name = Fact(value=found.value.name, evidence=found.evidence, mark=found.mark)
        yield setting("migrate.framework", name)
        if found.value.program is not None:
            yield setting("migrate.program", found.value.program)
    if found.value.service is not None:
        yield setting("migrate.service", found.value.service)


def framework_notes(survey: Survey, roles: Roles, chosen: Chosen, found: Found) -> Iterator[Note]:
    """Yield a note for migrations that a deploy does not run, or neither judges nor undoes."""
    main, firsts = chosen.main.first, [group.first for group in chosen.groups]
    at_start = {name: fact for name in firsts if (fact := migration_at_start(survey, name))}
    for name, fact in at_start.items():
        yield _migrates_at_start(name, fact, _key(chosen, found) if name == main else "")
    if found is not None and not runs_migrations(chosen, found) and main not in at_start:
        services = (*chosen.main.services, *chosen.background)
        migrating = migrating_services(survey, roles, services)
        migrating += [e.value for e in chosen.one_shot if migration_at_start(survey, e.value)]
        yield _not_run(chosen, found.value, found.evidence, next(iter(migrating), ""))
    for each in chosen.one_shot if found is None else ():
        if migration := migration_at_start(survey, each.value):
            yield _unjudged(each.value, migration)
    for each in chosen.left_alone:
        is_own = not is_same_image(survey, each.value, main)
        if is_own and (migration := migration_at_start(survey, each.value)):
            yield _left_alone(each.value, migration)


def runs_migrations(chosen: Chosen, found: Found) -> bool:
    """Return whether a deploy runs the framework's migrations by the section `migrate`."""
    return found is not None and found.value.is_described and chosen.database is not None


def _key(chosen: Chosen, found: Found) -> str:
    """Return the key by which a deploy runs the migrations; "" if it does not."""
    if found is None or not runs_migrations(chosen, found):
        return ""
    return "app.console" if found.value.name == DEFAULT else "migrate.framework"


def _migrates_at_start(name: str, fact: Fact[str], key: str) -> Note:
    migrates = "may migrate" if fact.mark else "migrates"
    todo = f"take them out of the start: a deploy runs them by {key}"
    apart = "move them into a service of their own that the application waits for: a deploy runs it"
    return Note(
        kind="does not hold",
        about=name,
        what=f"its container {migrates} at its start ({fact.evidence}): no plan shows or judges"
        " these migrations, and a failed deploy does not undo them",
        todo=todo if key else apart,
    )


def _not_run(chosen: Chosen, recognized: RecognizedFramework, evidence: str, service: str) -> Note:
    """Return the note for migrations of the main application that the settings cannot run.

    `service` is a one-shot service that runs them, "" for none.
    """
    name = chosen.main.first
    if recognized.is_described:
        why, todo = "and the settings name no database", _by_hand(name, recognized)
    else:
        why = "which cosmicdeploy has no file for"
        todo = "describe it in a file of your own (docs/migrations.md), or run them as before"
    fate = "a deploy neither runs, judges nor undoes them"
    if service:
        fate = f"a deploy runs {service}, but neither shows, judges nor undoes them"
        todo = todo if not recognized.is_described else "read them before a deploy"
    return Note(
        kind="does not hold",
        about=name,
        what=f"its migrations are those of {recognized.name} ({evidence}), {why}: {fate}",
        todo=todo,
    )


def _by_hand(name: str, recognized: RecognizedFramework) -> str:
    known = framework(recognized.name)
    program = recognized.program.value if recognized.program else known.program
    command = " ".join((*program, *known.definition.run))
    return f"run them as before, or after a deploy with `cosmicdeploy exec {name} {command}`"


def _unjudged(name: str, migration: Fact[str]) -> Note:
    return Note(
        kind="does not hold",
        about=name,
        what=f"it migrates ({migration.evidence}): a deploy runs it, but neither shows, judges nor"
        " undoes these migrations",
        todo="read them before a deploy",
    )


def _left_alone(name: str, migration: Fact[str]) -> Note:
    return Note(
        kind="does not hold",
        about=name,
        what=f"it migrates ({migration.evidence}) in an image of its own, and no other service"
        " waits for its end: a deploy neither runs, judges nor undoes these migrations",
        todo="let the application wait for it (service_completed_successfully), and name it in"
        " migrate.service if it runs a framework that cosmicdeploy knows",
    )
