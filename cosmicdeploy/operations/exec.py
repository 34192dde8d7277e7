"""Commands that operators run in containers by hand: any command, a shell, the console."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from cosmicdeploy.context import Context, release_of
from cosmicdeploy.engine.commands.abandoned_commands import Signal, terminated_on_error
from cosmicdeploy.engine.facts import Container
from cosmicdeploy.events import Notice
from cosmicdeploy.operations.stdio import ReaderGone, own_streams, own_terminal
from cosmicdeploy.steps.commands.exec import client_environment
from cosmicdeploy.steps.service_names import running_named, services_named

# What a shell says of a command whose reader went away: 128 and the number of SIGPIPE.
PIPE_CLOSED = 141
# The better shell of those that are there.
SHELL = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a command runs: a service, and the container that plays it."""

    service: str
    container: Container


def place_named(ctx: Context, word: str) -> Place:
    """The service's running container; of several the first, which is said.

    Raises `UsageError` for an unknown name, `EngineError` where none runs.
    """
    names = services_named(ctx, [word])
    name, container = running_named(ctx, word)
    if word != name and len(names) > 1:
        _tell(ctx, f"in {name}, the first of {word} that runs")
    return Place(service=name, container=container)


def place_of_console(ctx: Context) -> Place:
    """A replica that runs, best a healthy one of the release that its tag names.

    Raises `EngineError` where none runs.
    """
    found = [(name, ctx.container(name)) for name in ctx.settings.services.app]
    running = [Place(service=n, container=c) for n, c in found if c is not None and c.is_running]
    running.sort(key=lambda place: (not _is_current(ctx, place), not place.container.is_ready))
    return running[0] if running else place_named(ctx, "app")


def _is_current(ctx: Context, place: Place) -> bool:
    image = ctx.image_of(place.service)
    return image is not None and image.id == place.container.image_id


def run(
    ctx: Context,
    place: Place,
    argv: Sequence[str],
    user: str = "",
    variables: Mapping[str, str] | None = None,
) -> int:
    """Run a command there with this process's own streams and these variables; its exit code.

    It is ended where we are: by a signal, or since nobody reads what it says.
    """
    _tell_of_another_release(ctx, place)
    container_id = place.container.id
    how: Signal = "HUP" if own_terminal() else "TERM"
    try:
        with (
            # First, so that it is ended last: our terminal has to be itself again by then.
            terminated_on_error(ctx.engine, container_id, user, how) as mark,
            _hang_up_interrupts(),
            own_streams() as streams,
        ):
            environment = {
                **client_environment(ctx, place.service),
                **(variables or {}),
                **mark,
            }
            return ctx.engine.converse(
                container_id, argv, streams, environment=environment, user=user
            )
    except ReaderGone:
        return PIPE_CLOSED


def _tell_of_another_release(ctx: Context, place: Place) -> None:
    image = ctx.image_of(place.service)
    if image is None or image.id == place.container.image_id:
        return
    variable = ctx.settings.app.release_variable
    runs = release_of(ctx.engine.image(place.container.image_id), variable)
    tagged = release_of(image, variable)
    _tell(
        ctx,
        f"{place.service} runs {_named(runs, place.container.image_id)}, and"
        f" {ctx.service(place.service).image} is {_named(tagged, image.id)} by now:"
        " `cosmicdeploy deploy` puts that to work",
    )


def _named(release: str, image_id: str) -> str:
    return f"release {release} ({image_id[7:19]})" if release else f"image {image_id[7:19]}"


def _tell(ctx: Context, text: str) -> None:
    ctx.emit(Notice(text=text))


@contextmanager
def _hang_up_interrupts() -> Iterator[None]:
    """A dropped connection to this terminal ends the command as Ctrl-C does."""
    before = signal.signal(signal.SIGHUP, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
