"""The contestants: their titles, settings and commands, by key."""

from __future__ import annotations

from pathlib import Path

from benchmarks.deploy.measure import Contestant
from benchmarks.deploy.stack import PROGRAM, ROOT, Stack
from benchmarks.deploy.ways.ansible import ansible_playbook

HERE = Path(__file__).parent
TITLES = {
    "a": "the guide, docker-compose 1.29.2",
    "b": "`up -d --no-deps`, one by one",
    "c": "Ansible, community.docker",
    "d": "Docker Swarm",
    "e": "cosmicdeploy",
}
COSMICDEPLOY = "e"
# How each contestant is set up; printed above the table.
SETTINGS = {
    "a": "steps 1 to 6 of the guide as written, with its sleeps",
    "b": "the steps of the guide, with `up -d --no-deps` in place of `restart`",
    "c": "the steps and pauses of the guide as a playbook; docker_compose_v2 recreates services",
    "d": "the steps of the guide; one service of three replicas, parallelism 1, no delay,"
    " monitor 5 s, by default start-first, dnsrr, nginx resolves every second; on a second engine",
    "e": "the shipped settings, without the wait for the trial and the soak: the others have none",
}

# The arguments, and additional environment variables.
Command = tuple[list[str], dict[str, str]]


def create_contestant(key: str, stack: Stack) -> Contestant:
    """Create the contestant with this key. Raises `RuntimeError` if its tool does not install."""
    commands = {"a": _guide, "b": _one_by_one, "c": _ansible, "d": _swarm, "e": _cosmicdeploy}
    argv, environ = commands[key](stack)
    return Contestant(key=key, title=TITLES[key], stack=stack, argv=argv, environ=environ)


def _guide(_stack: Stack) -> Command:
    return ["bash", str(HERE / "guide.sh")], {"REPLACE": "restart"}


def _one_by_one(_stack: Stack) -> Command:
    return ["bash", str(HERE / "guide.sh")], {"REPLACE": "up -d --no-deps"}


def _ansible(stack: Stack) -> Command:
    program, interpreter = ansible_playbook()
    variables = stack.variables
    environ = {
        "STACK_FOLDER": str(stack.folder),
        "DOCKER_CONFIG": str(ROOT / ".cache" / "docker-config"),  # has the plugin for Compose v2
        "ANSIBLE_LOCALHOST_WARNING": "false",
        **{name: variables[name] for name in ("STACK_SUFFIX", "DB_ROOT_PASSWORD", "PYTHON_IMAGE")},
    }
    inventory = ["-i", "localhost,", "-e", f"ansible_python_interpreter={interpreter}"]
    return [program, *inventory, str(HERE / "playbook.yaml")], environ


def _swarm(stack: Stack) -> Command:
    return ["bash", str(HERE / "swarm.sh")], {}


def _cosmicdeploy(_stack: Stack) -> Command:
    return [PROGRAM, "deploy", "--json"], {}
