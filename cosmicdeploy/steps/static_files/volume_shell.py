"""Read and change a volume, in a separate container of the application's image."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import labels
from cosmicdeploy.engine.containers.names import ContainerRole, name_as
from cosmicdeploy.engine.facts import ExecResult, FileFacts
from cosmicdeploy.engine.protocol import Engine
from cosmicdeploy.errors import EngineError, EngineUnavailable
from cosmicdeploy.proxy.static_files.record import ID_FILE
from cosmicdeploy.stack.model import Healthcheck, Mount, Service
from cosmicdeploy.steps.static_files.scripts import PREFIX

# Where the volume is mounted in the container. No image has a folder of this name.
ROOT = "/.cosmicdeploy-volume"
# In seconds. If the run is killed, the container ends by itself after this time.
LIFETIME = 3600
# The exit code of `xargs` if some of the files do not exist.
SOME_ARE_MISSING = 123
# The beginning of commands that read paths from their input, one a line, and pass them on as words.
LINES = "cd \"$1\" && tr '\\n' '\\000' | xargs -0 "
STATUS = LINES + "stat -c '%f %u:%g %n'"
SUMS = LINES + "sha256sum"
TARGETS = 'cd "$1" && while IFS= read -r path; do readlink "$path" || echo; done'
REMOVE = LINES + "rm -f"


@dataclass(frozen=True)
class Present:
    """What a volume has at some paths; `files` are its files and links, with their facts."""

    files: dict[str, FileFacts]
    folders: frozenset[str]


@dataclass(frozen=True)
class VolumeShell:
    """A shell in a container with a volume and the files of an image.

    Every method raises `EngineError` if its command fails.
    """

    engine: Engine
    container_id: str

    def present(self, paths: Iterable[str]) -> Present:
        """Return what the volume has at these paths, without reading its other files."""
        modes: dict[str, tuple[int, str]] = {}
        for line in self._lines(STATUS, paths):
            mode, owner, path = line.split(" ", 2)
            modes[path.removeprefix("./")] = int(mode, 16), owner
        files = [path for path, (mode, _) in modes.items() if stat.S_ISREG(mode)]
        links = [path for path, (mode, _) in modes.items() if stat.S_ISLNK(mode)]
        contents = dict(map(_sum, self._lines(SUMS, files)))
        targets = self._lines(TARGETS, links)
        contents |= {path: f"-> {target}" for path, target in zip(links, targets, strict=True)}
        return Present(
            files={
                path: FileFacts(content=content, mode=modes[path][0] & 0o7777, owner=modes[path][1])
                for path, content in contents.items()
            },
            folders=frozenset(p for p, (mode, _) in modes.items() if stat.S_ISDIR(mode)),
        )

    def volume_id(self) -> str:
        """Return the random id in the volume; write a new id if the volume has none."""
        script = 'cd "$1" && umask 077 && { [ -s "$2" ] || printf %s "$3" >"$2"; } && cat "$2"'
        return self.run(script, ID_FILE, uuid4().hex).text

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files of the volume, if they exist."""
        self._lines(REMOVE, paths)

    def write(self, path: str, text: str) -> None:
        """Write a file into the volume, for root alone to read; create its folder if missing."""
        script = 'umask 077 && cd "$1" && mkdir -p "$(dirname "$2")" && cat >"$2"'
        self.run(script, path, stdin=text)

    def run(self, script: str, *words: str, stdin: str = "") -> ExecResult:
        """Run a script; its arguments are the path of the volume, then these words."""
        result = self._execute(["sh", "-c", script, "sh", ROOT, *words], stdin)
        _require_success(result, (0,))
        return result

    def run_file(self, text: str) -> None:
        """Run a script of any length, in the folder of the volume."""
        result = self._execute(["sh", "-c", 'cd "$1" && sh -s', "sh", ROOT], text)
        _require_success(result, (0,))

    def undo(self, name: str) -> None:
        """Run the script `undo` in the folder of a run, if the volume has that script."""
        script = 'cd "$1" && if [ -f "$2" ]; then sh "$2"; fi'
        self.run(script, f"{PREFIX}{name}/undo")

    def _lines(self, script: str, paths: Iterable[str]) -> list[str]:
        """Run a script that reads paths from its input, one a line; return the lines it prints."""
        text = "".join(f"./{path}\n" for path in paths)
        if not text:
            return []
        result = self._execute(["sh", "-c", script, "sh", ROOT], text)
        _require_success(result, (0, SOME_ARE_MISSING))
        return result.text.splitlines()

    def _execute(self, argv: Sequence[str], stdin: str) -> ExecResult:
        return self.engine.exec(
            self.container_id, argv, stdin=[stdin.encode("utf-8", "surrogateescape")]
        )


def _sum(line: str) -> tuple[str, str]:
    """Return the path and the digest in a line of `sha256sum`.

    The GNU version begins a line with a backslash if it has escaped backslashes in the path.
    """
    digest, _, path = line.partition("  ")
    if digest.startswith("\\"):
        digest, path = digest[1:], path.replace("\\\\", "\\")
    return path.removeprefix("./"), digest


def _require_success(result: ExecResult, codes: Sequence[int]) -> None:
    if result.exit_code not in codes:
        raise EngineError(
            f"A command in a container of the image failed (exit code {result.exit_code})",
            where="static files",
            todo="see its last lines: the image needs sh, tr, stat, xargs, sha256sum, cp and mv; or"
            " name the volume in `volumes.left_alone`",
            details=result.error_text.splitlines()[-5:],
        )


@contextmanager
def volume_shell(
    ctx: Context, service: Service, image_id: str, mount: Mount
) -> Iterator[VolumeShell]:
    """Run a container of the image, with the volume, during the block; yield a shell in it.

    Raises `EngineError` if the image has no shell.
    """
    created = _create(ctx, service, image_id, replace(mount, target=ROOT, read_only=False))
    try:
        _start(ctx, service, created)
        yield VolumeShell(ctx.engine, created)
    finally:
        ctx.engine.discard(created)


def let_engine_fill(ctx: Context, service: Service, image_id: str, mount: Mount) -> None:
    """Let the engine fill the volume from the image if the volume is empty, as with Compose.

    For that, the engine only has to create a container with the volume.
    """
    ctx.engine.discard(_create(ctx, service, image_id, replace(mount, read_only=False)))


def _create(ctx: Context, service: Service, image_id: str, mount: Mount) -> str:
    name = name_as(ContainerRole.COMMAND, service.container_name, uuid4().hex)
    bare = Service(
        name=service.name,
        container_name=name,
        image=image_id,
        platform=service.platform,
        entrypoint=("sh", "-c", f"sleep {LIFETIME}"),
        command=(),
        user="0:0",
        network_mode="none",
        mounts=(mount,),
        healthcheck=Healthcheck(test=("NONE",)),
    )
    return ctx.engine.create(
        bare,
        name=name,
        image=image_id,
        labels=labels.one_off(ctx.stack.project, service.compose_name, labels.FILES),
    )


def _start(ctx: Context, service: Service, container_id: str) -> None:
    try:
        ctx.engine.start(container_id)
    except EngineUnavailable:
        raise
    except EngineError as error:
        raise EngineError(
            f"The image {service.image} has no shell, which is needed to fill a volume",
            where=service.name,
            todo="add `sh` to the image, or name the volume in `volumes.left_alone`",
            details=(error.what,),
        ) from error
