"""No input ends in "Unexpected …", and none makes a command wait for ever."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cosmicdeploy.errors import to_cosmic_error
from cosmicdeploy.files import bounds
from cosmicdeploy.files.bounds import read_bounded
from tests.unit.shop import COMPOSE, call

pytestmark = pytest.mark.unit

FULL = Path("/dev/full")


def spawn(
    folder: Path,
    *words: str,
    stdout: object = subprocess.PIPE,
    prepare: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a subprocess; `prepare` runs in it first."""
    return subprocess.run(
        [sys.executable, "-m", "cosmicdeploy", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=prepare,
    )


# Name → content of a file.
CONTENTS: dict[str, bytes] = {
    "NUL": b"a: \x00\n",
    "NUL in quotes": b'a: "\\0"\n',
    "half a surrogate pair": b'a: "\\ud800"\n',
    "not UTF-8": b"\xff\xfe\xff",
    "deep list": b"a: " + b"[" * 5000,
    "deep variable": b"a: '" + b"${A:-" * 300 + b"}" * 300 + b"'\n",
    "huge integer": b"a: " + b"9" * 5000,
    "infinite number": b"a: 1.0e999\n",
    "foreign tag": b"a: !!python/object:os.system x\n",
    "mistagged number": b"a: !!int x\n",
}
WITH_FILES = COMPOSE.replace(
    "{image: shop/web}", "{image: shop/web, env_file: [web.env], label_file: [web.labels]}"
)
FILES = ("cosmicdeploy.yaml", "compose.yml", ".env", "web.env", "web.labels")


@pytest.fixture
def stack(folder: Path) -> Path:
    """A stack that reads every kind of file that an operator writes."""
    (folder / "compose.yml").write_text(WITH_FILES)
    for name in ("web.env", "web.labels"):
        (folder / name).write_text("")
    return folder


def require_one_clear_line(words: Sequence[str]) -> str:
    done = call(*words)
    assert isinstance(done.exception, SystemExit | None), repr(done.exception)
    assert "Unexpected" not in done.stderr and "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_with_hostile_content_is_one_clear_line(
    stack: Path, name: str, content: bytes
) -> None:
    """Some of these are valid in some of the files; then the missing engine is the error."""
    (stack / name).write_bytes(content)
    assert require_one_clear_line(["deploy", "--plan"]).startswith("error: ")


@pytest.mark.parametrize("name", [*FILES, "playbooks/deploy.yaml"])
def test_an_endless_file_is_one_clear_line(stack: Path, name: str) -> None:
    (stack / name).parent.mkdir(exist_ok=True)
    (stack / name).unlink(missing_ok=True)
    (stack / name).symlink_to("/dev/zero")
    require_one_clear_line(["playbook", "list"])
    require_one_clear_line(["deploy", "--plan"])


@pytest.mark.parametrize("name", ["cosmicdeploy.yaml", ".env", "web.env"])
def test_a_pipe_without_a_writer_is_one_clear_line(
    stack: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "PIPE_SECONDS", 0.1)
    (stack / name).unlink(missing_ok=True)
    os.mkfifo(stack / name)
    assert "no program writes to this pipe" in require_one_clear_line(["deploy", "--plan"])


def test_a_pipe_with_a_writer_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", "(echo A=1; sleep 0.2; echo B=2) > pipe"], cwd=tmp_path):
        assert read_bounded(tmp_path / "pipe") == b"A=1\nB=2\n"


def test_a_file_is_read_while_more_than_1024_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    high, hard = 1500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard <= high:
        pytest.skip("this machine allows fewer open files")
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * high), hard))
    (tmp_path / "a").write_text("A=1")

    def opened_high(path: str, flags: int) -> int:
        descriptor = os.open(path, flags)
        os.dup2(descriptor, high)
        os.close(descriptor)
        return high

    monkeypatch.setattr(bounds, "_without_waiting", opened_high)
    assert read_bounded(tmp_path / "a") == b"A=1"
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_character_that_yaml_does_not_allow_is_named(stack: Path) -> None:
    (stack / "compose.yml").write_bytes(b"a: \x00\n")
    assert "remove the character U+0000" in call("deploy").stderr


def test_a_folder_called_like_the_settings_does_not_lead_to_another_stack(folder: Path) -> None:
    (folder / "inner" / "cosmicdeploy.yaml").mkdir(parents=True)
    os.chdir(folder / "inner")
    assert "cosmicdeploy.yaml cannot be read: Is a directory" in call("status").stderr


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize(
    "words", [["--help"], ["playbook", "list"], ["playbook", "list", "--json"]]
)
def test_a_full_standard_output_is_one_clear_line(folder: Path, words: list[str]) -> None:
    with FULL.open("w") as full:
        done = spawn(folder, *words, stdout=full)
    assert done.returncode == 1
    assert done.stderr == ("error: Standard output could not be written: No space left on device\n")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
