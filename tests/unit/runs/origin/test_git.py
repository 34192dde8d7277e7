"""The commit in the stack's folder is read by git, which may be missing, broken or slow."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from cosmicdeploy.runs.origin import git
from cosmicdeploy.runs.origin.git import git_state
from cosmicdeploy.runs.origin.origin import origin_of

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


def run(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "stack"
    folder.mkdir()
    run(folder, "init")
    (folder / "compose.yml").write_text("services: {}\n")
    run(folder, "add", ".")
    run(folder, "commit", "-m", "first")
    return folder


@pytest.fixture
def environ() -> dict[str, str]:
    return dict(os.environ)


def test_a_clean_and_a_dirty_folder(repository: Path, environ: dict[str, str]) -> None:
    state = git_state(repository, environ)
    assert state is not None
    assert (len(state.commit), state.branch, state.dirty) == (40, "main", False)
    (repository / ".env").write_text("not tracked")
    assert git_state(repository, environ) == state
    (repository / "compose.yml").write_text("services: {web: {}}\n")
    changed = git_state(repository, environ)
    assert changed is not None and changed.dirty and changed.commit == state.commit


def test_a_detached_commit_has_the_branch_of_the_job(
    repository: Path, environ: dict[str, str]
) -> None:
    run(repository, "checkout", "--detach")
    detached = git_state(repository, environ)
    assert detached is not None and detached.branch == ""
    job = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": detached.commit, "GITHUB_REF_NAME": "main"}
    origin = origin_of(repository, {**environ, **job})
    assert origin.git is not None and origin.git.branch == "main"
    assert origin.host and origin.user and origin.ci is not None


def test_a_byte_that_is_not_utf_8_hides_no_origin(tmp_path: Path) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_JOB": "d\udcff"}
    origin = origin_of(tmp_path, environ)
    assert origin.ci is not None and origin.ci.job == r"d\udcff"


def test_the_repository_of_a_git_hook_is_not_meant(
    repository: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    hook = {**environ, "GIT_DIR": str(repository / ".git")}
    assert git_state(tmp_path, hook) is None


def test_without_a_commit_or_without_git_there_is_no_state(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    assert git_state(tmp_path, environ) is None
    assert git_state(tmp_path / "missing", environ) is None
    run(tmp_path, "init")
    assert git_state(tmp_path, environ) is None


def test_a_missing_program_is_no_error(
    repository: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert git_state(repository, {**environ, "PATH": "/nonexistent"}) is None


def test_a_program_that_hangs_is_given_up(
    repository: Path, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    path = f"{program.parent}:{environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(git, "TIMEOUT_SECONDS", 0.2)
    began = time.monotonic()
    assert git_state(repository, {**environ, "PATH": path}) is None
    assert time.monotonic() - began < 10
