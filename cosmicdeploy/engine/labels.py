"""Names of labels: Compose's, so that Compose's commands keep working, and cosmicdeploy's own."""

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

# On a container: the keys that its definition sets, of those whose default the engine chooses.
DECLARED_ENGINE_KEYS = "cosmicdeploy.given"
# On a container: its release, if the image does not say.
RELEASE = "cosmicdeploy.release"
# On an image: the digest of what it was built from.
CONTEXT = "cosmicdeploy.context"
# On a container of cosmicdeploy that belongs to no service: a lock, a one-off command, a trial, or
# one for the files of an image.
MARKER = "cosmicdeploy.marker"
RUN = "run"
TRIAL = "trial"
FILES = "files"
# Beginnings of labels that do not belong to a container's definition.
PREFIXES = ("com.docker.compose.", "cosmicdeploy.")


def number_of(labels: Mapping[str, str]) -> int:
    """Return the number of a container among those of its service; 0 if it has none."""
    number = labels.get(NUMBER, "")
    return int(number) if number.isdecimal() else 0


def one_off(project: str, service: str, marker: str) -> dict[str, str]:
    """Return the labels of a container that runs beside those of a service, and is removed soon.

    Neither Compose nor a rollout counts it as one of the service's. By `marker` a later run finds
    it, should this one be killed.
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
    """Return the repository of the images kept for rollbacks; each tag is the image's short id."""
    return f"cosmicdeploy/{project}"


# The version of Compose whose labels these are; Compose 1.29 refuses containers without a version.
COMPOSE_VERSION = "2.26.1"
