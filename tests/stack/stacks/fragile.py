"""A release of the shipped application whose services can be broken one by one after its deploy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import COMPOSE_FILE, RELEASED, StackUnderTest

APPS, SCHEDULER, WORKER = RELEASED[:3], RELEASED[3], RELEASED[4]
# The file that lists the faults of a service; each service has a folder for it on the host.
FAULT = "fault"
READ = '''"""Read which faults are on."""

from pathlib import Path

FILE = Path("/var/www/storage/logs/fault")


def broken(what):
    return FILE.exists() and what in FILE.read_text().split()
'''
SERVE = '''"""The service, with faults that can be switched on."""

from cosmic_app import serve_as_before as serve
from cosmic_app.broken import broken

if broken("start"):
    raise SystemExit("broken at its start")
build = serve.build_app


def build_app(settings):
    inner = build(settings)

    async def app(scope, receive, send):
        path = scope.get("path", "")
        if (path.endswith("health") and broken("health")) or (
            path.endswith("heartbeat") and broken("heartbeat")
        ):
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"broken"})
            return
        await inner(scope, receive, send)

    return app


serve.build_app = build_app
serve.main()
'''
CONSOLE = """
from cosmic_app.broken import broken

if broken("console"):
    raise SystemExit("broken at boot")
"""


def make_fragile(stack: StackUnderTest) -> None:
    """Deploy the fragile release; `restore_sources` restores the sources."""
    package = stack.folder / SOURCES / "cosmic_app"
    (package / "serve.py").rename(package / "serve_as_before.py")
    (package / "serve.py").write_text(SERVE)
    (package / "broken.py").write_text(READ)
    main = package / "console" / "main.py"
    first = "from cosmic_app.cache import redis_error"
    main.write_text(main.read_text().replace(first, CONSOLE + first))
    compose = stack.folder / COMPOSE_FILE
    # The first is the replicas': an unhealthy one is known after 6 s instead of 30.
    compose.write_text(compose.read_text().replace("interval: 10s", "interval: 2s", 1))
    stack.set_variable("APP_VERSION", "fragile")
    done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr


def restore_sources(stack: StackUnderTest, release: str = "fix") -> None:
    """Restore the sources and name them as a new release, without deploying it."""
    package = stack.folder / SOURCES / "cosmic_app"
    (package / "serve_as_before.py").replace(package / "serve.py")
    (package / "broken.py").unlink()
    main = package / "console" / "main.py"
    main.write_text(main.read_text().replace(CONSOLE, ""))
    stack.set_variable("APP_VERSION", release)


def fault_file(stack: StackUnderTest, service: str) -> Path:
    return stack.folder / "data-kiosk" / "logs" / service / FAULT


def break_down(stack: StackUnderTest, service: str, *faults: str) -> None:
    """Switch faults of a service on.

    With `health` or `heartbeat` these answer 500; with `start` or `console` the process ends at its
    start.
    """
    fault_file(stack, service).write_text(" ".join(faults))


def clear_faults(stack: StackUnderTest) -> None:
    """Switch all faults off."""
    for service in RELEASED:
        fault_file(stack, service).unlink(missing_ok=True)


def crash(stack: StackUnderTest, service: str) -> None:
    """Make a container crash again and again; the engine restarts it each time."""
    container = stack.open().running(service)
    fault = "start" if service in APPS else "console"
    break_down(stack, service, fault)
    with suppress(EngineError):  # the command ends with the container
        stack.open().engine.exec(container.id, ["kill", "1"])
    wait_until(stack, service, lambda container: container.restart_count > 1)


def wait_until(stack: StackUnderTest, service: str, condition: Callable[[Container], bool]) -> None:
    """Wait until the container of a service meets the condition."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        container = stack.open().container(service)
        if container is not None and condition(container):
            return
        time.sleep(0.2)
    raise AssertionError(f"{service} did not meet the condition in time")
