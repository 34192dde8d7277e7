"""A stack whose Dockerfile only BuildKit builds, without a `# syntax` line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.stack.stacks.one_app import OneApp, base_image

DOCKERFILE = """\
ARG PYTHON_TAG="3.11-slim-bookworm"
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE:-python:${PYTHON_TAG}} AS base
ARG TARGETARCH
ENV BUILT_FOR=${TARGETARCH}

# No other stage needs this stage, so it is not built. FROM base AS unused RUN exit 1

FROM base AS parts
RUN --mount=type=cache,target=/var/cache/parts date >>/var/cache/parts/builds && mkdir /parts

FROM base
ARG RELEASE
ENV RELEASE=${RELEASE}
COPY --from=parts /parts /srv/parts
COPY --chmod=750 server.py /server.py
COPY . /srv/context
CMD ["python3", "/server.py"]
"""
# What the frontend of engines before 23 does not know.
NEWER = """\
RUN <<SCRIPT
set -eu
echo "made here" >/srv/made.txt
SCRIPT
COPY --link <<TEXT /srv/release.txt
release ${RELEASE}
TEXT
"""


@dataclass(frozen=True)
class NeedsBuildKit(OneApp):
    """`Dockerfile.dockerignore` takes the place of `.dockerignore`; the base is a variable.

    `engine` is the engine's major version.
    """

    engine: int = field(default=23, kw_only=True)

    def files(self, release: str) -> dict[str, str]:
        files = super().files(release) | {
            "Dockerfile": DOCKERFILE + (NEWER if self.engine >= 23 else ""),
            "Dockerfile.dockerignore": "*\n!server.py\n",
            ".dockerignore": "server.py\n",
            "notes.txt": "no part of the image\n",
        }
        files[".env"] += f"PYTHON_IMAGE={base_image('PYTHON_IMAGE')}\n"
        return files

    def compose_file(self) -> dict[str, Any]:
        compose = super().compose_file()
        compose["services"]["app"]["build"]["args"]["PYTHON_IMAGE"] = None
        return compose

    def require(self) -> None:
        """Assert what the image has to hold."""
        shown = self.run_in_app("stat", "-c", "%a", "/server.py").split()
        assert shown == ["750"]
        assert self.run_in_app("ls", "-A", "/srv/context").split() == ["server.py"]
        assert self.run_in_app("ls", "-A", "/srv/parts") == ""
        assert self.run_in_app("sh", "-c", "echo $BUILT_FOR").strip() in ("amd64", "arm64")
        if self.engine >= 23:
            release = self.run_in_app("cat", "/srv/release.txt", "/srv/made.txt")
            assert release == f"release {self.answering_release()}\nmade here\n"
