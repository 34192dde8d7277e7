"""Explain why no engine answers: the cause, the address, and what to do about it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from docker.errors import APIError, DockerException, TLSParameterError
from docker.utils import parse_host

from cosmicdeploy.errors import EngineUnavailable

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
START_OR_SET = "start it (systemctl start docker), or set DOCKER_HOST"
# The folder of the certificates if DOCKER_CERT_PATH is not set.
CERTIFICATES = "~/.docker"


class Explanation(NamedTuple):
    what: str
    todo: str


def require_address(address: str, setting: str) -> None:
    """Raise `EngineUnavailable` unless the address has a form that the SDK can connect to.

    `setting` is where the address stands: "DOCKER_HOST".
    """
    try:
        parse_host(address)
    except (DockerException, ValueError) as error:  # ValueError for a port
        form = "unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"
        raise EngineUnavailable(
            f"{setting} is not the address of an engine",
            where=without_password(address),
            todo=f"write it as unix://{address}" if address.startswith("/") else f"write {form}",
        ) from error


def without_password(address: str) -> str:
    """Return the address with *** in place of a password."""
    before, at, host = address.rpartition("@")
    user, colon, _ = before.rpartition("//")[2].partition(":")
    if not (at and colon):
        return address
    return f"{before[: len(before) - len(before.rpartition('//')[2])]}{user}:***@{host}"


def unavailable(error: BaseException, address: str) -> EngineUnavailable:
    """Return what an error of connecting to `address` means for the operator."""
    causes = list(_causes(error))
    scheme = urlsplit(address).scheme
    explain = {"unix": _of_socket, "ssh": _of_ssh}.get(scheme, _of_network)
    what, todo = explain(causes, address) or _of_answer(causes)
    return EngineUnavailable(what, where=without_password(address), todo=todo)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it wraps: requests and urllib3 keep them as arguments."""
    seen: list[BaseException] = []
    rest = [error]
    while rest:
        current = rest.pop(0)
        if current in seen:
            continue
        seen.append(current)
        yield current
        wrapped = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        rest += [each for each in (*wrapped, *current.args) if isinstance(each, BaseException)]


def _has(causes: Sequence[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


def _says(causes: Sequence[BaseException], *texts: str) -> bool:
    told = " ".join(map(str, causes)).lower()
    return any(text.lower() in told for text in texts)


def _of_socket(causes: Sequence[BaseException], _address: str) -> Explanation | None:
    if _has(causes, PermissionError) or _says(causes, "Permission denied"):
        return Explanation(
            "No permission to talk to the Docker Engine",
            "run as root, or as a member of the docker group",
        )
    if _has(causes, FileNotFoundError):
        return Explanation("No Docker Engine answers: the socket does not exist", START_OR_SET)
    if _has(causes, ConnectionRefusedError):
        return Explanation("No Docker Engine answers at the socket: it has ended", START_OR_SET)
    return None


def _of_network(causes: Sequence[BaseException], address: str) -> Explanation | None:
    return _of_tls(causes) or _of_host(causes, urlsplit(address).hostname or address)


def _of_host(causes: Sequence[BaseException], host: str) -> Explanation | None:
    if _has(causes, socket.gaierror):
        return Explanation(
            f"The host {host} of the Docker Engine is unknown",
            f"check the name: `getent hosts {host}` must find it",
        )
    if _has(causes, ConnectionRefusedError) or _says(causes, "Unable to connect to port"):
        return Explanation(
            f"The host {host} refuses the connection: nothing listens at this port",
            "check the port, and whether the engine is started with this --host",
        )
    if _has(causes, requests.Timeout) or _has(causes, TimeoutError):
        return Explanation(
            f"The host {host} does not answer", "check the address, the network and its firewall"
        )
    if _says(causes, "No route to host", "Network is unreachable"):
        return Explanation(f"There is no route to the host {host}", "check the network")
    return None


def _of_tls(causes: Sequence[BaseException]) -> Explanation | None:
    folder = os.environ.get("DOCKER_CERT_PATH") or CERTIFICATES
    if _has(causes, TLSParameterError):
        return Explanation(
            f"TLS is on, but {folder} lacks ca.pem, cert.pem or key.pem",
            "put them there or set DOCKER_CERT_PATH; or unset DOCKER_TLS_VERIFY and"
            " DOCKER_CERT_PATH",
        )
    if _has(causes, ssl.SSLCertVerificationError):
        reason = next(c for c in causes if isinstance(c, ssl.SSLCertVerificationError))
        return Explanation(
            f"The engine's certificate is not trusted: {reason.verify_message}",
            f"put the authority that signed it into {folder}/ca.pem",
        )
    if _says(causes, "certificate required", "bad certificate", "unknown ca"):
        return Explanation(
            "The engine does not accept this client's certificate",
            f"put one that it trusts into {folder} (cert.pem, key.pem)",
        )
    if _has(causes, ssl.SSLError):
        return Explanation(
            "The engine does not answer in TLS",
            "check the port (2376 is usual for TLS), or unset DOCKER_TLS_VERIFY and"
            " DOCKER_CERT_PATH",
        )
    if _says(causes, "HTTP request to an HTTPS server"):
        return Explanation(
            "The engine expects TLS",
            "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and"
            " key.pem",
        )
    return None


def _of_ssh(causes: Sequence[BaseException], address: str) -> Explanation | None:
    parts = urlsplit(address)
    host = parts.hostname or address
    login = f"ssh -p {parts.port or 22} {parts.username + '@' if parts.username else ''}{host}"
    if _says(causes, "Install paramiko"):
        return Explanation(
            "An engine at ssh:// needs the package paramiko",
            "install it where cosmicdeploy is: `pip install paramiko`, or"
            " `pipx inject cosmicdeploy paramiko`",
        )
    if _says(causes, "not found in known_hosts", "Host key for server"):
        return Explanation(
            f"The key of the ssh server {host} is unknown, or not the one in known_hosts",
            f"compare its fingerprint, and accept it with `{login}`",
        )
    if _says(causes, "Authentication failed", "No authentication methods", "Private key file"):
        return Explanation(
            f"The ssh server {host} refuses the login",
            f"`{login} docker version` must work without asking for a password",
        )
    return _of_host(causes, host) or Explanation(
        f"No Docker Engine answers through the ssh server {host}: {causes[-1]}",
        f"`{login} docker version` must work without asking for a password",
    )


def _of_answer(causes: Sequence[BaseException]) -> Explanation:
    """Return the explanation where something answers, or the cause is unknown."""
    refused = next((cause for cause in causes if isinstance(cause, APIError)), None)
    if refused is not None:
        reason = str(refused.explanation or refused).strip()
        return Explanation(
            f"The Docker Engine refuses to tell its version: {reason}",
            "check DOCKER_HOST: a proxy in front of the engine must allow all of its API",
        )
    if _has(causes, requests.JSONDecodeError) or _says(causes, "ApiVersion", "BadStatusLine"):
        return Explanation(
            "What answers is not a Docker Engine",
            "check DOCKER_HOST: another program has this address",
        )
    return Explanation(f"No Docker Engine answers: {causes[-1]}", START_OR_SET)
