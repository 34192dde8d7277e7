"""What the engine says about a failed pull becomes an error that says what to do."""

from __future__ import annotations

import pytest

from cosmicdeploy.engine.registry.login import Login
from cosmicdeploy.engine.registry.problems import pull_failed
from cosmicdeploy.engine.registry.progress import PullProgress

pytestmark = pytest.mark.unit

# The engine's words, and a part of what the operator reads.
SAID = [
    ("manifest for h:5/a:1 not found: manifest unknown: manifest unknown", "h:5 has no h:5/a:1"),
    ('Head "http://h:5/v2/a/manifests/1": no basic auth credentials', "docker login h:5"),
    ("unauthorized: authentication required", "docker login h:5"),
    (
        "pull access denied for a, repository does not exist or may require 'docker login':"
        " denied: requested access to the resource is denied",
        "wants other credentials, or has no such repository",
    ),
    ("toomanyrequests: You have reached your pull rate limit", "its rate limit is reached"),
    ("no matching manifest for linux/amd64 in the manifest list entries", "requested platform"),
    ('Get "http://h:5/v2/": dial tcp 127.0.0.1:5: connect: connection refused', "does not answer"),
    ('Get "https://h:5/v2/": dial tcp: lookup h on 10.0.0.1:53: no such host', "does not answer"),
    ('Get "https://h:5/v2/": net/http: request canceled (Client.Timeout exceeded)', "not answer"),
    ("error parsing HTTP 503 response body: … Service Unavailable", "does not answer"),
    ('Get "https://h:5/v2/": http: server gave HTTP response to HTTPS client', "daemon.json"),
    ("x509: certificate signed by unknown authority", "certs.d/h:5/ca.crt"),
    ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "no space left"),
    ("invalid reference format: repository name must be lowercase", "not the name of an image"),
    ("filesystem layer verification failed for digest sha256:1", "h:5/a:1 cannot be pulled"),
]


@pytest.mark.parametrize(("reason", "expected"), SAID)
def test_the_engines_words_are_explained(reason: str, expected: str) -> None:
    login = Login(host="h:5", headers={}, source="no credentials: /c has none for h:5")
    error = pull_failed("h:5/a:1", login, reason)
    assert expected in str(error)
    assert error.details == (f"the engine says: {reason}", f"sent: {login.source}")


def test_words_in_the_image_s_name_mean_nothing() -> None:
    login = Login(host="h", headers={}, source="")
    for name in ("h/denied/x509:eof", "h/forbidden:1"):
        reason = f'Get "https://h/v2/{name}/": connection refused while pulling {name}'
        assert "does not answer" in pull_failed(name, login, reason).what


def test_progress_adds_up_the_layers() -> None:
    progress = PullProgress("a:1")
    assert progress.add({"status": "Pulling from a", "id": "1"}) == "a:1: asking the registry"
    for layer, current in (("x", 1_000_000), ("y", 500_000)):
        detail = {"current": current, "total": 2_000_000}
        line = progress.add({"status": "Downloading", "id": layer, "progressDetail": detail})
    assert line == "a:1: 1.5 of 4.0 MB pulled"
    progress.add({"status": "Download complete", "id": "x"})
    assert progress.add({"status": "Pull complete", "id": "y"}) == "a:1: 4.0 of 4.0 MB pulled"
    assert "unpacking" in progress.add({"status": "Extracting", "id": "y", "progressDetail": {}})
