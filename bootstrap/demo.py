"""Run the demo: bring up release 1 of the shipped stack and deploy release 2 under heartbeats.

`demo.py up` continues where an interrupted run stopped; `demo.py rollbacks` shows the three kinds
of rollback, with deploys in between; `demo.py down` removes everything.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.context import Context
from cosmicdeploy.engine import Engine, ExecResult, connect
from cosmicdeploy.engine.labels import WORKING_DIR
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.files import shipped
from cosmicdeploy.layout import SOURCES, lay_out, layout_options
from cosmicdeploy.lock import hold_lock
from cosmicdeploy.probes.http import send_request
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.workspace import open_stack

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
IMAGES = ROOT / ".cache" / "images.env"
PROJECT = "cosmicdeploy-demo"
KIOSKS = 20
BEATS_PER_SECOND = 10.0
# The simulated kiosks stop after this time even if the deploy hangs.
LONGEST_SECONDS = 900


def up() -> int:
    """Bring up release 1, deploy release 2 under heartbeats, and show what to try next."""
    _require_own_demo(connect())
    if not DEMO.exists():
        _lay_out_release_1()
    _say("Starting the containers that do not run yet")
    _run("up")
    ctx = _open()
    tokens = _seed(ctx)
    _put_release_2()
    _say(f"{KIOSKS} kiosks send heartbeats; deploying release 2 meanwhile")
    code = _run_under_heartbeats(ctx, tokens, "deploy")
    if code == 0:
        _next_steps(proxy_url(ctx))
    return code


def rollbacks() -> int:
    """Roll back in each of the three ways under heartbeats, and deploy again after each."""
    if not DEMO.exists():
        print("The demo is not set up: run `make demo`.", file=sys.stderr)
        return 2
    ctx = _open()
    _require_own_demo(ctx.engine)
    tokens = _seed(ctx)
    _run("deploy")
    for options in (["--code-only"], ["--migration"], []):
        backups = [b.id for b in ctx.catalogue.list() if b.good and b.manifest.release == "1"]
        # The oldest backup has the old schema; the newest has the tokens of the current kiosks.
        words = ["rollback", *options, "--to", backups[-1] if options else backups[0]]
        _say(f"{KIOSKS} kiosks send heartbeats; rolling back to release 1: {' '.join(words)}")
        code = _run_under_heartbeats(ctx, tokens, *words, "--yes")
        if code != 0:
            return code
        _say("Deploying release 2 again")
        _run("deploy")
    return 0


def _run_under_heartbeats(ctx: Context, tokens: list[str], *words: str) -> int:
    """Run a command while kiosks send heartbeats; print how these were answered."""
    with _Kiosks(proxy_url(ctx), tokens) as beats:
        code = _run(*words, check=False)
    print(
        f"\nkiosks: {beats.sent} heartbeats sent meanwhile, {beats.held} answered 503 with"
        f" Retry-After, {len(beats.failures)} failed"
    )
    for failure in beats.failures[:5]:
        print(f"  {failure}")
    return code


def down() -> int:
    """Remove the containers, network, volumes, images and folder of the demo."""
    if not DEMO.exists():
        print("The demo is not set up.")
        return 0
    ctx = _open()
    _require_own_demo(ctx.engine)
    with hold_lock(ctx.engine, PROJECT, "demo-down"):  # also releases a stale lock
        ctx.engine.remove_project(PROJECT)
    for image in {ctx.service(name).image for name in ctx.settings.services.released}:
        ctx.engine.untag(image)
    shutil.rmtree(DEMO)
    print("The demo is removed.")
    return 0


def _require_own_demo(engine: Engine) -> None:
    """Raise `CosmicError` if the running demo belongs to another clone: its names are the same."""
    for container in engine.containers(PROJECT):
        home = container.labels.get(WORKING_DIR)
        if home != str(DEMO):
            raise CosmicError(
                "The demo of another clone is running",
                where=f"{container.name} of {home}",
                todo="run `make demo-down` there",
            )


def _lay_out_release_1() -> None:
    _say("Laying out the stack in demo/, as release 1")
    partial = DEMO.with_name("demo.partial")  # so that a killed run leaves no half of a demo
    shutil.rmtree(partial, ignore_errors=True)
    options = {"project": PROJECT, "http_bind": "127.0.0.1"}
    lay_out(partial, layout_options(options, IMAGES if IMAGES.exists() else None))
    for name in _release_2_files():
        (partial / SOURCES / name).unlink()
    partial.rename(DEMO)


def _release_2_files() -> list[str]:
    return (shipped.payload() / "release-2-only.txt").read_text().split()


def _put_release_2() -> None:
    """Do what `git pull` does on a real stack: add new files, and set the release in `.env`."""
    for name in _release_2_files():
        shutil.copy(shipped.payload() / "app" / name, DEMO / SOURCES / name)
    env = DEMO / ".env"
    text = re.sub(r"^APP_VERSION=.*$", "APP_VERSION=2", env.read_text(), flags=re.MULTILINE)
    new = DEMO / ".env.new"
    new.touch(0o600)
    new.write_text(text)
    new.replace(env)


def _open() -> Context:
    return open_stack(DEMO / "cosmicdeploy.yaml", lambda _event: None)


def _seed(ctx: Context) -> list[str]:
    """Create kiosks with new tokens and the device for verification; return the kiosks' tokens."""
    app = ctx.any_app()
    environment = {"DEVICE_TOKEN": ctx.loaded.secret("DEVICE_TOKEN")}
    verifier = ctx.console("devices:seed", "--name=VERIFY", "--token-env=DEVICE_TOKEN")
    _require(ctx.engine.exec(app.id, verifier, environment=environment))
    result = ctx.engine.exec(app.id, ctx.console("devices:seed", str(KIOSKS), "--fresh", "--json"))
    _require(result)
    return [device["token"] for device in json.loads(result.text)["devices"]]


