"""The demo: release 1 of the shipped stack, kiosks that beat, and a deploy to release 2.

`demo.py up` goes on from wherever an earlier run ended; `demo.py rollbacks` shows the three ways
back, with a deploy in between; `demo.py down` removes all it made.
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
from cosmicdeploy.layout import SOURCES, lay_out, layout_choices
from cosmicdeploy.lock import hold_lock
from cosmicdeploy.probes.http import ask
from cosmicdeploy.probes.proof import TrafficStats
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.workspace import open_stack

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
IMAGES = ROOT / ".cache" / "images.env"
PROJECT = "cosmicdeploy-demo"
KIOSKS = 20
BEATS_PER_SECOND = 10.0
# However long a deploy takes, the kiosks of a demo stop by themselves.
LONGEST_SECONDS = 900


def up() -> int:
    """Bring release 1 up, deploy release 2 while kiosks beat, tell what to try next."""
    _require_ours(connect())
    if not DEMO.exists():
        _lay_out_release_1()
    _say("Starting what does not run yet")
    _run("up")
    ctx = _open()
    tokens = _seed(ctx)
    _put_release_2()
    _say(f"{KIOSKS} kiosks send heartbeats; deploying release 2 beneath them")
    code = _beaten(ctx, tokens, "deploy")
    if code == 0:
        _next_steps(proxy_url(ctx))
    return code


def rollbacks() -> int:
    """Go back in each of the three ways while kiosks beat, and deploy again in between."""
    if not DEMO.exists():
        print("There is no demo: run `make demo`.", file=sys.stderr)
        return 2
    ctx = _open()
    _require_ours(ctx.engine)
    tokens = _seed(ctx)
    _run("deploy")
    for way in ("--code-only", "--migration", "--restore"):
        backups = [b.id for b in ctx.catalogue.list() if b.good and b.manifest.release == "1"]
        # The oldest is of the old schema; the newest knows the kiosks that beat now.
        target = backups[0] if way == "--restore" else backups[-1]
        _say(f"{KIOSKS} kiosks send heartbeats; going back to release 1 with {way}")
        code = _beaten(ctx, tokens, "rollback", way, "--to", target, "--yes")
        if code != 0:
            return code
        _say("Deploying release 2 again")
        _run("deploy")
    return 0


def _beaten(ctx: Context, tokens: list[str], *words: str) -> int:
    """Run a command while kiosks beat, and tell what they were answered."""
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
    """Remove containers, network, volumes, images and folder of the demo."""
    if not DEMO.exists():
        print("There is no demo.")
        return 0
    ctx = _open()
    _require_ours(ctx.engine)
    with hold_lock(
        ctx.engine, PROJECT, "demo-down"
    ):  # what a killed run left of its lock goes as well
        ctx.engine.remove_project(PROJECT)
    for image in {ctx.service(name).image for name in ctx.settings.services.released}:
        ctx.engine.untag(image)
    shutil.rmtree(DEMO)
    print("The demo is gone.")
    return 0


def _require_ours(engine: Engine) -> None:
    """Another clone's demo has the same names; it is not ours to touch."""
    for container in engine.containers(PROJECT):
        home = container.labels.get(WORKING_DIR)
        if home != str(DEMO):
            raise CosmicError(
                "The demo of another clone is here",
                where=f"{container.name} of {home}",
                todo="run `make demo-down` there",
            )


def _lay_out_release_1() -> None:
    _say("Laying out the stack in demo/, as release 1")
    partial = DEMO.with_name("demo.partial")  # a kill must not leave half a demo
    shutil.rmtree(partial, ignore_errors=True)
    options = {"project": PROJECT, "http_bind": "127.0.0.1"}
    lay_out(partial, layout_choices(options, IMAGES if IMAGES.exists() else None))
    for name in _release_2_files():
        (partial / SOURCES / name).unlink()
    partial.rename(DEMO)


def _release_2_files() -> list[str]:
    return (shipped.payload() / "release-2-only.txt").read_text().split()


def _put_release_2() -> None:
    """What `git pull` does on a real stack: new files, and the release's name in `.env`."""
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
    """Kiosks with fresh tokens, and the device that verification beats as."""
    app = ctx.any_app()
    own = {"DEVICE_TOKEN": ctx.loaded.secret("DEVICE_TOKEN")}
    verifier = ctx.console("devices:seed", "--name=VERIFY", "--token-env=DEVICE_TOKEN")
    _require(ctx.engine.exec(app.id, verifier, environment=own))
    result = ctx.engine.exec(app.id, ctx.console("devices:seed", str(KIOSKS), "--fresh", "--json"))
    _require(result)
    return [device["token"] for device in json.loads(result.text)["devices"]]


def _require(result: ExecResult) -> None:
    if result.exit_code != 0:
        raise CosmicError("Seeding devices failed", details=result.error_text.splitlines())


class _Kiosks:
    """Simulated kiosks that beat through the load balancer, bounded in rate and time."""

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
            answer = ask(f"{self._url}/api/devices/heartbeat", token=token, json=body)
            self.beats.count(answer, turning_away=answer.turned_away)
            if self._stop.wait(1 / BEATS_PER_SECOND):
                return


def _run(*words: str, check: bool = True) -> int:
    """The command as a user has it. A Ctrl-C reaches it too; it is waited for, since it undoes."""
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
  {tool} deploy                  # nothing new: changes nothing, and says why
  {tool} rollback                # what there is to go back to, and what each would lose
  {tool} rollback --to latest    # back to release 1, schema and data too
  make -C {ROOT} demo-rollbacks  # all three ways back, under heartbeats
  make -C {ROOT} demo-down       # remove all this""")


def _say(text: str) -> None:
    print(f"\n==> {text}", flush=True)


def main() -> int:
    """`up`, `rollbacks` or `down`; errors as one clear line."""
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
        print("\ninterrupted; `make demo` goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
