"""The advice about mounts and folders that cannot be written is true of each kind, and harmless."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.errors import CosmicError
from cosmicdeploy.operations.diagnosis.checks.health.log_file import log_file
from cosmicdeploy.operations.diagnosis.checks.writable_mounts import mounts, own_folders
from cosmicdeploy.operations.diagnosis.finding import Finding, Severity
from cosmicdeploy.probes.storage.process_user import SCRIPT, user_in
from cosmicdeploy.stack.model import Mount
from cosmicdeploy.steps.base import Change
from cosmicdeploy.steps.commands.chown import ChownStep
from tests.unit.operations.diagnosis.world import APPS, REDIS, World, new_world, status

pytestmark = pytest.mark.unit

Opened = Callable[[World], Context]


def with_tmpfs(ctx: Context) -> Context:
    """Return the context after all services have declared /data as a tmpfs."""
    tmpfs = (Mount(type="tmpfs", source="", target="/data"),)
    services = {n: replace(each, mounts=tmpfs) for n, each in ctx.stack.services.items()}
    ctx.stack.services = services  # type: ignore[misc]
    return ctx


# --- mounts


@pytest.mark.parametrize(
    ("service", "deploy"),
    [(REDIS, "`cosmicdeploy deploy --include redis`"), (APPS[0], "`cosmicdeploy deploy`")],
)
def test_a_tmpfs_is_declared_writable_since_no_other_container_can_mount_it(
    opened: Opened, service: str, deploy: str
) -> None:
    world = new_world()
    world.commands[(service, "mounts")] = (0, "denied root /data\n")
    broken, _ = mounts(with_tmpfs(opened(world)))
    assert f" of {service} cannot create files in /data" in broken.description
    assert broken.todo == (
        "declare who may write to it: in the compose file, `tmpfs: /data:mode=1777` (or"
        f" `uid=UID,gid=GID`, numbers only); then {deploy}"
    )


def test_a_log_in_a_tmpfs_changes_its_owner_in_its_own_container(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world()
    world.commands[(APPS[0], "log")] = (0, "root /data/app.log\n")
    ctx, asked = with_tmpfs(opened(world)), list[tuple[str, tuple[str, ...]]]()
    broken, _ = log_file(ctx)
    assert broken.todo == "docker exec -u root app-1 chown www-data /data/app.log"
    step = ChownStep(name="log", service=APPS[0], path=PurePosixPath("/data/app.log"))
    change = step.check(ctx)
    assert isinstance(change, Change)

    def refuse(user: str, _id: str, argv: Sequence[str], **_: object) -> ExecResult:
        asked.append((user, tuple(argv)))
        return ExecResult(exit_code=1, stderr=b"Operation not permitted")

    monkeypatch.setattr(world, "exec_as", refuse)
    with pytest.raises(CosmicError, match="not permitted") as raised:
        step.apply(ctx, change)
    assert asked == [("root", ("chown", "www-data", "/data/app.log"))]
    assert "`tmpfs: /data:mode=1777`" in raised.value.todo


def test_a_log_in_a_folder_of_the_host_changes_its_owner_in_a_separate_container(
    opened: Opened,
) -> None:
    world = new_world()
    world.commands[(APPS[0], "log")] = (0, "root /data/app.log\n")
    broken, _ = log_file(opened(world))
    assert "--volumes-from app-1 --entrypoint chown" in broken.todo
    assert broken.todo.endswith(" www-data /data/app.log")


def test_no_read_only_mount_is_advised_for_a_folder_that_cannot_be_read(
    opened: Opened,
) -> None:
    world = new_world()
    world.commands[(REDIS, "mounts")] = (0, "unreadable root /data\n")
    broken, _ = mounts(opened(world))
    assert "of redis cannot read /data, which belongs to root" in broken.description
    assert ":ro" not in broken.todo and "chown" in broken.todo
    world.commands[(REDIS, "mounts")] = (0, "denied root /data\n")
    broken, _ = mounts(opened(world))
    assert broken.todo.endswith("(`:ro`) if redis only reads it")


# --- the user of a container's server


REDIS_SERVER = status("redis-server", 7, 1, 999)
WORKERS = status("nginx", 20, 1, 101) + status("nginx", 21, 1, 101)


@pytest.mark.parametrize(
    ("processes", "user"),
    [
        (status("redis-server", user=999), "999:999"),
        (status("redis-server", user=999).replace("Groups:\t999", "Groups:\t27 999"), "999"),
        (status("redis-server"), ""),
        (status("docker-init") + REDIS_SERVER, "999:999"),
        (status("docker-init") + status("start.sh", 6, 1) + status("redis", 8, 6, 999), "999:999"),
        (REDIS_SERVER + status("docker-init"), "999:999"),
        (status("nginx") + WORKERS, ""),
        (status("supervisord") + status("nginx", 6, 1) + status("nginx", 20, 6, 101), ""),
        # Commands of an operator or of a health check: no process of the container started them.
        (status("redis-server") + status("bash", 9, 0, 5) + status("ls", 10, 9, 5), ""),
        (status("redis-server") + status("sh", 9, 0) + status("curl", 10, 9, 5), ""),
        (status("docker-init") + "Name:\tgone\nPid:\t3\n" + REDIS_SERVER, "999:999"),
        ("sh: not found", None),
        (REDIS_SERVER, None),
    ],
)
def test_the_user_is_the_user_of_the_first_server_that_root_started(
    processes: str, user: str | None
) -> None:
    assert user_in(processes) == user


@pytest.mark.parametrize("shell", [each for each in ("dash", "bash", "sh") if shutil.which(each)])
def test_the_script_reads_each_process_with_only_the_shell(shell: str) -> None:
    program = shutil.which(shell)
    run = subprocess.run([str(program), "-c", SCRIPT], check=True, capture_output=True, env={})
    own = f"Pid:\t{os.getpid()}\nPPid:\t{os.getppid()}\n"
    assert own in run.stdout.decode() and "Uid:\t" in run.stdout.decode()


def test_the_user_is_read_in_the_container_since_numbers_differ_on_the_host(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the engine remaps users, the host has other numbers for them."""
    world = new_world()
    world.commands[(REDIS, "processes")] = (0, status("docker-init") + REDIS_SERVER)
    world.commands[(REDIS, "mounts")] = (0, "denied root /data\n")
    monkeypatch.setattr(
        "cosmicdeploy.proxy.kernel.proc._read_on_host",
        lambda *_: status("redis-server", user=100999).encode(),
    )
    broken, _ = mounts(opened(world))
    assert broken.description.startswith("user 999 of redis cannot create files")