def _require(result: ExecResult) -> None:
    if result.exit_code != 0:
        raise CosmicError("Seeding devices failed", details=result.error_text.splitlines())


class _Kiosks:
    """Simulated kiosks that send heartbeats through the load balancer, at a fixed rate."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self._url, self._tokens = url, tokens
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self.beats = TrafficStats()

    def __enter__(self) -> TrafficStats:
        self._thread.start()
        return self.beats

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until:
            token = self._tokens[self.beats.sent % len(self._tokens)]
            body = {"battery_level": 85}
            answer = send_request(f"{self._url}/api/devices/heartbeat", token=token, json=body)
            self.beats.count(answer, turning_away=answer.is_turned_away)
            if self._stop.wait(1 / BEATS_PER_SECOND):
                return


def _run(*words: str, check: bool = True) -> int:
    """Run cosmicdeploy as a user does, and return its exit code.

    A Ctrl-C reaches the command too; this waits for it, since it then undoes its changes.
    """
    process = subprocess.Popen([sys.executable, "-m", "cosmicdeploy", *words], cwd=DEMO)
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            continue
    if check and code:
        raise subprocess.CalledProcessError(code, words)
    return code


def _next_steps(url: str) -> None:
    tool = Path(sys.executable).parent / "cosmicdeploy"
    print(f"""
The stack serves at {url}/api/health. Try next:
  cd demo
  {tool} status
  {tool} verify
  {tool} deploy                  # nothing new: changes nothing and says why
  {tool} rollback                # list the backups, and what each would lose
  {tool} rollback --to latest    # back to release 1, with its schema and data
  make -C {ROOT} demo-rollbacks  # all three kinds of rollback, under heartbeats
  make -C {ROOT} demo-down       # remove the demo""")


def _say(text: str) -> None:
    print(f"\n==> {text}", flush=True)


def main() -> int:
    """Run the command `up`, `rollbacks` or `down`; print errors without a traceback."""
    commands = {"up": up, "rollbacks": rollbacks, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print("usage: demo.py up|rollbacks|down", file=sys.stderr)
        return 2
    try:
        return commands[sys.argv[1]]()
    except CosmicError as error:
        Terminal().errors.print(f"error: {error}", *error.details, sep="\n  ")
        return int(error.exit_code)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    except KeyboardInterrupt:
        print("\ninterrupted; run `make demo` again to continue", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
