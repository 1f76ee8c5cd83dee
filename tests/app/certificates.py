"""Certificates that this machine's tests sign themselves."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


def write_key(path: Path, key: ec.EllipticCurvePrivateKey, password: str = "") -> Path:
    """Write a key in PEM form, locked if a password is given."""
    lock: KeySerializationEncryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    return path


def write_certificate(path: Path, key: ec.EllipticCurvePrivateKey, *, host: str = "") -> Path:
    """Write a certificate for a name, or else for 127.0.0.1, good for this hour, in PEM form."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "parley.test")])
    now = datetime.now(UTC)
    began, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), began, ends)
    own = x509.SubjectAlternativeName([x509.DNSName(host) if host else x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(own, critical=False).sign(key, SHA256())
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path
