"""The problems `storage` and `clock`: real scripts and outputs, and what is said about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosmicdeploy.context.context import Context
from cosmicdeploy.engine.facts import ExecResult
from cosmicdeploy.operations.diagnosis.checks import clock as clock_module
from cosmicdeploy.operations.diagnosis.checks.clock import clock, judge, measure
from cosmicdeploy.operations.diagnosis.checks.disk_space import disks
from cosmicdeploy.operations.diagnosis.checks.writable_mounts import (
    mounts,
    writable_targets,
)
from cosmicdeploy.operations.diagnosis.finding import Severity
from cosmicdeploy.probes.storage.disks import parse_df
from cosmicdeploy.probes.storage.mounts import SCRIPT, Use
from cosmicdeploy.stack.model import Mount
from tests.unit.operations.diagnosis.world import (
    APPS,
    DF,
    PROXY,
    REDIS,
    SCHEDULER,
    WORKER,
    World,
    new_world,
    status,
)

Opened = Callable[[World], Context]
JOBS = (SCHEDULER, WORKER)
OTHER_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def run_script(*folders: Path, use: Use = Use.APPLICATION, shell: str = "sh") -> list[str]:
    """Run the script as a user who is not root; root may write everywhere."""
    user = OTHER_USER if os.getuid() == 0 else []
    pairs = [word for folder in folders for word in (use, str(folder))]
    command = [*user, shell, "-c", SCRIPT, shell, *pairs]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and os.getuid() == 0 and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


def test_the_script_reports_folders_in_which_nothing_can_be_written(shared: Path) -> None:
    closed, open_, half, file = (shared / n for n in ("closed", "open", "half", "file"))
    for folder in (closed, open_, half / "logs"):
        folder.mkdir(parents=True)
    file.write_text("x")
    open_.chmod(0o777)
    (half / "logs").chmod(0o777)
    for folder in (closed, half):
        folder.chmod(0o555)
    [line] = run_script(closed, open_, half, file, shared / "missing")
    kind, _, target = line.split(" ", 2)
    assert (kind, target) == ("denied", str(closed))
    lines = run_script(closed, open_, half, file, use=Use.DATA)
    assert [line.split(" ", 2)[2] for line in lines] == [str(closed), str(half)]


@pytest.mark.parametrize("shell", [each for each in ("dash", "bash", "sh") if shutil.which(each)])
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")
def test_a_folder_of_the_host_should_be_writable_only_to_a_user_that_has_something_in_it(
    shared: Path, shell: str
) -> None:
    """Configuration is often mounted without `:ro`, and belongs to root."""
    configuration, lost, unreadable = (shared / n for n in ("conf.d", "lost", "unreadable"))
    for folder in (configuration, lost, unreadable):
        folder.mkdir()
        (folder / "file").touch()
    os.chown(lost / "file", 65534, 65534)
    configuration.chmod(0o755)
    lost.chmod(0o755)
    unreadable.chmod(0o700)
    lines = run_script(configuration, lost, unreadable, use=Use.UNKNOWN, shell=shell)
    kinds = [(line.split(" ", 2)[0], line.split(" ", 2)[2]) for line in lines]
    assert kinds == [("denied", str(lost)), ("unreadable", str(unreadable))]


def test_the_script_reports_a_file_system_that_is_mounted_read_only() -> None:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    read_only = [f[1] for f in map(str.split, lines) if "ro" in f[3].split(",")]
    folders = [Path(each) for each in read_only if "\\" not in each and Path(each).is_dir()]
    if not folders:
        pytest.skip("no file system of this machine is read-only")
    assert run_script(folders[0]) == [f"read-only - {folders[0]}"]


def test_a_mount_that_lost_its_permission_names_its_owner_and_chown(opened: Opened) -> None:
    world = new_world()
    world.commands[(APPS[1], "mounts")] = (0, "denied root /data\n")
    broken, fine = mounts(opened(world))
    text = "www-data of app-2 cannot create files in /data, which belongs to root"
    assert (broken.severity, broken.description) == (Severity.PROBLEM, text)
    run = "docker run --rm -u root --network none"
    command = f"{run} --volumes-from app-2 --entrypoint chown sha256:1"
    assert f"`{command} www-data /data`" in broken.todo
    rest = "redis, proxy, app-1, scheduler, worker"
    assert fine.description == f"{rest} can write to each writable mount"


def test_redis_is_checked_as_the_user_that_its_image_changes_to(opened: Opened) -> None:
    """As root, with which the container starts, every folder would be writable."""
    world = new_world()
    asked: dict[str, str] = {}
    exec_as = world.exec_as

    def note_user(user: str, container_id: str, argv: Sequence[str], **more: Any) -> ExecResult:
        if argv[0] == "sh":
            asked[container_id] = user
        return exec_as(user, container_id, argv, **more)

    world.exec_as = note_user  # type: ignore[method-assign]
    world.commands[(REDIS, "processes")] = (0, status("redis-server", user=999))
    world.commands[(REDIS, "mounts")] = (0, "denied root /data\n")
    broken, _ = mounts(opened(world))
    assert broken.description.startswith("user 999 of redis cannot create files in /data")
    assert f"--volumes-from {REDIS} --entrypoint chown sha256:1 999:999 /data`" in broken.todo
    assert asked == {REDIS: "999:999", PROXY: "", **dict.fromkeys((*APPS, *JOBS), "www-data")}


def test_a_mount_that_became_read_only_names_the_folder_of_the_host(opened: Opened) -> None:
    world = new_world()
    world.commands[(APPS[0], "mounts")] = (0, "read-only - /data\n")
    broken, _ = mounts(opened(world))
    assert "/data in app-1 is mounted read-only" in broken.description
    assert "/srv/data" in broken.todo


def test_a_container_without_a_shell_is_named(opened: Opened) -> None:
    world = new_world()
    world.commands[(APPS[0], "mounts")] = (127, 'exec: "sh": not found')
    warned, _ = mounts(opened(world))
    assert warned.severity is Severity.WARNING and "app-1 is not checked" in warned.description


def test_read_only_mounts_secrets_and_configs_are_left_out(opened: Opened) -> None:
    ctx = opened(new_world())
    service = ctx.service(WORKER)
    others = (
        Mount(type="bind", source="/a", target="/a", read_only=True),
        Mount(type="bind", source="/b", target="/b", key="secrets.b"),
    )
    services = {WORKER: replace(service, mounts=(*service.mounts, *others)), REDIS: service}
    ctx.stack.services = services  # type: ignore[misc]
    assert writable_targets(ctx, WORKER) == {"/data": Use.APPLICATION}
    volume = Mount(type="volume", source="shop_data", target="/keep")
    services[REDIS] = replace(service, mounts=(*service.mounts, volume))
    assert writable_targets(ctx, REDIS) == {"/data": Use.UNKNOWN, "/keep": Use.DATA}


DF_OUTPUT = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
overlay          264000000 31000000  75000000      30% /
nas:/a share        100000    95000      5000      95% /var/my data
tmpfs                65536        0     65536       0% /dev/shm
proc                     0        0         0        - /proc
"""


