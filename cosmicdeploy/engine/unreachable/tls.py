"""Explain why a TLS connection to an engine fails."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

from docker.errors import TLSParameterError

from cosmicdeploy.engine.unreachable.causes import Explanation, has, says

# Where the SDK looks for certificates if DOCKER_CERT_PATH is not set.
CERTIFICATES = "~/.docker"


def of_tls(causes: Sequence[BaseException]) -> Explanation | None:
    """Return the explanation of a failed TLS connection; None if TLS is not among the causes."""
    folder = os.environ.get("DOCKER_CERT_PATH") or CERTIFICATES
    if has(causes, TLSParameterError):
        return Explanation(
            f"TLS is on, but {folder} lacks ca.pem, cert.pem or key.pem",
            "put these files there, or set DOCKER_CERT_PATH to their folder; for an engine without"
            " TLS, unset DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
        )
    if has(causes, ssl.SSLCertVerificationError):
        reason = next(c for c in causes if isinstance(c, ssl.SSLCertVerificationError))
        return Explanation(
            f"The engine's certificate is not trusted: {reason.verify_message}",
            f"put the certificate of the engine's certificate authority into {folder}/ca.pem",
        )
    if says(causes, "certificate required", "bad certificate", "unknown ca"):
        return Explanation(
            "The engine does not accept this client's certificate",
            f"put a certificate that the engine trusts into {folder} (cert.pem, key.pem)",
        )
    return _of_handshake(causes, folder)


def _of_handshake(causes: Sequence[BaseException], folder: str) -> Explanation | None:
    if says(causes, "HTTP request to an HTTPS server"):
        return Explanation(
            "The engine expects TLS",
            "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and"
            " key.pem",
        )
    if has(causes, ssl.SSLEOFError):
        return Explanation(
            "The engine closed the TLS connection: the engine does not accept this client's"
            " certificate, or does not use TLS at this port",
            f"put a certificate that the engine trusts into {folder} (cert.pem, key.pem), or check"
            " the port",
        )
    if has(causes, ssl.SSLError):
        return Explanation(
            "The engine does not answer in TLS",
            "check the port (2376 is usual for TLS), or unset DOCKER_TLS_VERIFY and"
            " DOCKER_CERT_PATH",
        )
    return None
