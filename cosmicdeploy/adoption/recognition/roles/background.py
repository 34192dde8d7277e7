"""Recognize schedulers, queue workers and tasks that end, by their commands and names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from cosmicdeploy.adoption.facts import Fact, first_fact
from cosmicdeploy.adoption.reading.survey import Survey

Role = Literal["scheduler", "worker", "task"]
# Patterns of commands that migrate a database.
MIGRATIONS = (
    r"\b(migrate)(?::(?!status)[\w-]+)?(?=[\s;&|)'\"]|$)(?!\s+(?:status|--check|--plan)\b)",
    r"\bdb:(?:migrate|prepare|setup)\b|\bdb:upgrade\b",
    r"\b(flask)\b.{0,200}?\b(db\s+upgrade)\b",
    r"\balembic\s+upgrade\b|\bupgrade\s+heads?\b",
    r"\bmigrations:migrate\b",
    r"\b(?:flyway|liquibase|dbmate)\b",
)
# The beginning of a command line, in which a shell may run the command.
_SHELL = r"^\s{0,9}(?:(?:/bin/)?(?:ba|da|a)?sh\s+-\w{0,3}c\s+)?[\s'\"]{0,9}"
# Role → patterns of command lines.
_COMMANDS: Mapping[Role, Sequence[str]] = {
    "scheduler": (
        r"\bschedule:(?:work|run|daemon)\b",  # Laravel
        r"\b(celery)\b.{0,200}?\b(beat)\b",
        r"(?:^|[\s/])(?:crond|supercronic|yacron|go-crond)\b",
        r"(?:^|[\s/])cron\s+-\w*f",
        r"\b(?:rqscheduler|clockwork|apscheduler)\b",
    ),
    "worker": (
        r"\bqueue:(?:work|listen)\b",
        r"\bartisan\s+horizon\b",
        r"\bmessenger:consume\b",  # Symfony
        r"\b(celery)\b.{0,200}?\b(worker)\b",
        r"\brq\s+worker\b|\brqworker\b",
        r"\b(?:sidekiq|resque|good_job|shoryuken|sneakers|delayed_job)\b|\bbin/jobs\b",
        r"\b(?:dramatiq|huey_consumer|run_huey|arq|taskiq\s+worker|saq)\b",
        r"\b(?:procrastinate\s+worker|qcluster|process_tasks)\b",
    ),
    "task": (
        *MIGRATIONS,
        r"\bdb:seed\b|\b(?:collectstatic|createcachetable|createsuperuser|loaddata)\b",
        r"\b(mc)\s+(?:alias|config\s+host)\s+(?:set|add)\b.{0,2000}?\bmc\s+(mb)\b",
        rf"{_SHELL}(?:/bin/)?(cp|chown|chmod|mkdir|rsync)\s",
    ),
}
# Role → patterns of names, and of the file that a command line runs. These are only guesses.
_NAMES: Mapping[Role, str] = {
    "scheduler": r"scheduler?|schedule|cron|crontab|beat|clock|timer",
    "worker": r"workers?|queues?|jobs?|consumers?|celery|sidekiq|horizon|background|listener",
    "task": r"migrat(?:e|ions?|or)|init|setup|seed(?:er)?|bootstrap",
}
_ROLE_VARIABLES = ("CONTAINER_ROLE", "APP_ROLE", "PROCESS_TYPE", "SERVICE_ROLE", "ROLE")
# A command that follows a task in a command line, so that the service does not end with the task.
# Commands that prepare files do not count: a task often has several of them.
_GOES_ON = re.compile(
    r"(?:&&|;|\|\||\bexec\b)(?!\s{0,9}(?:(?:/usr)?(?:/bin/)?(?:cp|chown|chmod|mkdir|rsync|echo|mc)\b"
    r"|exit\s+0|done\b|true\b)|\s{0,9}$)"
)
_WORDS = re.compile(r"[a-z]+")
_FILE = re.compile(r"(?<![\w-])([\w-]{1,80})\.(?:py|js|mjs|cjs|ts|rb|php|jar|sh)\b")


def shown_words(match: re.Match[str]) -> str:
    """Return what may be shown of a match: its groups, or all of it if the pattern has none.

    A pattern that matches any text in between has groups around the rest, since that text may be a
    secret.
    """
    return " … ".join(match.groups()) or " ".join(match[0].split()).strip("/")


def background_role(survey: Survey, name: str) -> Fact[Role] | None:
    """Return the role of a service that serves no requests; None for any other service.

    The name of a service that publishes a port says nothing: such a service serves requests.
    """
    return first_fact(
        (
            lambda: _by_command(survey, name),
            lambda: _by_variable(survey, name),
            lambda: None if survey.services[name].ports else _by_name(survey, name),
            lambda: _by_restart(survey, name),
        )
    )


def is_task(survey: Survey, name: str) -> bool:
    """Return whether a service with the role "task" ends by itself, as far as can be seen.

    Then it is not always restarted, publishes no port and has no running container, and its command
    line does not go on after the task.
    """
    service = survey.services[name]
    is_running = any(each.is_running for each in survey.containers[name])
    ends = service.restart.startswith(("no", "on-failure")) and not service.ports
    return ends and not is_running and not _GOES_ON.search(_after_task(survey, name))


def _after_task(survey: Survey, name: str) -> str:
    command = survey.command(name).value
    ends = [match.end() for each in _COMMANDS["task"] for match in re.finditer(each, command)]
    return command[max(ends, default=0) :]


def is_schedule_loop(survey: Survey, name: str) -> bool:
    """Return whether a scheduler ignores its stop signal: Laravel's `schedule:work`."""
    return re.search(r"\bartisan\s+schedule:work\b", survey.command(name).value) is not None


