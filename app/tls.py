"""The certificate with which the server speaks https itself."""

import ssl

from app.settings import Server
from graph.errors import ConfigError


def check_certificate(server: Server) -> None:
    """See whether the certificate and its key can be used, before anything else takes its time to start.

    Raises:
        ConfigError: they cannot; the sentence says why.
    """
    if server.tls_cert is None:
        if server.tls_key is not None:
            raise ConfigError("There is a key without its certificate; set server.tls_cert, too.")
        return
    for file in (server.tls_cert, server.tls_key or server.tls_cert):
        try:
            file.read_bytes()
        except OSError as error:
            raise ConfigError(f"The file {file}, needed for https, cannot be read: {error.strerror}.") from None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.tls_cert, server.tls_key, password=_refuse)
    except _Encrypted:
        raise ConfigError(
            f"The key in {server.tls_key or server.tls_cert} is locked with a password; store it without one."
        ) from None
    except ssl.SSLError as error:
        raise ConfigError(_explain(server, error)) from None


class _Encrypted(Exception):
    """The key has a password, for which OpenSSL would ask at the terminal."""


def _refuse() -> str:
    raise _Encrypted


def _explain(server: Server, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"The key in {server.tls_key or server.tls_cert} is not that of the certificate in {server.tls_cert}."
    files = str(server.tls_cert) if server.tls_key is None else f"{server.tls_cert} and {server.tls_key}"
    return f"There is no certificate with its key in {files}; https needs both in PEM form."
