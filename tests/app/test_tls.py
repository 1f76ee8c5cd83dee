"""A certificate that cannot be used is told before anything starts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.settings import Server
from app.tls import check_certificate
from graph.errors import ConfigError
from tests.app.certificates import write_certificate, write_key

Made = tuple[Path | None, Path | None]


def good(folder: Path) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    return write_certificate(folder / "cert.pem", key), write_key(folder / "key.pem", key)


def in_one_file(folder: Path) -> Made:
    cert, key = good(folder)
    assert cert
    assert key
    cert.write_bytes(cert.read_bytes() + key.read_bytes())
    return cert, None


def gone(folder: Path) -> Made:
    return folder / "gone.pem", good(folder)[1]


def key_gone(folder: Path) -> Made:
    return good(folder)[0], folder / "gone.pem"


def no_key(folder: Path) -> Made:
    return good(folder)[0], None


def anothers_key(folder: Path) -> Made:
    return good(folder)[0], write_key(folder / "another.pem", ec.generate_private_key(ec.SECP256R1()))


def locked(folder: Path) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    return write_certificate(folder / "cert.pem", key), write_key(folder / "key.pem", key, "password")


def no_certificate(folder: Path) -> Made:
    (folder / "cert.pem").write_text("not in PEM form")
    return folder / "cert.pem", write_key(folder / "key.pem", ec.generate_private_key(ec.SECP256R1()))


def only_a_key(folder: Path) -> Made:
    return None, good(folder)[1]


@pytest.mark.parametrize("made", [good, in_one_file, lambda _: (None, None)], ids=["two files", "one file", "no https"])
def test_what_can_be_used_is_taken(tmp_path: Path, made: Callable[[Path], Made]) -> None:
    cert, key = made(tmp_path)
    check_certificate(Server(tls_cert=cert, tls_key=key))


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (gone, "gone.pem, needed for https, cannot be read: No such file or directory."),
        (key_gone, "gone.pem, needed for https, cannot be read: No such file or directory."),
        (no_key, "There is no certificate with its key in "),
        (anothers_key, "another.pem is not that of the certificate in "),
        (locked, "key.pem is locked with a password; store it without one."),
        (no_certificate, "https needs both in PEM form."),
        (only_a_key, "There is a key without its certificate; set server.tls_cert, too."),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, made: Callable[[Path], Made], sentence: str) -> None:
    cert, key = made(tmp_path)
    with pytest.raises(ConfigError) as refused:
        check_certificate(Server(tls_cert=cert, tls_key=key))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