def _by_command(survey: Survey, name: str) -> Fact[Role] | None:
    command = survey.command(name)
    for role, patterns in _COMMANDS.items():
        for pattern in patterns:
            if match := re.search(pattern, command.value):
                return Fact(value=role, evidence=f"{command.evidence}, `{shown_words(match)}`")
    return None


def _by_variable(survey: Survey, name: str) -> Fact[Role] | None:
    """Recognize a role that the image's entrypoint reads from a variable of the container."""
    for variable in _ROLE_VARIABLES:
        value = survey.services[name].environment.get(variable, "").lower()
        for role, pattern in _NAMES.items():
            if re.fullmatch(pattern, value):
                evidence = f"{survey.environment_place(name, variable)}, {variable}"
                return Fact(value=role, evidence=evidence)
    return None


def _by_name(survey: Survey, name: str) -> Fact[Role] | None:
    if not _has_command_of_its_own(survey, name):
        return None
    names = {**dict.fromkeys(_WORDS.findall(name.lower()), "its name")}
    file = _FILE.search(survey.command(name).value)
    if file is not None:
        names.update(dict.fromkeys(_WORDS.findall(file[1].lower()), f"runs {file[0]}"))
    for role, pattern in _NAMES.items():
        for word, why in names.items():
            if re.fullmatch(pattern, word):
                return Fact(value=role, evidence=f"{survey.place(name)}, {why}", mark="guess")
    return None


def _by_restart(survey: Survey, name: str) -> Fact[Role] | None:
    """Recognize a task by `restart: "no"`, which says that a service ends by itself."""
    is_written = survey.declared.value(name, "restart") in ("no", False)
    serves = survey.services[name].healthcheck is not None or survey.services[name].expose
    if not is_written or serves or not _has_command_of_its_own(survey, name):
        return None
    place = survey.place(name, "restart")
    return Fact(value="task", evidence=f'{place}, restart: "no"', mark="guess")


def _has_command_of_its_own(survey: Survey, name: str) -> bool:
    service = survey.services[name]
    return service.command is not None or service.entrypoint is not None
