"""The cluster's own certificate authority and the certificates it signs at start.

Keys are ECDSA P-256, made in well under a millisecond each, and live in memory; only `ssl`, which reads
nothing but files, sees them for a moment in a private directory. Validity spans the whole century, so that a
cluster on virtual time is as valid to OpenSSL, which reads the machine's clock, as one on real time.

Source: kubeadm's certificate layout (CN and O of kubernetes-admin; the serving certificate's names).
"""

from __future__ import annotations

import ipaddress
import secrets
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from kubelite.client.tls import load_pair

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ADMIN_NAME: Final = "kubernetes-admin"
MASTERS_GROUP: Final = "system:masters"
TOKEN_BYTES: Final = 32
"""Randomness in a bearer token, in bytes."""

_NOT_BEFORE: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_AFTER: Final = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)

_BACKDATED: Final = timedelta(minutes=5)
"""Certificates are valid since a little before they were signed: clocks differ."""

_KEY_USAGES: Final = {
    "digital_signature": "digital signature",
    "content_commitment": "content commitment",
    "key_encipherment": "key encipherment",
    "data_encipherment": "data encipherment",
    "key_agreement": "key agreement",
    "key_cert_sign": "cert sign",
    "crl_sign": "crl sign",
    "encipher_only": "encipher only",
    "decipher_only": "decipher only",
}
"""What X.509 calls the usages that a certificate's key has."""

_PURPOSES: Final = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}
"""The object identifiers of the purposes that it has."""

SERVING_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
"""Names under which the API server is always reached; addresses are added by the caller."""


class KeyPair(NamedTuple):
    """A certificate with its private key, both PEM. The key never shows in a repr."""

    certificate_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return f"<KeyPair {len(self.certificate_pem)} bytes of certificate>"


class Authority:
    """A certificate authority: a self-signed certificate and the key to sign others."""

    def __init__(self, common_name: str = "kubernetes") -> None:
        self._key = _new_key()
        self._name = _name(common_name)
        self._certificate = _sign(self._name, self._name, self._key, self._key, authority=True)
        self.certificate_pem: Final = _pem(self._certificate)

    def __repr__(self) -> str:
        return f"<Authority {self._name.rfc4514_string()}>"

    def issue_server(self, common_name: str, hosts: Iterable[str]) -> KeyPair:
        """A serving certificate for DNS names and IP addresses."""
        key = _new_key()
        certificate = _sign(_name(common_name), self._name, key, self._key, hosts=tuple(hosts))
        return KeyPair(_pem(certificate), _key_pem(key))

    def issue_client(self, common_name: str, organizations: Iterable[str] = ()) -> KeyPair:
        """A client certificate: the common name is the user, the organizations are its groups."""
        key = _new_key()
        certificate = _sign(_name(common_name, tuple(organizations)), self._name, key, self._key)
        return KeyPair(_pem(certificate), _key_pem(key))

    def sign_request(self, request: bytes, usages: Iterable[str], expiration_s: int, now: float) -> bytes:
        """The certificate (PEM) that a request asks for.

        Args:
            request: PKCS 10, DER; its signature has been checked.
            usages: What the certificate is for, in the words of CertificateSigningRequests.
            expiration_s: How long it is valid.
            now: Unix seconds; it is valid since five minutes before.

        Source: k8s.io/kubernetes/pkg/controller/certificates/authority.
        """
        from cryptography import x509  # noqa: PLC0415 - see _new_key
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        parsed = x509.load_der_x509_csr(request)
        begin = datetime.fromtimestamp(int(now), UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(parsed.subject)
            .issuer_name(self._name)
            .public_key(parsed.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin - _BACKDATED)
            .not_valid_after(begin + timedelta(seconds=expiration_s))
        )
        wanted = frozenset(usages)
        flags = {flag: word in wanted for flag, word in _KEY_USAGES.items()}
        flags["digital_signature"] = bool(wanted & {"digital signature", "signing"})
        if any(flags.values()):
            builder = builder.add_extension(x509.KeyUsage(**flags), critical=True)
        purposes = [x509.ObjectIdentifier(_PURPOSES[word]) for word in sorted(wanted & _PURPOSES.keys())]
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        own_key = self._key.public_key()
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(identifier, critical=False)
        for extension in parsed.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                builder = builder.add_extension(extension.value, critical=extension.critical)
        return _pem(builder.sign(self._key, SHA256()))


class ClusterCertificates(NamedTuple):
    """The secrets that a cluster is born with: authority, serving and admin certificates, admin token."""

    authority: Authority
    serving: KeyPair
    admin: KeyPair
    token: str

    def __repr__(self) -> str:
        return f"<ClusterCertificates of {self.authority!r}>"


def make_cluster_certificates(hosts: Iterable[str] = ()) -> ClusterCertificates:
    """Make the certificates and the token of a new cluster.

    Args:
        hosts: further names and addresses under which the API server is reached.
    """
    authority = Authority()
    names = dict.fromkeys((*SERVING_NAMES, "127.0.0.1", "::1", *hosts))
    return ClusterCertificates(
        authority=authority,
        serving=authority.issue_server("kube-apiserver", names),
        admin=authority.issue_client(ADMIN_NAME, (MASTERS_GROUP,)),
        token=secrets.token_urlsafe(TOKEN_BYTES),
    )


def server_context(certificates: ClusterCertificates) -> ssl.SSLContext:
    """The TLS settings of the API server: HTTP/1.1; it asks for client certificates, but needs none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=certificates.authority.certificate_pem.decode())
    load_pair(context, certificates.serving.certificate_pem, certificates.serving.key_pem)
    return context


def _new_key() -> EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - heavy: loaded when needed

    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, organizations: tuple[str, ...] = ()) -> x509.Name:
    """A distinguished name of organizations (in order) and a common name."""
    from cryptography import x509  # noqa: PLC0415 - see _new_key
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization) for organization in organizations
    ]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    issuer_key: EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    hosts: tuple[str, ...] = (),
) -> x509.Certificate:
    """A certificate for `key`: of a server if it has hosts, of an authority, or else of a client."""
    from cryptography import x509  # noqa: PLC0415 - see _new_key
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=authority,
                crl_sign=authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(subject_key, critical=False)
        .add_extension(issuer_identifier, critical=False)
    )
    if not authority:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, SHA256())


def _general_name(host: str) -> x509.GeneralName:
    """An IP address if the text is one, else a DNS name."""
    from cryptography import x509  # noqa: PLC0415 - see _new_key

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - see _new_key

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    """A private key as unencrypted PKCS 8 PEM."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see _new_key
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
