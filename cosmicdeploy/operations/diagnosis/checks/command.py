"""The problem `command`: the console lacks the command that the scheduler runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import Container, ExecResult
from cosmicdeploy.operations.diagnosis.finding import (
    Finding,
    KnownProblem,
    Remedy,
    ok,
    problem,
    warning,
)
from cosmicdeploy.operations.diagnosis.remedies import DEPLOY, clear_caches, replace
from cosmicdeploy.probes.application.features import running
from cosmicdeploy.process.concurrency import map_concurrently
from cosmicdeploy.steps.commands.new_image import in_new_image
from cosmicdeploy.text.formatting import counted
from cosmicdeploy.verification import container_checks

REGISTERED, FILE, CACHE, IMAGE = "registered", "file", "config cache", "image"
# Lines of output or of a log that are shown.
LOG_LINES = 10


def registered(ctx: Context) -> Iterator[Finding]:
    """Check that the application's console lists the command, in each of its containers.

    Runs the console's command `list` in each container. If a container's list lacks the command,
    also runs `list` in a new container of the release's image.
    """
    command, containers = ctx.settings.verify.command, running(ctx)
    if not command:
        yield ok(REGISTERED, "verify.command is not configured")
        return
    if not containers:
        text = "no container with the console is running"
        yield problem(REGISTERED, text, "cosmicdeploy diagnose unhealthy")
        return
    lists = _list_commands(ctx, containers)
    failed = {name: output for name, (code, output) in lists.items() if code != 0}
    for name, output in failed.items():
        yield problem(
            REGISTERED,
            f"the console of {name} cannot list its commands",
            f"cosmicdeploy logs {name}",
            details=output.splitlines()[-LOG_LINES:],
            remedies=_remedies(ctx, {name: containers[name]}),
        )
    missing = {
        name: containers[name]
        for name, (code, output) in lists.items()
        if code == 0 and not lists_command(output, command)
    }
    if missing:
        yield _not_registered(ctx, command, missing)
    elif not failed:
        yield ok(REGISTERED, f"{command}, in {counted(len(lists), 'container')}")


def _list_commands(ctx: Context, containers: Mapping[str, Container]) -> dict[str, tuple[int, str]]:
    """Return the exit code and the output of the console's `list` in each container."""

    def listed(container: Container) -> tuple[int, str]:
        result = ctx.run_console(container, "list")
        return result.exit_code, result.text if result.exit_code == 0 else _error_text(result)

    return dict(zip(containers, map_concurrently(listed, containers.values()), strict=True))


def _error_text(result: ExecResult) -> str:
    """Return a failed command's error text, or else its output: PHP writes fatal errors to it."""
    return result.error_text.strip() or result.text


def lists_command(output: str, command: str) -> bool:
    """Whether the output of the console's `list` contains this command."""
    return re.search(rf"(^|\s){re.escape(command)}(\s|$)", output) is not None


def _not_registered(ctx: Context, command: str, missing: Mapping[str, Container]) -> Finding:
    text = f"{command} is not registered in {', '.join(missing)}"
    if not _image_has(ctx, command):
        return problem(
            REGISTERED,
            f"{text}, nor in the image {ctx.service(ctx.settings.services.app[0]).image}",
            "cosmicdeploy deploy, once the sources have the command",
            remedies=[DEPLOY],
        )
    return problem(
        REGISTERED,
        f"{text}; the release's image has it",
        "cosmicdeploy diagnose command --fix",
        remedies=_remedies(ctx, missing),
    )


def _image_has(ctx: Context, command: str) -> bool:
    """Whether the console in the release's image lists the command.

    Runs in a new container, because files in a running container may differ from its image.
    """
    if ctx.image_of(ctx.settings.services.app[0]) is None:
        return False
    return lists_command(in_new_image(ctx, ["list"], own_container=True).text, command)


def _remedies(ctx: Context, containers: Mapping[str, Container]) -> Sequence[Remedy]:
    """Return the remedies: clear these containers' caches; if that does not help, replace them.

    A restart is no remedy, since it would keep the containers' files. If a container does not run
    the release's image, the only remedy is a deploy.
    """
    images = ctx.images_of(containers)
    if any(image is None or image.id != containers[n].image_id for n, image in images.items()):
        return [DEPLOY]
    names = list(containers)
    return [*clear_caches(ctx, names), replace(names)]


def file(ctx: Context) -> Iterator[Finding]:
    """Check that the command's file exists in each container; yields nothing if none runs."""
    path, containers = ctx.settings.diagnose.command_file, running(ctx)
    if path is None:
        yield ok(FILE, "diagnose.command_file is not configured")
        return
    missing = {name: c for name, c in containers.items() if not _exists(ctx, c, path)}
    if not containers:
        return
    if not missing:
        yield ok(FILE, f"{path}, in {counted(len(containers), 'container')}")
        return
    yield problem(
        FILE,
        f"{path} is not in {', '.join(missing)}",
        "cosmicdeploy diagnose command --fix",
        # Clearing caches restores no file, so only the last remedy is offered: a replacement or a
        # deploy. If no container has the file, the image lacks the file.
        remedies=_remedies(ctx, missing)[-1:] if len(missing) < len(containers) else [DEPLOY],
    )


def config_cache(ctx: Context) -> Iterator[Finding]:
    """Report whether the configuration is cached; if it is, changes to its files have no effect.

    Yields nothing if no container runs.
    """
    path, containers = ctx.settings.diagnose.config_cache, running(ctx)
    if path is None:
        yield ok(CACHE, "diagnose.config_cache is not configured")
        return
    if not containers:
        return
    cached = [name for name, c in containers.items() if _exists(ctx, c, path)]
    text = f"cached in {', '.join(cached)}: {path}" if cached else "nothing is cached"
    yield ok(CACHE, text)


def _exists(ctx: Context, container: Container, path: PurePosixPath) -> bool:
    return ctx.engine.exec(container.id, ["test", "-e", str(path)]).exit_code == 0


def image(ctx: Context) -> Iterator[Finding]:
    """Check that the containers run the release's image."""
    result = container_checks.images(ctx)
    if result.ok:
        yield ok(IMAGE, result.found)
        return
    yield warning(IMAGE, f"{result.found}; expected {result.expected}", "cosmicdeploy deploy")


PROBLEM = KnownProblem(
    name="command",
    about="the console lacks the command that the scheduler runs",
    checks={REGISTERED: registered, FILE: file, CACHE: config_cache, IMAGE: image},
)
