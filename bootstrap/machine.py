"""Read the settings of this machine that builds need: release, package mirror, pip's index."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

PASSWORD_IN_URL = re.compile(r"://[^/\s]*@")
CA_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Releases of Ubuntu. If this machine runs Debian, the machine's mirror may not have them.
UBUNTU_RELEASES = frozenset({"noble"})
# A Debian release that has no separate sources for updates.
ROLLING_RELEASE = "sid"


class MachineError(Exception):
    """This machine cannot build images or engines; the message has the reason and what to do."""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise MachineError(f"{command[0]} failed: {error}") from error


def codename() -> str:
    """Return the code name of this machine's distribution release, such as `bookworm`.

    Raises `MachineError` unless this is Debian or based on it.
    """
    facts = platform.freedesktop_os_release()
    family = {facts["ID"], *facts.get("ID_LIKE", "").split()}
    if "debian" not in family or not shutil.which("apt-get"):
        raise MachineError(
            "the build needs the packages of Debian or Ubuntu, and this machine runs neither: use a"
            " machine that does. Base images can also come from a registry that this machine"
            " reaches, or from `docker load`"
        )
    return facts["VERSION_CODENAME"]


def has_package_lists() -> bool:
    """Return whether apt has package lists; a new machine often has none."""
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def is_foreign(suite: str) -> bool:
    """Return whether a release is of another distribution than this machine's.

    Another distribution has its own mirror and keys.
    """
    return suite in UBUNTU_RELEASES and platform.freedesktop_os_release()["ID"] != "ubuntu"


def apt_sources(suite: str) -> str:
    """Return the package sources of the release `suite`, one per line, on this machine's mirror.

    Returns "" for a release of another distribution, since mmdebstrap knows that distribution's
    mirror. Raises `MachineError` if apt knows no source for this machine's own release, or if the
    URL of such a source contains a password.
    """
    release = codename()
    if is_foreign(suite):
        return ""
    lines = _output(
        "apt-get",
        "indextargets",
        "--format",
        "deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
        "Origin: " + platform.freedesktop_os_release()["NAME"].split()[0],
    ).splitlines()
    own = [line for line in lines if line.split()[2].split("-")[0] == release]
    if not own:
        raise MachineError(f"apt knows no package source for {release}: run apt-get update")
    if any(PASSWORD_IN_URL.search(line) for line in own):
        raise MachineError(
            "an apt source contains a password, which would become part of the images"
        )
    translated = (_of_suite(line, release, suite) for line in dict.fromkeys(own))
    return "".join(f"{line}\n" for line in translated if _exists(line.split()[2]))


def _of_suite(line: str, release: str, suite: str) -> str:
    kind, address, name, *components = line.split()
    return " ".join([kind, address, name.replace(release, suite, 1), *components])


def _exists(name: str) -> bool:
    """Return whether a source with this name exists: `sid-updates` and `sid-security` do not."""
    return name == ROLLING_RELEASE or not name.startswith(f"{ROLLING_RELEASE}-")


def apt_settings() -> str:
    """Return apt's settings for reaching its mirror (proxy, checks), without secrets."""
    relevant = re.compile(r"Acquire::(Check-|https?::)")
    lines = _output("apt-config", "dump", "Acquire").splitlines()
    kept = [line for line in lines if relevant.match(line) and not PASSWORD_IN_URL.search(line)]
    return "".join(f"{line}\n" for line in kept)


def package_version(name: str) -> str:
    """Return the version of a package that apt would install here, or "unknown"."""
    shown = _output("apt-cache", "show", "--no-all-versions", name)
    match = re.search(r"^Version: (?:\d+:)?(\S+)", shown, re.MULTILINE)
    return match.group(1) if match else "unknown"


def pip_conf() -> str:
    """Return a pip.conf with this machine's CA certificates and package index.

    An index with a password in its URL is left out.
    """
    lines = ["[global]"]
    if CA_CERTIFICATES.exists():
        lines.append(f"cert = {CA_CERTIFICATES}")
    settings = _output(sys.executable, "-m", "pip", "config", "list")
    index = re.search(r"^(?:global|:env:)\.index-url='(https?://\S+)'$", settings, re.MULTILINE)
    if index and not PASSWORD_IN_URL.search(index.group(1)):
        lines.append(f"index-url = {index.group(1)}")
    return "\n".join(lines) + "\n"
