"""Explain why no engine answers at a socket, at a host, or through an ssh server.

`causes` are the exceptions of a failed connection. `of_ssh` and `of_answer` always explain; the
other functions return None for causes that they do not know.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

import requests
from docker.errors import APIError

from cosmicdeploy.engine.unreachable.causes import Explanation, has, says
from cosmicdeploy.engine.unreachable.tls import of_tls

START_OR_SET = "start it (systemctl start docker), or set DOCKER_HOST"


def of_socket(causes: Sequence[BaseException], _address: str) -> Explanation | None:
    if has(causes, PermissionError) or says(causes, "Permission denied"):
        return Explanation(
            "No permission to talk to the Docker Engine",
            "run as root, or as a member of the docker group",
        )
    if has(causes, FileNotFoundError):
        return Explanation("No Docker Engine answers: the socket does not exist", START_OR_SET)
    if has(causes, ConnectionRefusedError):
        return Explanation("The Docker Engine at this socket has ended", START_OR_SET)
    return None


def of_network(causes: Sequence[BaseException], address: str) -> Explanation | None:
    return of_tls(causes) or of_host(causes, urlsplit(address).hostname or address)


def of_host(causes: Sequence[BaseException], host: str) -> Explanation | None:
    if has(causes, socket.gaierror):
        return Explanation(
            f"The host {host} of the Docker Engine is unknown",
            f"check the name: `getent hosts {host}` must find it",
        )
    if has(causes, ConnectionRefusedError) or says(causes, "Unable to connect to port"):
        return Explanation(
            f"The host {host} refuses the connection: nothing listens at this port",
            "check the port, and whether the Docker Engine on that host is running",
        )
    if has(causes, requests.Timeout) or has(causes, TimeoutError):
        return Explanation(
            f"The host {host} does not answer", "check the address, the network and its firewall"
        )
    if says(causes, "No route to host", "Network is unreachable"):
        return Explanation(f"There is no route to the host {host}", "check the network")
    return None


def of_ssh(causes: Sequence[BaseException], address: str) -> Explanation | None:
    parts = urlsplit(address)
    host = parts.hostname or address
    login = f"ssh -p {parts.port or 22} {parts.username + '@' if parts.username else ''}{host}"
    if says(causes, "Install paramiko"):
        return Explanation(
            "An engine at ssh:// needs the package paramiko",
            "install it where cosmicdeploy is: `pip install paramiko`, or"
            " `pipx inject cosmicdeploy paramiko`",
        )
    if says(causes, "not found in known_hosts", "Host key for server"):
        return Explanation(
            f"known_hosts has no key of the ssh server {host}, or a different key",
            f"compare the key's fingerprint, then accept the key with `{login}`",
        )
    if says(causes, "Authentication failed", "No authentication methods", "Private key file"):
        return Explanation(
            f"The ssh server {host} refuses the login",
            f"`{login} docker version` must work without asking for a password",
        )
    return of_host(causes, host) or Explanation(
        f"No Docker Engine answers through the ssh server {host}: {causes[-1]}",
        f"`{login} docker version` must work without asking for a password",
    )


def of_answer(causes: Sequence[BaseException]) -> Explanation:
    """Explain an engine's refusal, an answer that is not an engine's, or any other cause."""
    refused = next((cause for cause in causes if isinstance(cause, APIError)), None)
    if refused is not None:
        reason = str(refused.explanation or refused).strip()
        return Explanation(
            f"The Docker Engine refuses to tell its version: {reason}",
            "check DOCKER_HOST: a proxy in front of the engine must allow the engine's whole API",
        )
    # "ApiVersion": the SDK found no such key in the answer, which was JSON of another program.
    if has(causes, requests.JSONDecodeError) or says(causes, "ApiVersion", "BadStatusLine"):
        return Explanation(
            "What answers is not a Docker Engine",
            "check DOCKER_HOST: another program has this address",
        )
    return Explanation(f"No Docker Engine answers: {causes[-1]}", START_OR_SET)
