"""Who takes part, by key."""

from __future__ import annotations

from pathlib import Path

from benchmarks.deploy.ansible import ansible_playbook
from benchmarks.deploy.measure import Contestant
from benchmarks.deploy.stack import COSMICDEPLOY, ROOT, Stack

HERE = Path(__file__).parent
TITLES = {
    "a": "the guide, docker-compose 1.29.2",
    "b": "`up -d --no-deps`, one by one",
    "c": "Ansible, community.docker",
    "d": "Docker Swarm",
    "e": "cosmicdeploy",
}
OURS = "e"
# How they were set up, for whoever reads the table.
SETTINGS = {
    "a": "steps 1 to 6 of the guide as written, its sleeps included",
    "b": "the same, with `up -d --no-deps` in place of `restart`",
    "c": "the same steps and pauses as a playbook; docker_compose_v2 recreates the services",
    "d": "the same steps; one service of three replicas, parallelism 1, no delay, monitor 5 s,"
    " by default start-first, dnsrr, nginx resolves every second; on an engine of its own",
    "e": "the shipped settings; the watch after the deploy is off, as nobody else watches",
}


def contestant(key: str, stack: Stack) -> Contestant:
    """The one with this key. Raises where its tool cannot be had."""
    argv, environ = {"a": _guide, "b": _one_by_one, "c": _ansible, "d": _swarm, "e": _ours}[key](
        stack
    )
    return Contestant(key=key, title=TITLES[key], stack=stack, argv=argv, environ=environ)


Command = tuple[list[str], dict[str, str]]


def _guide(_stack: Stack) -> Command:
    return ["bash", str(HERE / "guide.sh")], {"REPLACE": "restart"}


def _one_by_one(_stack: Stack) -> Command:
    return ["bash", str(HERE / "guide.sh")], {"REPLACE": "up -d --no-deps"}


def _ansible(stack: Stack) -> Command:
    program, interpreter = ansible_playbook()
    known = stack.variables
    environ = {
        "STACK_FOLDER": str(stack.folder),
        "DOCKER_CONFIG": str(ROOT / ".cache" / "docker-config"),  # there is Compose v2
        "ANSIBLE_LOCALHOST_WARNING": "false",
        **{name: known[name] for name in ("STACK_SUFFIX", "DB_ROOT_PASSWORD", "PYTHON_IMAGE")},
    }
    inventory = ["-i", "localhost,", "-e", f"ansible_python_interpreter={interpreter}"]
    return [program, *inventory, str(HERE / "playbook.yaml")], environ


def _swarm(stack: Stack) -> Command:
    return ["bash", str(HERE / "swarm.sh")], {}


def _ours(_stack: Stack) -> Command:
    return [COSMICDEPLOY, "deploy", "--json"], {}
