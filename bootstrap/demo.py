"""Run the demo: start release 1 of the shipped stack, and deploy release 2 under heartbeats.

`demo.py up` sets up the demo, or continues an interrupted set-up; `demo.py rollbacks` shows the
three kinds of rollback, with a deploy after each; `demo.py down` removes everything.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from demo_kiosks import KIOSKS, Kiosks, seed

from cosmicdeploy.cli.terminal import Terminal
from cosmicdeploy.context.context import Context
from cosmicdeploy.engine import Engine, connect
from cosmicdeploy.engine.labels import WORKING_DIR
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.files import shipped
from cosmicdeploy.layout import SOURCES, lay_out, layout_options
from cosmicdeploy.lock import hold_lock
from cosmicdeploy.probes.urls import proxy_url
from cosmicdeploy.workspace import open_stack

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
IMAGES = ROOT / ".cache" / "images.env"
PROJECT = "cosmicdeploy-demo"


def up() -> int:
    """Start release 1, deploy release 2 under heartbeats, and show what to try next."""
    _require_own_demo(connect())
    if not DEMO.exists():
        _lay_out_release_1()
    _say("Starting the containers that are not running")
    _run("up")
    ctx = _open()
    tokens = seed(ctx)
    _put_release_2()
    _say(f"{KIOSKS} kiosks send heartbeats while release 2 is deployed")
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
    tokens = seed(ctx)
    _run("deploy")
    for options in (["--code-only"], ["--migration"], []):
        backups = [b.id for b in ctx.catalogue.list() if b.good and b.manifest.release == "1"]
        newest, oldest = backups[0], backups[-1]
        # The oldest backup has the old schema. A full rollback restores the data: only the newest
        # backup has the tokens of the current kiosks.
        words = ["rollback", *options, "--to", oldest if options else newest]
        _say(f"{KIOSKS} kiosks send heartbeats; rolling back to release 1: {' '.join(words)}")
        code = _run_under_heartbeats(ctx, tokens, *words, "--yes")
        if code != 0:
            return code
        _say("Deploying release 2 again")
        _run("deploy")
    return 0


def _run_under_heartbeats(ctx: Context, tokens: list[str], *words: str) -> int:
    """Run a command while kiosks send heartbeats; print how the heartbeats were answered."""
    with Kiosks(proxy_url(ctx), tokens) as stats:
        code = _run(*words, check=False)
    print(
        f"\nkiosks: {stats.sent} heartbeats sent during it, {stats.held} answered 503 with"
        f" Retry-After, {len(stats.failures)} failed"
    )
    for failure in stats.failures[:5]:
        print(f"  {failure}")
    return code


def down() -> int:
    """Remove the containers, network, volumes, images and folder of the demo."""
    if not DEMO.exists():
        print("The demo is not set up.")
        return 0
    ctx = _open()
    _require_own_demo(ctx.engine)
    with hold_lock(ctx.engine, PROJECT, "demo-down"):  # also takes over a stale lock
        ctx.engine.remove_project(PROJECT)
    for image in {ctx.service(name).image for name in ctx.settings.services.released}:
        ctx.engine.untag(image)
    shutil.rmtree(DEMO)
    print("The demo is removed.")
    return 0


def _require_own_demo(engine: Engine) -> None:
    """Raise `CosmicError` if the demo of another clone runs: its containers have the same names."""
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
    partial = DEMO.with_name("demo.partial")  # renamed at the end: a killed run leaves no half demo
    shutil.rmtree(partial, ignore_errors=True)
    options = {"project": PROJECT, "http_bind": "127.0.0.1"}
    lay_out(partial, layout_options(options, IMAGES if IMAGES.exists() else None))
    for name in _release_2_files():
        (partial / SOURCES / name).unlink()
    partial.rename(DEMO)


def _release_2_files() -> list[str]:
    return (shipped.payload() / "release-2-only.txt").read_text().split()


def _put_release_2() -> None:
    """Add the new files, as `git pull` does on a real stack, and set the release in `.env`."""
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


def _run(*words: str, check: bool = True) -> int:
    """Run cosmicdeploy as an operator does, and return its exit code.

    Ctrl-C also reaches the command, which then undoes its changes; this function waits for it.
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
  {tool} deploy                  # changes nothing, and says why
  {tool} rollback                # list the backups, and what a rollback to each would lose
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
        print("\ninterrupted; run the same command again to continue", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
