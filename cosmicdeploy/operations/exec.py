"""The commands `exec`, `shell` and `console`: run an operator's command in a container."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from cosmicdeploy.context.context import Context
from cosmicdeploy.context.releases import declared_release, release_of
from cosmicdeploy.engine.commands.abandoned_commands import Signal, terminated_on_error
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.events import Notice
from cosmicdeploy.operations.stdio import ReaderGone, is_at_terminal, standard_streams
from cosmicdeploy.steps.commands.exec import client_environment
from cosmicdeploy.steps.service_names import running_named, services_named

# The exit code when the reader of the output went away: 128 plus the number of SIGPIPE (13).
PIPE_CLOSED = 141
# Starts bash, or sh if the image has no bash.
SHELL = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"


@dataclass(frozen=True, kw_only=True)
class ExecTarget:
    """Where a command runs: a service and its container."""

    service: str
    container: Container


def named_target(ctx: Context, word: str) -> ExecTarget:
    """Return the first running container of the services that `word` names: a service or a role.

    If `word` names several services, a notice says which of them was chosen. Raises `UsageError`
    for an unknown word, and `EngineError` if none of the services runs.
    """
    names = services_named(ctx, [word])
    name, container = running_named(ctx, word)
    if word != name and len(names) > 1:
        _notify(ctx, f"in {name}, the first running service of {word}")
    return ExecTarget(service=name, container=container)


def console_target(ctx: Context) -> ExecTarget:
    """Return a running replica of the main application, for the console.

    Prefers a replica that runs the declared image of its service, and among several such replicas a
    ready one. Raises `EngineError` if no replica of the main application runs: the other
    applications in the role `app` have other consoles.
    """
    replicas = ctx.settings.main_application.services
    containers = [(name, ctx.container(name)) for name in replicas]
    running = [
        ExecTarget(service=n, container=c) for n, c in containers if c is not None and c.is_running
    ]
    if not running:
        # `ctx.running` raises the error, which says why this replica does not run.
        return ExecTarget(service=replicas[0], container=ctx.running(replicas[0]))
    running.sort(key=lambda target: (not _is_current(ctx, target), not target.container.is_ready))
    return running[0]


def _is_current(ctx: Context, target: ExecTarget) -> bool:
    image = ctx.image_of(target.service)
    return image is not None and image.id == target.container.image_id


def run(
    ctx: Context,
    target: ExecTarget,
    argv: Sequence[str],
    user: str = "",
    variables: Mapping[str, str] | None = None,
) -> int:
    """Run a command in a container, connected to the deployer's standard streams.

    Returns the command's exit code, or `PIPE_CLOSED` if the reader of the output went away. Without
    `user`, the command runs as the container's default user. `variables` are added to the command's
    environment. If a signal stops the deployer, or the reader of its output goes away, the command
    is stopped as well.
    """
    _notify_of_another_release(ctx, target)
    container_id = target.container.id
    # An interactive shell ignores SIGTERM.
    signal_name: Signal = "HUP" if is_at_terminal() else "TERM"
    try:
        with (
            # This context is entered first and so left last: raw mode ends before the command is
            # stopped.
            terminated_on_error(ctx.engine, container_id, user, signal_name) as mark,
            _interrupt_on_hangup(),
            standard_streams() as streams,
        ):
            environment = {
                **client_environment(ctx, target.service),
                **(variables or {}),
                **mark,
            }
            return ctx.engine.exec_interactive(
                container_id, argv, streams, environment=environment, user=user
            )
    except ReaderGone:
        return PIPE_CLOSED


def _notify_of_another_release(ctx: Context, target: ExecTarget) -> None:
    """Show a notice if the container runs another image than the declared tag now names."""
    image = ctx.image_of(target.service)
    if image is None or image.id == target.container.image_id:
        return
    running = release_of(ctx, target.container)
    tagged = declared_release(ctx, target.service)
    _notify(
        ctx,
        f"{target.service} runs {_image_words(running, target.container.image_id)}, but"
        f" {ctx.service(target.service).image} is now {_image_words(tagged, image.id)}:"
        " `cosmicdeploy deploy` puts this image in place",
    )


def _image_words(release: str, image_id: str) -> str:
    short_id = image_id[7:19]  # without "sha256:", as `docker images` shows it
    return f"release {release} ({short_id})" if release else f"image {short_id}"


def _notify(ctx: Context, text: str) -> None:
    ctx.emit(Notice(text=text))


@contextmanager
def _interrupt_on_hangup() -> Iterator[None]:
    """Make a dropped connection to the terminal (SIGHUP) stop the command as Ctrl-C does."""
    before = signal.signal(signal.SIGHUP, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
