"""Which requests are signed, what stands in the certificates, and which fail."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubelite.controllers.certificatesigning import (
    API_CLIENT,
    KUBELET_CLIENT,
    KUBELET_SERVING,
    is_due,
    plan,
)
from kubelite.master.auth.certificates import Authority

NOW = 1_800_000_000.0
NODE = ("system:node:n1", "system:nodes")


@pytest.fixture(scope="module")
def authority():
    return Authority()


def request(
    signer=API_CLIENT, usages=("client auth",), subject=("bob", "ops"), names=(), *, approved=True, **spec
):
    common_name, *groups = subject
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in groups]
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    text = base64.b64encode(made.public_bytes(Encoding.PEM)).decode()
    conditions = [{"type": "Approved", "status": "True"}] if approved else []
    return {
        "metadata": {"name": "r"},
        "spec": {"request": text, "signerName": signer, "usages": list(usages), **spec},
        "status": {"conditions": conditions},
    }


def signed(made, authority):
    [intent] = plan(made, authority, NOW)
    return x509.load_pem_x509_certificate(base64.b64decode(intent.object["status"]["certificate"]))


def failure(made, authority):
    [intent] = plan(made, authority, NOW)
    assert "certificate" not in intent.object["status"]
    failed = intent.object["status"]["conditions"][-1]
    assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
    return failed["message"]


def test_an_approved_request_gets_its_certificate(authority):
    certificate = signed(request(), authority)
    assert certificate.subject.rfc4514_string() == "CN=bob,O=ops"
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate_pem))
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    begin = dt.datetime.fromtimestamp(NOW, dt.UTC)
    assert certificate.not_valid_before_utc == begin - dt.timedelta(minutes=5)
    assert certificate.not_valid_after_utc == begin + dt.timedelta(days=365)


def test_a_request_may_ask_for_a_shorter_life(authority):
    certificate = signed(request(expirationSeconds=3600), authority)
    assert certificate.not_valid_after_utc == dt.datetime.fromtimestamp(NOW + 3600, dt.UTC)


@pytest.mark.parametrize(
    "made",
    [
        request(approved=False),
        request("example.com/other"),
        {**request(), "status": {"conditions": [{"type": "Approved"}, {"type": "Failed"}]}},
        {**request(), "status": {"conditions": [{"type": "Approved"}], "certificate": "x"}},
    ],
    ids=["not approved", "another signer", "failed", "signed"],
)
def test_other_requests_are_left_alone(made, authority):
    assert not is_due(made)
    assert plan(made, authority, NOW) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"usages": ["server auth"]}, "invalid usage for client certificate: server auth"),
        (
            {"usages": ["digital signature"]},
            "missing required usage for client certificate: client auth",
        ),
        ({"signer": KUBELET_CLIENT}, "subject organization is not system:nodes"),
        (
            {"signer": KUBELET_CLIENT, "subject": ("n1", "system:nodes")},
            "subject common name does not begin with system:node:",
        ),
        (
            {"signer": KUBELET_CLIENT, "subject": NODE, "names": [x509.DNSName("n1")]},
            "DNS subjectAltNames are not allowed",
        ),
        ({"signer": KUBELET_SERVING, "subject": NODE}, "DNS or IP subjectAltName is required"),
        (
            {"signer": KUBELET_SERVING, "subject": NODE, "names": [x509.DNSName("n1")]},
            "usages did not match [digital signature key encipherment server auth]",
        ),
    ],
)
def test_a_signer_refuses_what_it_cannot_sign(authority, fields, message):
    assert failure(request(**fields), authority) == message


def test_kubelets_get_theirs(authority):
    usages = ("digital signature", "client auth")
    assert signed(request(KUBELET_CLIENT, usages, NODE), authority)
    names = [x509.DNSName("n1")]
    certificate = signed(
        request(KUBELET_SERVING, ("digital signature", "server auth"), NODE, names), authority
    )
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["n1"]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
