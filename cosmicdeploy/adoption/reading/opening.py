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
class Request:
    """What the operator asks for.

    `folder` is the folder of the stack, and of the settings. `files`, `env_file`, `project` and
    `applications` are what the operator names, as for Compose; empty or None for what is to be
    recognized.
    """

    folder: Path
    files: Sequence[Path] = ()
    env_file: Path | None = None
    project: str | None = None
    applications: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Opened:
    """The stack, and what the settings have to say so that the same files are read again."""

    survey: Survey
    files: ChosenFiles
    env_file: Fact[Path] | None
    project: Fact[str] | None
    profiles: Fact[Sequence[str]] | None


def open_folder(request: Request, engine: EngineView) -> Opened:
    """Read the compose files of a folder, as the running containers were created from them.

    Raises `ConfigError` if there is no compose file, or if it cannot be used.
    """
    folder, environ = request.folder, request.environ
    running = engine.running_in(folder)
    env_file = _env_file(request, running)
    path = env_file.value if env_file else folder / ENV_FILE
    own = read_env_file(path, environ)
    files = choose_files(folder, request.files, own, environ, running)
    # The deployer follows links too: the project directory is that of the file itself.
    resolved = tuple(each.resolve() for each in files.files)
    named = ComposeFiles(files=resolved, env_file=path, project=request.project)
    stack = read_files(named, environ)
    project = _project(request, stack, running) or _of_shell(stack, own, environ)
    if project is not None:
        named = replace(named, project=project.value)
        stack = read_files(named, environ)
    declared = read_declared(named, {**own, **environ}, folder)
    profiles = _profiles(stack, declared, running, own, environ)
    if profiles is not None:
        stack = read_files(replace(named, profiles=tuple(profiles.value)), environ)
    survey = Survey(
        folder=folder,
        stack=stack,
        declared=declared,
        engine=engine,
        own_variables=own,
        variables={**own, **environ},
        built_elsewhere=builds_elsewhere(stack, files.unread, path, environ),
    )
    return Opened(survey, files, env_file, project, profiles)


def _env_file(request: Request, running: Sequence[Container]) -> Fact[Path] | None:
    """Return the env file that is not the default one. Raises `ConfigError` if it is missing."""
    if request.env_file is not None:
        return Fact(
            value=_named_env_file(request.env_file.absolute()), evidence="named by --env-file"
        )
    default = (request.folder / ENV_FILE).resolve()
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


def _project(request: Request, stack: Stack, running: Sequence[Container]) -> Fact[str] | None:
    """Return the project, if it is not the one that Compose would take by itself."""
    if request.project:
        return Fact(value=request.project, evidence="named by --project")
    projects = {each.project for each in running if each.service in stack.services}
    if len(projects) != 1 or stack.project in projects:
        return None
    return Fact(value=projects.pop(), evidence="the running containers belong to it")


def _of_shell(stack: Stack, own: Mapping[str, str], environ: Mapping[str, str]) -> Fact[str] | None:
    """Return the project, if only this shell names it."""
    name = "COMPOSE_PROJECT_NAME"
    if not environ.get(name) or own.get(name) == environ[name]:
        return None
    return Fact(value=stack.project, evidence=f"{name} of this shell")


def _profiles(
    stack: Stack,
    declared: Declared,
    running: Sequence[Container],
    own: Mapping[str, str],
    environ: Mapping[str, str],
) -> Fact[Sequence[str]] | None:
    """Return the profiles that the settings have to name.

    These are one for each service that runs although no profile of it is active, and the
    active ones, or those that only this shell activates.
    """
    name = "COMPOSE_PROFILES"
    active = sorted(filter(None, active_profiles((), {**own, **environ})))
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
    if active and name in environ and own.get(name) != environ[name]:
        return Fact(value=active, evidence=f"{name} of this shell")
    return None