def test_the_output_of_df_is_read_with_blanks_in_names() -> None:
    root, nas, memory = parse_df(DF_OUTPUT)
    assert (root.folder, round(root.share, 2)) == ("/", 0.29)
    assert (nas.device, nas.folder, nas.share) == ("nas:/a share", "/var/my data", 0.95)
    assert memory.is_in_memory and not root.is_in_memory


def test_a_nearly_full_disk_is_named_once(opened: Opened) -> None:
    world = new_world()
    full = (0, f"{DF}/dev/vdb 1000 990 10 99% /data\n")
    world.commands |= {(name, "df"): full for name in (*APPS, WORKER)}
    bytes_, inodes = disks(opened(world))
    assert bytes_.description.startswith("/data of app-1: 99.0% in use")
    assert "docker system df" in bytes_.todo and "`cosmicdeploy backup prune`" in bytes_.todo
    assert "of the inodes" in inodes.description


def test_a_full_disk_is_not_taken_for_another_of_its_size_that_is_not(opened: Opened) -> None:
    world = new_world()
    world.commands[(APPS[0], "df")] = (0, f"{DF}/dev/vda 10000 9460 540 95% /data\n")
    world.commands[(APPS[1], "df")] = (0, f"{DF}/dev/vdb 10000 9540 460 96% /data\n")
    full = [each for each in disks(opened(world)) if "GiB" in each.description]
    assert [each.severity for each in full] == [Severity.PROBLEM]
    assert full[0].description.startswith("/data of app-2: 95.4% in use")


