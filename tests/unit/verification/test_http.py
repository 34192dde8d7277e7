"""A single request: its certificates, and its result where there is no answer."""

from __future__ import annotations

import pytest

from cosmicdeploy.probes import http
from tests.unit.servers import serving

pytestmark = pytest.mark.unit


class CertificatesRead(Exception):
    """The system's certificate authorities were read."""


@pytest.fixture(autouse=True)
def certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    def tls_context() -> None:
        raise CertificatesRead

    monkeypatch.setattr(http, "tls_context", tls_context)


def test_certificates_are_read_only_to_verify_one() -> None:
    with serving() as served:
        assert http.send_request(served.url).status == http.OK
    with pytest.raises(CertificatesRead):
        http.send_request("https://127.0.0.1:1/")


def test_a_refused_connection_is_an_answer_with_an_error() -> None:
    answer = http.send_request("http://127.0.0.1:1/")
    assert answer.status == 0 and "refused" in answer.error


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
def test_whatever_a_server_tells_how_long_to_wait_is_borne(
    text: str, seconds: float | None
) -> None:
    assert http.Response(url="u", headers={"Retry-After": text}).retry_after == seconds
