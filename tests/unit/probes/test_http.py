"""A single request: when certificates are loaded, refused connections, and Retry-After."""

from __future__ import annotations

import pytest

from cosmicdeploy.probes import http
from tests.unit.servers import serving

pytestmark = pytest.mark.unit


class CertificatesLoaded(Exception):
    """Raised instead of loading the system's certificate authorities."""


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    def tls_context() -> None:
        raise CertificatesLoaded

    monkeypatch.setattr(http, "tls_context", tls_context)


def test_certificates_are_loaded_only_for_https() -> None:
    with serving() as served:
        assert http.send_request(served.url).status == http.OK
    with pytest.raises(CertificatesLoaded):
        http.send_request("https://127.0.0.1:1/")


def test_a_refused_connection_is_a_response_with_an_error() -> None:
    response = http.send_request("http://127.0.0.1:1/")
    assert response.status == 0 and "refused" in response.error


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("\u0665", 5.0),
        ("9" * 400, 86400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("\u00b2", None),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_any_retry_after_is_read_or_ignored(text: str, seconds: float | None) -> None:
    assert http.Response(url="u", headers={"Retry-After": text}).retry_after == seconds