def test_the_command_for_a_mount_quotes_its_folder(opened: Opened) -> None:
    world = new_world()
    world.commands[(APPS[1], "mounts")] = (0, "denied root /my data\n")
    broken, _ = mounts(opened(world))
    assert " www-data '/my data'`" in broken.todo


def test_a_file_system_in_memory_belongs_to_its_container(opened: Opened) -> None:
    world = new_world()
    full = (0, f"{DF}tmpfs 1000 990 10 99% /run\n")
    world.commands |= {(name, "df"): full for name in APPS}
    found = [each for each in disks(opened(world)) if "GiB" in each.description]
    assert [each.description.partition(":")[0] for each in found] == [
        "/run of app-1",
        "/run of app-2",
    ]
    assert "raise its size" in found[0].todo


def test_mounts_that_are_declared_read_only_are_not_measured(opened: Opened) -> None:
    world = new_world()
    ctx = opened(world)
    mount = Mount(type="bind", source="/srv/data", target="/data", read_only=True)
    services = {n: replace(each, mounts=(mount,)) for n, each in ctx.stack.services.items()}
    ctx.stack.services = services  # type: ignore[misc]
    world.commands[(WORKER, "df /data")] = (0, f"{DF}/dev/vdb 1000 990 10 99% /data\n")
    [fine] = disks(ctx)
    assert fine.severity is Severity.OK


def test_the_limit_is_a_setting(opened: Opened) -> None:
    ctx = opened(new_world())
    [fine] = disks(ctx)
    assert fine.severity is Severity.OK
    settings = ctx.settings.model_copy(
        update={"diagnose": ctx.settings.diagnose.model_copy(update={"disk": 0.01})}
    )
    ctx = replace(ctx, loaded=replace(ctx.loaded, settings=settings))
    assert all(each.severity is Severity.PROBLEM for each in disks(ctx))


def test_a_clock_that_is_off_is_a_problem_in_both_directions() -> None:
    assert judge("db", 4.0, 0.0).severity is Severity.OK
    assert judge("db", -90.0, 0.1).description == "the clock of db is 90 s behind this machine's"
    assert "ahead of" in judge("db", 90.0, 0.1).description
    assert judge("db", 90.0, 88.0).severity is Severity.OK, "the answer took three minutes"


def test_a_clock_is_measured_in_the_middle_of_its_answer() -> None:
    ahead, uncertainty = measure(lambda: time.time() + 60)
    assert abs(ahead - 60) <= uncertainty + 0.1


def test_without_a_database_any_container_shows_the_clock(opened: Opened) -> None:
    world = new_world()
    world.clock_ahead = -600
    [finding] = clock(opened(world))
    assert finding.severity is Severity.PROBLEM and "10 min behind" in finding.description


@pytest.mark.parametrize("text", ["", "no such file\n", "inf", "9" * 400])
def test_an_image_without_date_is_no_problem(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The images of Redis exporters and of many programs in Go hold one program alone."""
    read, world = clock_module._time_in, new_world()
    ctx = opened(world)
    monkeypatch.setattr(clock_module, "_time_in", read)
    answers = dict.fromkeys(world.containers, text)

    def answer(container_id: str, *_: object, **__: object) -> ExecResult:
        return ExecResult(exit_code=0, stdout=answers[container_id].encode())

    monkeypatch.setattr(world, "exec", answer)
    [finding] = clock(ctx)
    assert finding.severity is Severity.WARNING
    assert finding.description.startswith("not compared in redis, ")
    assert "`date` is missing there" in finding.description
    answers[WORKER] = f"{int(time.time())}\n"
    [finding] = clock(ctx)
    assert finding.description == "worker and this machine agree within 5 s"
