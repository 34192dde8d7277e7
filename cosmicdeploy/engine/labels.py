"""Names of container and image labels: those of Compose, and cosmicdeploy's own.

cosmicdeploy sets Compose's labels too, so that Compose's commands keep working.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONEOFF = "com.docker.compose.oneoff"
CONFIG_HASH = "com.docker.compose.config-hash"
VERSION = "com.docker.compose.version"
WORKING_DIR = "com.docker.compose.project.working_dir"
CONFIG_FILES = "com.docker.compose.project.config_files"
ENVIRONMENT_FILE = "com.docker.compose.project.environment_file"
IMAGE = "com.docker.compose.image"
NETWORK = "com.docker.compose.network"
VOLUME = "com.docker.compose.volume"

# On a container: the declared keys that the engine may also set or drop by itself
# (`declared_engine_keys` in `containers/differences.py`).
DECLARED_ENGINE_KEYS = "cosmicdeploy.given"
# On a container of a pulled image: the container's release, which the image often does not name.
RELEASE = "cosmicdeploy.release"
# On a container: its application's port, and the file that makes its health check fail while the
# file exists (`containers/creation/drain_check.py`).
DRAIN_CHECK = "cosmicdeploy.drain-check"
# On an image: the digest of the Dockerfile, files and options that it was built from.
CONTEXT = "cosmicdeploy.context"
# On a container that cosmicdeploy created for its own purpose. The value names the purpose: a lock,
# a one-off command (`RUN`), a trial of a new image, a trial of its stop signal, or reading the
# files of an image.
MARKER = "cosmicdeploy.marker"
RUN = "run"
TRIAL = "trial"
STOP_TRIAL = "stop-trial"
FILES = "files"
# Labels with these prefixes do not belong to a container's definition.
PREFIXES = ("com.docker.compose.", "cosmicdeploy.")


def number_of(labels: Mapping[str, str]) -> int:
    """Return a container's number within its service; 0 if the labels have none."""
    number = labels.get(NUMBER, "")
    return int(number) if number.isdecimal() else 0


def one_off(project: str, service: str, marker: str) -> dict[str, str]:
    """Return the labels of a one-off container of a service.

    With these labels neither Compose nor a rollout mistakes the container for one of the service's
    own containers. `marker` is the container's purpose, such as `RUN`; if this run is killed, a
    later run finds the container by this label.
    """
    return {
        PROJECT: project,
        SERVICE: service,
        ONEOFF: "True",
        NUMBER: "1",
        CONFIG_HASH: "",
        VERSION: COMPOSE_VERSION,
        MARKER: marker,
    }


def normalized_project(project: str) -> str:
    """Return a project's name without the characters that some versions of Compose strip."""
    return re.sub(r"[^a-z0-9]", "", project.lower())


def kept_repository(project: str) -> str:
    """Return the repository of the images kept for rollbacks. Each tag is the image's short id."""
    return f"cosmicdeploy/{project}"


# The version of Compose that these labels follow. Compose 1.29 refuses containers without a
# version.
COMPOSE_VERSION = "2.26.1"
