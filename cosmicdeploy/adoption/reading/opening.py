"""Open a stack that has no settings yet: choose its files and its project, and read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cosmicdeploy.adoption.facts import Fact
from cosmicdeploy.adoption.reading.builds_elsewhere import builds_elsewhere
from cosmicdeploy.adoption.reading.compose_files import ChosenFiles, choose_files
from cosmicdeploy.adoption.reading.declared import Declared, one_line, read_declared
from cosmicdeploy.adoption.reading.engine_view import EngineView
from cosmicdeploy.adoption.reading.survey import Survey
from cosmicdeploy.engine import Container, labels
from cosmicdeploy.errors import ConfigError
from cosmicdeploy.stack.compose import read_files
from cosmicdeploy.stack.declaration.profiles import active_profiles
from cosmicdeploy.stack.model import ComposeFiles, Stack
from cosmicdeploy.stack.variables.environment import read_env_file

ENV_FILE = ".env"


@dataclass(frozen=True, kw_only=True)
class StackChoice:
    """The folder of a stack, and what the operator names of the stack.

    `folder` also gets the settings. `files`, `env_file` and `project` mean the same as the options
    of `docker compose`; `applications` are the services named with `--app`. What is empty or None
    is recognized. `environ` are the variables of the shell.
    """

    folder: Path
    files: Sequence[Path] = ()
    env_file: Path | None = None
    project: str | None = None
    applications: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Opened:
    """A stack, and the settings with which a later run reads the same files.

    A setting that is None is not needed.
    """

    survey: Survey
    files: ChosenFiles
    env_file: Fact[Path] | None
    project: Fact[str] | None
    profiles: Fact[Sequence[str]] | None


def open_folder(choice: StackChoice, engine: EngineView) -> Opened:
    """Read the stack of a folder.

    What neither the operator nor a variable names is taken from the running containers. Raises
    `ConfigError` if there is no compose file, or if it cannot be used.
    """
    folder, environ = choice.folder, choice.environ
    running = engine.running_in(folder)
    env_file = _env_file(choice, running)
    path = env_file.value if env_file else folder / ENV_FILE
    env_variables = read_env_file(path, environ)
    files = choose_files(folder, choice.files, env_variables, environ, running)
    # If a file is a link, the project directory is that of its target, as for a deploy.
    resolved = tuple(each.resolve() for each in files.files)
    named = ComposeFiles(files=resolved, env_file=path, project=choice.project)
    stack = read_files(named, environ)
    project = _project(choice, stack, running) or _project_of_shell(stack, env_variables, environ)
    if project is not None:
        # The first reading shows the project, whose name the files may use as a variable.
        named = replace(named, project=project.value)
        stack = read_files(named, environ)
    declared = read_declared(named, {**env_variables, **environ}, folder)
    profiles = _profiles(stack, declared, running, env_variables, environ)
    if profiles is not None:
        stack = read_files(replace(named, profiles=tuple(profiles.value)), environ)
    survey = Survey(
        folder=folder,
        stack=stack,
        declared=declared,
        engine=engine,
        own_variables=env_variables,
        variables={**env_variables, **environ},
        built_elsewhere=builds_elsewhere(stack, files.unread, path, environ),
    )
    return Opened(survey, files, env_file, project, profiles)


def _env_file(choice: StackChoice, running: Sequence[Container]) -> Fact[Path] | None:
    """Return the env file that the operator names, else that of the running containers.

    Returns None for the default `.env`, and if the running containers name no file that exists.
    Raises `ConfigError` if the file that the operator names is missing.
    """
    if choice.env_file is not None:
        return Fact(
            value=_named_env_file(choice.env_file.absolute()), evidence="named by --env-file"
        )
    default = (choice.folder / ENV_FILE).resolve()
    texts = {each.labels.get(labels.ENVIRONMENT_FILE, "") for each in running} - {""}
    if len(texts) != 1:
        return None
    path = Path(texts.pop())
    if not path.is_file() or path.resolve() == default:
        return None
    return Fact(value=path, evidence="the running containers were created with it")


def _named_env_file(path: Path) -> Path:
    if not path.exists():
        raise ConfigError(
            f"There is no env file {path.name}",
            where=str(path),
            todo="name an existing file with --env-file",
        )
    return path


def _project(choice: StackChoice, stack: Stack, running: Sequence[Container]) -> Fact[str] | None:
    """Return the project, if it is not the one that Compose would take by itself."""
    if choice.project:
        return Fact(value=choice.project, evidence="named by --project")
    projects = {each.project for each in running if each.service in stack.services}
    if len(projects) != 1 or stack.project in projects:
        return None
    return Fact(value=projects.pop(), evidence="the running containers belong to it")


def _project_of_shell(
    stack: Stack, env_variables: Mapping[str, str], environ: Mapping[str, str]
) -> Fact[str] | None:
    """Return the project if only a variable of this shell names it."""
    name = "COMPOSE_PROJECT_NAME"
    if not environ.get(name) or env_variables.get(name) == environ[name]:
        return None
    return Fact(value=stack.project, evidence=f"{name} of this shell")


def _profiles(
    stack: Stack,
    declared: Declared,
    running: Sequence[Container],
    env_variables: Mapping[str, str],
    environ: Mapping[str, str],
) -> Fact[Sequence[str]] | None:
    """Return the profiles that the settings have to name; None if they need none.

    If services run of which no profile is active, these are the active profiles and the first
    profile of each such service. Otherwise they are the active profiles, if the shell's
    COMPOSE_PROFILES differs from that of the env file.
    """
    name = "COMPOSE_PROFILES"
    active = sorted(filter(None, active_profiles((), {**env_variables, **environ})))
    inactive = [
        each.service
        for each in running
        if each.project == stack.project and each.service in stack.inactive
    ]
    words = (declared.value(service, "profiles") for service in inactive)
    missing = [str(each[0]) for each in words if isinstance(each, list) and each]
    if missing:
        names = ", ".join(dict.fromkeys(map(one_line, inactive)))
        return Fact(value=list(dict.fromkeys([*active, *missing])), evidence=f"{names} runs")
    if active and name in environ and env_variables.get(name) != environ[name]:
        return Fact(value=active, evidence=f"{name} of this shell")
    return None
