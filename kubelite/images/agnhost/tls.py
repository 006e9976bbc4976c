"""Certificates of agnhost's servers: one from files, or one of their own for localhost.

Source: porter's `localhost.crt`, in the section on porter of agnhost's README.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubelite.images.container import Container

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

HOSTS: Final = ("127.0.0.1", "::1", "example.com")
_BEGIN: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_END: Final = dt.datetime(2084, 1, 29, tzinfo=dt.UTC)


def server_context(container: Container, certificate: str, key: str) -> ssl.SSLContext:
    """TLS settings of a server.

    Args:
        container: Where the files are.
        certificate: Path of the certificate; empty for one of its own.
        key: Path of its key.

    Raises:
        OSError: A file cannot be read, or is no certificate or key.
    """
    if certificate:
        pem = container.files.read(key) + b"\n" + container.files.read(certificate)
    else:
        pem = _own_pair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.TemporaryDirectory(prefix="kubelite-") as directory:  # ssl reads nothing but files
        path = Path(directory) / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


def _own_pair() -> bytes:
    """A key and a certificate that it signed itself."""
    from cryptography import x509  # noqa: PLC0415 - heavy, and rarely needed
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Acme Co")])
    names = [_general_name(host) for host in HOSTS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(host: str) -> GeneralName:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
