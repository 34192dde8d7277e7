"""The credentials for a registry, from the docker configuration and its credential helpers."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient, auth
from docker.errors import DockerException
from docker.utils import config, parse_repository_tag

from cosmicdeploy.errors import PullFailed
from cosmicdeploy.process.signals import interruptible

HUB = "docker.io"


@dataclass(frozen=True, kw_only=True)
class Login:
    """The credentials in the docker configuration for the registry of an image.

    `host` is the registry; "docker.io" for an image name without a registry. `headers` carry the
    credentials, and are empty without credentials. `source` says for error messages where the
    credentials come from, or why none were found.
    """

    host: str
    headers: dict[str, bytes]
    source: str

    @property
    def command(self) -> str:
        """The command with which an operator stores credentials for this registry."""
        return "docker login" if self.host == HUB else f"docker login {self.host}"


def login_for(api: APIClient, reference: str) -> Login:
    """Return the credentials for the registry of an image.

    Each call reads the configuration again, since an operator may log in while a run waits. Raises
    `PullFailed` for an invalid image name, for malformed credentials, and if a credential helper (a
    program that stores passwords, named in the configuration) fails. Without readable configuration
    there are no credentials.
    """
    try:
        host, _ = auth.resolve_repository_name(parse_repository_tag(reference)[0])
    except DockerException as error:
        raise PullFailed(
            f"{reference} is not the name of an image: {error}",
            where=reference,
            todo="correct `image:`",
        ) from error
    path = Path(
        str(config.find_config_file() or config.config_path_from_environment() or _default())
    )
    try:
        with interruptible(), warnings.catch_warnings():  # a helper may ask over the network
            warnings.simplefilter("ignore")  # the error below reports a missing helper
            credentials = auth.load_config().resolve_authconfig(host)
            header = auth.encode_header(credentials) if credentials else b""
    except (DockerException, OSError, ValueError) as error:
        raise PullFailed(
            f"The credentials for {host} cannot be read: {error}",
            where=str(path),
            todo=f"repair the file or the credential helper that it names, then test it with"
            f" `docker pull {reference}`",
        ) from error
    headers = {"X-Registry-Auth": header} if header else {}
    return Login(host=host, headers=headers, source=_source(path, host, found=bool(header)))


def _source(path: Path, host: str, *, found: bool) -> str:
    if found:
        return f"the credentials for {host} in {path}"
    try:
        json.loads(path.read_text())
    except FileNotFoundError:
        return f"no credentials: there is no {path}"
    except (OSError, ValueError) as error:
        return f"no credentials: {path} cannot be read ({error})"
    return f"no credentials: {path} has none for {host}"


def _default() -> str:
    return str(Path(config.home_dir()) / config.DOCKER_CONFIG_FILENAME)
