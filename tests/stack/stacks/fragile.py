"""A release of the shipped application that can be broken after its deploy, service by service."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cosmicdeploy.engine.facts import Container
from cosmicdeploy.errors import EngineError
from cosmicdeploy.layout import SOURCES
from tests.stack.support.harness import RELEASED, StackUnderTest

APPS, SCHEDULER, WORKER = RELEASED[:3], RELEASED[3], RELEASED[4]
# What a service's file of this name says is broken in it; the folder is its own, from the host.
FAULT = "fault"
READ = '''"""What was broken on purpose."""

from pathlib import Path

FILE = Path("/var/www/storage/logs/fault")


def broken(what):
    return FILE.exists() and what in FILE.read_text().split()
'''
SERVE = '''"""The service, which can be broken."""

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
    """Deploy the release; `make_sound` brings the sources back to what they were."""
    package = stack.folder / SOURCES / "cosmic_app"
    (package / "serve.py").rename(package / "serve_as_before.py")
    (package / "serve.py").write_text(SERVE)
    (package / "broken.py").write_text(READ)
    main = package / "console" / "main.py"
    first = "from cosmic_app.cache import redis_error"
    main.write_text(main.read_text().replace(first, CONSOLE + first))
    stack.set_variable("APP_VERSION", "fragile")
    done = stack.cli("deploy", "--json")
    assert done.code == 0, done.stderr


def make_sound(stack: StackUnderTest, release: str = "fix") -> None:
    """The sources of the fix; it is not deployed."""
    package = stack.folder / SOURCES / "cosmic_app"
    (package / "serve_as_before.py").replace(package / "serve.py")
    (package / "broken.py").unlink()
    main = package / "console" / "main.py"
    main.write_text(main.read_text().replace(CONSOLE, ""))
    stack.set_variable("APP_VERSION", release)


def fault_file(stack: StackUnderTest, service: str) -> Path:
    return stack.folder / "data-kiosk" / "logs" / service / FAULT


def break_down(stack: StackUnderTest, service: str, *faults: str) -> None:
    """Break a service of the fragile release: `health` and `heartbeat` answer 500, the service ends
    at its `start`, the `console` at boot."""
    fault_file(stack, service).write_text(" ".join(faults))


def mend(stack: StackUnderTest) -> None:
    """Nothing is broken on purpose any more."""
    for service in RELEASED:
        fault_file(stack, service).unlink(missing_ok=True)


def crash(stack: StackUnderTest, service: str) -> None:
    """Its container ends again and again, and is restarted by the engine."""
    container = stack.open().running(service)
    fault = "start" if service in APPS else "console"
    break_down(stack, service, fault)
    with suppress(EngineError):  # the command ends with the container
        stack.open().engine.exec(container.id, ["kill", "1"])
    wait_until(stack, service, lambda found: found.restart_count > 1)


def wait_until(stack: StackUnderTest, service: str, is_so: Callable[[Container], bool]) -> None:
    """Until a service's container is so."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = stack.open().container(service)
        if found is not None and is_so(found):
            return
        time.sleep(0.2)
    raise AssertionError(f"{service} never came to be so")
