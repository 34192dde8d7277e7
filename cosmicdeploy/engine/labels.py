"""Label names: those of Compose, so that its commands go on working, and our own."""

from __future__ import annotations

import re

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

# Which of the keys whose default is the engine's own the container was made with.
GIVEN = "cosmicdeploy.given"
# On an image: what it was built from. Each label is a step of the build of its own.
CONTEXT = "cosmicdeploy.context"
# On a container of ours that is no service's: a lock, the run of one command, or a trial.
MARKER = "cosmicdeploy.marker"
RUN = "run"
TRIAL = "trial"
# Labels that say who made a container, and not what it is.
PREFIXES = ("com.docker.compose.", "cosmicdeploy.")


def normalized_project(project: str) -> str:
    """A project's name without what versions of Compose strip from it, each otherwise."""
    return re.sub(r"[^a-z0-9]", "", project.lower())


def kept_repository(project: str) -> str:
    """Images under this name are kept for a rollback; the tag is the image's short id."""
    return f"cosmicdeploy/{project}"


# The Compose version whose label layout we follow; 1.29 refuses containers without one.
COMPOSE_VERSION = "2.26.1"
