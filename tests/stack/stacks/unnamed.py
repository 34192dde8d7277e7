"""A stack without `container_name`, started by docker-compose 1.29.2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from cosmicdeploy.stack.variables.environment import read_env_file
from tests.stack.stacks.databases import run, wait_for
from tests.stack.support.harness import IMAGES, ROOT, StackUnderTest
from tests.stack.support.processes.programs import run_program

FILE = "docker-compose.prod.yml"
SETTINGS = """\
services: {{app: [app], database: db, left_alone: [silent]}}
app: {{console: [sh, -c, "echo '| Yes | first | 1 |'"], health_path: /}}
database: {{name: notes}}
restart: {{stable_for: 0}}
project: {project}
"""


@dataclass(frozen=True)
class UnnamedStack(StackUnderTest):
    """`app` with a database; `mailer` and the one-shot `migrate` have no role in the settings, and
    `silent` is left alone."""

    @property
    def project(self) -> str:
        return self.folder.name

    def write(
        self,
        release: str = "1",
        command: str = '["python3", "/server.py"]',
        *,
        seconds: int = 600,
        migrate: str = "exit 0",
    ) -> None:
        """Write the files of the stack; each release gives another image.

        `seconds` are how long the mailer sleeps, and part of the migration's definition.
        """
        images = read_env_file(IMAGES)
        python = {"image": images["PYTHON_IMAGE"]}
        secret = {"MARIADB_ROOT_PASSWORD": "${DB_ROOT_PASSWORD}", "MARIADB_DATABASE": "notes"}
        done = {"migrate": {"condition": "service_completed_successfully"}}
        services = {
            "app": {"build": ".", "environment": {"NAME": "app"}, "depends_on": done},
            "db": {
                "image": images["MARIADB_IMAGE"],
                "environment": secret,
                "volumes": ["data:/var/lib/mysql"],
            },
            "mailer": python | {"command": ["sleep", f"{seconds}"], "stop_grace_period": "1s"},
            "silent": python | {"command": ["sleep", "600"], "stop_grace_period": "1s"},
            "migrate": python | {"command": ["sh", "-c", f"{migrate} # {seconds}"]},
        }
        compose = {"version": "3.8", "services": services, "volumes": {"data": {}}}
        (self.folder / FILE).write_text(yaml.safe_dump(compose))
        (self.folder / "cosmicdeploy.yaml").write_text(SETTINGS.format(project=self.project))
        (self.folder / ".env").write_text("DB_ROOT_PASSWORD=root\n")
        (self.folder / ".dockerignore").write_text("*\n!server.py\n")
        (self.folder / "server.py").write_text(
            (ROOT / "tests/stack/stacks/behind_nginx/small_server.py").read_text()
        )
        lines = [
            f"FROM {images['PYTHON_IMAGE']}",
            f"ENV APP_VERSION={release}",
            "COPY server.py /server.py",
            f"CMD {command}",
            "STOPSIGNAL SIGKILL",  # the server ignores other signals
        ]
        (self.folder / "Dockerfile").write_text("\n".join(lines) + "\n")

    @property
    def compose_options(self) -> Sequence[str]:
        return ("-p", self.project, "-f", FILE)

    def compose(self, *words: str, program: str = "docker-compose", **environ: str) -> str:
        """Run docker-compose 1.29.2 on the stack; return its output."""
        return super().compose(*words, program=program, **environ)

    def docker(self, *words: str) -> str:
        return run_program(["docker", *words], self.folder)

    def container_ids(self) -> dict[str, str]:
        """Return the ids of all containers of the project by name."""
        label = f"label=com.docker.compose.project={self.project}"
        shown = self.docker(
            "ps", "-a", "--no-trunc", "--filter", label, "--format", "{{.Names}} {{.ID}}"
        )
        return dict(line.split() for line in shown.splitlines())


@contextmanager
def unnamed_stack(folder: Path) -> Iterator[UnnamedStack]:
    """Run the stack with a table in its database; remove it with its images at the end."""
    stack = UnnamedStack(folder)
    folder.mkdir()
    stack.write()
    try:
        stack.compose("up", "-d", "--build")
        access = stack.open().database()
        wait_for(access)
        run(access, "CREATE TABLE notes (id INT PRIMARY KEY)", schema="notes")
        yield stack
    finally:
        ctx = stack.open()
        ctx.engine.remove_project(ctx.stack.project)
        for separator in "_-":
            ctx.engine.untag(f"{stack.project}{separator}app:latest")
