"""TLS settings of clients: which authority to trust, which certificate to show."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from kubelite.client.kubeconfig import Connection


def client_context(connection: Connection) -> ssl.SSLContext:
    """The settings of a connection: whom it trusts, and the certificate that it shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if connection.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif connection.authority_pem:
        context.load_verify_locations(cadata=connection.authority_pem.decode())
    else:
        context.load_default_certs()
    credentials = connection.credentials
    if credentials.certificate_pem:
        load_pair(context, credentials.certificate_pem, credentials.key_pem)
    return context


def load_pair(context: ssl.SSLContext, certificate_pem: bytes, key_pem: bytes) -> None:
    """Give a context its own certificate, through a file only we can read, which is gone at once.

    `ssl` reads nothing but files.
    """
    with tempfile.TemporaryDirectory(prefix="kubelite-") as directory:
        path = Path(directory) / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(key_pem + certificate_pem)
        context.load_cert_chain(path)