def test_a_full_standard_output_does_not_hide_the_exit_code(folder: Path) -> None:
    (folder / "cosmicdeploy.yaml").write_text("services: [\n")
    with FULL.open("w") as full:
        done = spawn(folder, "status", "--json", stdout=full)
    assert done.returncode == 2 and "is not valid YAML" in done.stderr


def test_a_standard_output_that_cannot_be_written_to_is_one_clear_line(folder: Path) -> None:
    with Path("/dev/null").open() as read_only:
        done = spawn(folder, "playbook", "list", "--json", stdout=read_only)
    assert done.returncode == 1
    assert done.stderr == "error: Standard output could not be written: Bad file descriptor\n"


@pytest.mark.parametrize(
    "words", [["--help"], ["playbook", "list"], ["playbook", "list", "--json"]]
)
def test_a_reader_that_goes_away_is_no_error(folder: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = spawn(folder, *words, stdout=writer)
    os.close(writer)
    assert done.stderr == ""


def test_a_closed_standard_output_is_no_error(folder: Path) -> None:
    done = spawn(folder, "playbook", "list", prepare=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [["status"], ["deploy", "--plan"], ["verify", "--json"]])
def test_too_few_descriptors_are_one_clear_line(folder: Path, words: list[str]) -> None:
    done = spawn(
        folder, *words, prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    )
    assert done.returncode == 2
    assert "may open only 24 files" in done.stderr and "ulimit -n 1024" in done.stderr
    assert not done.stdout or json.loads(done.stdout)["exit_code"] == 2


def test_a_low_limit_of_descriptors_is_raised_where_it_may_be(folder: Path) -> None:
    done = spawn(
        folder, "status", prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 4096))
    )
    assert "No Docker Engine answers" in done.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(24, "Too many open files"), "Too many open files"),
        (OSError(24, "Too many open files", "/s/x"), "Too many open files"),
        (MemoryError(), "Cannot allocate memory"),
    ],
)
def test_an_error_of_the_machine_is_not_called_unexpected(error: Exception, words: str) -> None:
    converted = to_cosmic_error(error)
    assert words in converted.what and "Unexpected" not in converted.what
    assert "--verbose" not in converted.todo


@pytest.mark.parametrize(
    "words",
    [
        ["logs", "--since", "9999999d"],
        ["checklist", "--since", "9999999d"],
        ["monitor", "--since", "9" * 5000 + "d"],
        ["logs", "--since", "0001-01-01"],
        ["logs", "--tail", "9" * 30],
        ["logs", "--tail", "9" * 5000],
        ["deploy", "--config", "\ud800"],
        ["deploy", "--config", "/dev/zero"],
        ["deploy", "--config", "/dev/full"],
        ["playbook", "show", "/dev/zero.yaml"],
        ["playbook", "run", "\ud800"],
        ["verify", "--junit", "x" * 5000],
        ["init", "x" * 300],
        ["init", "new", "--project", "\udcff"],
        ["init", "new", "--suffix", "\udcff"],
        ["init", "\ud800"],
        ["rollback", "--to", "\ud800"],
        ["backup", "show", "\x1b[2J"],
        ["backup", "pin", "../../etc", "--reason", "\ud800"],
        ["features", "enable", "\ud800"],
        ["diagnose", "\ud800"],
        ["step", "\ud800"],
    ],
    ids=lambda words: " ".join(words)[:40].encode("ascii", "backslashreplace").decode(),
)
def test_hostile_words_are_one_clear_line(folder: Path, words: list[str]) -> None:
    require_one_clear_line(words)


@pytest.mark.parametrize("name", ["DOCKER_CONTEXT", "COMPOSE_PROJECT_NAME", "X"])
def test_a_variable_that_is_not_utf_8_is_one_clear_line(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "compose.yml").write_text(COMPOSE.replace("shop/web", "'${X:-shop/web}'"))
    if name == "DOCKER_CONTEXT":
        monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv(name, "\udcff")
    assert "No Docker Engine answers" not in require_one_clear_line(["status"])


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--project", "A_B!"], "is not a project name"),
        (["--project", "a\nb"], "is not a project name"),
        (["--suffix", "a b"], "cannot end a container's name"),
        (["--suffix", ""], "cannot end a container's name"),
        (["--port", "65536"], "is not a port"),
        (["--port", "-1"], "is not a port"),
        (["--port", "9" * 400], "is not a port"),
    ],
)
def test_init_refuses_a_stack_that_could_not_be_used(
    folder: Path, words: list[str], what: str
) -> None:
    done = call("init", "new", *words)
    assert done.exit_code == 2 and what in done.stderr
    assert not (folder / "new").exists()