def test_a_service_whose_user_is_unknown_is_named_and_not_reported_as_fine(
    opened: Opened,
) -> None:
    world = new_world()
    ctx = opened(world)
    world.commands[(REDIS, "processes")] = (127, "")
    warned, fine = mounts(ctx)
    assert warned.severity is Severity.WARNING and "redis" not in fine.description
    assert warned.description == (
        "redis is not checked: It is unknown as which user redis writes: its shell cannot read"
        " /proc/1/status"
    )
    del world.commands[(REDIS, "processes")]
    services = {**ctx.stack.services, REDIS: replace(ctx.service(REDIS), pid="host")}
    ctx.stack.services = services  # type: ignore[misc]
    warned, _ = mounts(ctx)
    assert "redis is not checked" in warned.description and "`pid: host`" in warned.description


# --- the deployer's own folders


def test_a_folder_to_which_the_deployer_cannot_write_is_named_with_its_own_number(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The number needs no entry in /etc/passwd, and LOGNAME may name another user."""
    ctx = opened(new_world())
    ctx.catalogue.folder = tmp_path / "backups"
    ctx.catalogue.folder.mkdir()
    monkeypatch.setenv("LOGNAME", "another-user")
    [fine] = own_folders(ctx)
    assert fine.description == "the deployer can write backups and the journal"
    folder, uid = ctx.catalogue.folder, os.getuid()
    found = closed(ctx, monkeypatch, folder)
    assert found.description == (
        f"user {uid} cannot create files in {folder}, the folder of backups"
    )
    assert found.todo.startswith(f"`chown {uid} {folder}` as root; if its file system became")


def closed(ctx: Context, monkeypatch: pytest.MonkeyPatch, path: Path) -> Finding:
    """Return the only problem while the deployer may not write to a path."""

    def access(each: Path, mode: int) -> bool:
        return each.exists() and (each != path or not mode & os.W_OK)

    ctx.journal.path.parent.mkdir(parents=True, exist_ok=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", access)
        [found] = [each for each in own_folders(ctx) if each.severity is Severity.PROBLEM]
    return found


def test_a_missing_folder_is_created_by_the_advised_command(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ctx = opened(new_world())
    folder = tmp_path / "disk" / "shop backups"
    folder.parent.mkdir()
    ctx.catalogue.folder = folder
    found = closed(ctx, monkeypatch, folder.parent)
    command = f"install -d -m 700 -o {os.getuid()} '{folder}'"
    assert found.todo.startswith(f"`{command}` as root; if its file system became")
    subprocess.run(["sh", "-c", command], check=True, timeout=10)
    assert (folder.stat().st_uid, stat.S_IMODE(folder.stat().st_mode)) == (os.getuid(), 0o700)


def test_the_advised_command_opens_the_closed_folder_above_a_folder(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ctx = opened(new_world())
    outer = tmp_path / "outer"
    ctx.catalogue.folder = outer / "backups"
    ctx.catalogue.folder.mkdir(parents=True)
    ctx.journal.path.parent.mkdir(parents=True, exist_ok=True)

    def access(each: Path, mode: int) -> bool:  # answers as the kernel answers another user
        return outer not in each.parents and (each != outer or mode == os.F_OK)

    monkeypatch.setattr(os, "access", access)
    [found] = own_folders(ctx)
    assert found.todo.startswith(
        f"`chmod a+x {outer}` as root, then `cosmicdeploy diagnose storage`"
    )


def test_a_journal_that_belongs_to_another_user_is_named(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = opened(new_world())
    journal = ctx.journal.path
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.touch()
    found = closed(ctx, monkeypatch, journal)
    assert found.description == f"user {os.getuid()} cannot read and write {journal}, the journal"
    assert found.todo.startswith(f"`chown {os.getuid()} {journal}` as root")
