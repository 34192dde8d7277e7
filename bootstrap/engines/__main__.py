"""Start and stop other Docker Engines: `python -m bootstrap.engines COMMAND [NAME]`.

list             the engines by name, and which of them run
get NAME|all     unpack the engine's packages, without starting it
up NAME          start the engine, copy the base images into it, and print its DOCKER_HOST
down NAME|all    stop the engine; its images stay
run NAME WORD…   run a command on the engine, where the ports of its containers are reachable
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from bootstrap.engines import daemon
from bootstrap.engines.catalogue import ENGINES, EngineKind
from bootstrap.engines.images import copy_base_images
from bootstrap.engines.root_folder import EngineError, ensure_root
from cosmicdeploy.engine.connection import open_client
from cosmicdeploy.errors import EngineUnavailable

USAGE = 2


def main(words: Sequence[str]) -> int:
    """Run a command; return its exit code."""
    try:
        match words:
            case ["list"]:
                print("\n".join(map(_line, ENGINES.values())))
            case ["get", name]:
                for kind in _kinds(name):
                    print(ensure_root(kind))
            case ["up", name]:
                _up(_kind(name))
            case ["down", name]:
                for kind in _kinds(name):
                    daemon.stop(kind)
            case ["run", name, *command] if command:
                return _run(_kind(name), command)
            case _:
                print(__doc__, file=sys.stderr)
                return USAGE
    except (EngineError, EngineUnavailable) as error:
        print(f"engines: {error}", file=sys.stderr)
        return 1
    return 0


def _line(kind: EngineKind) -> str:
    state = kind.socket if daemon.find(kind) else "not running"
    return f"{kind.name:14} Debian {kind.suite:9} {state}"


def _kinds(name: str) -> list[EngineKind]:
    return list(ENGINES.values()) if name == "all" else [_kind(name)]


def _kind(name: str) -> EngineKind:
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name}: choose one of {', '.join(ENGINES)}")
    return ENGINES[name]


def _up(kind: EngineKind) -> None:
    engine = daemon.start(kind)
    copy_base_images(open_client(), engine)
    print(f"DOCKER_HOST={kind.socket}")


def _run(kind: EngineKind, command: Sequence[str]) -> int:
    with daemon.running(kind) as engine:
        environ = {**os.environ, **engine.environ}
        return subprocess.run([*engine.enter, *command], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
