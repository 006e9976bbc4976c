"""Requests for certificates: who asks is the server's word, who may change what depends on the endpoint."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kubelite.api.resources import CERTIFICATESIGNINGREQUESTS as REQUESTS
from kubelite.apimachinery.apierrors import Forbidden, Invalid
from kubelite.client.requests import SYSTEM_MASTERS, UserInfo
from tests.harness import api_server

BOB = UserInfo("bob", (SYSTEM_MASTERS, "ops"), "u1", {"k": ("v",)})


def pem_request(common_name="bob", *organizations):
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return base64.b64encode(made.public_bytes(Encoding.PEM)).decode()


@pytest.fixture(scope="module")
def request_text():
    return pem_request()


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def make(request_text, **spec):
    fields = {"request": request_text, "signerName": "example.com/sign", "usages": ["client auth"], **spec}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "r"},
        "spec": fields,
    }


async def change(client, patch, subresource=""):
    return await client.patch(REQUESTS, "r", patch, subresource=subresource)


def condition(kind="Approved", status="True", **fields):
    return {"type": kind, "status": status, **fields}


def errors_of(refused):
    return [str(error) for error in refused.value.errors]


async def test_the_server_says_who_asks(client, request_text):
    made = await client.as_user(BOB).create(
        REQUESTS, {**make(request_text, username="spoofed", groups=["x"]), "status": {"certificate": "AAAA"}}
    )
    assert made["spec"]["username"] == "bob"
    assert made["spec"]["uid"] == "u1"
    assert made["spec"]["groups"] == [SYSTEM_MASTERS, "ops"]
    assert made["spec"]["extra"] == {"k": ["v"]}
    assert made["status"] == {}
    assert "generation" not in made["metadata"]


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (
            {"request": "AAAA"},
            'spec.request: Invalid value: "AAAA": PEM block type must be CERTIFICATE REQUEST',
        ),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["client auth", "client auth"]}, 'spec.usages[1]: Duplicate value: "client auth"'),
        ({"signerName": ""}, "spec.signerName: Required value"),
        (
            {"signerName": "nodots/x"},
            (
                'spec.signerName: Invalid value: "nodots": should be a domain with at least two segments '
                "separated by dots"
            ),
        ),
        (
            {"signerName": "kubernetes.io/legacy-unknown"},
            (
                'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is '
                "not allowed via this API version"
            ),
        ),
        (
            {"expirationSeconds": 599},
            (
                "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 "
                "seconds (10 minutes)"
            ),
        ),
    ],
)
async def test_a_request_is_judged(client, request_text, spec, error):
    with pytest.raises(Invalid) as refused:
        await client.create(REQUESTS, make(request_text, **spec))
    assert errors_of(refused) == [error]


async def test_a_request_with_a_broken_signature_is_refused(client, request_text):
    text = base64.b64decode(request_text).decode()
    der = bytearray(base64.b64decode("".join(text.splitlines()[1:-1])))
    der[-1] ^= 1
    body = base64.b64encode(bytes(der)).decode()
    broken = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(Invalid) as refused:
        await client.create(REQUESTS, make(base64.b64encode(broken.encode()).decode()))
    assert [error.field for error in refused.value.errors] == ["spec.request"]


async def test_nobody_becomes_a_master_by_certificate(client):
    text = pem_request("eve", SYSTEM_MASTERS)
    with pytest.raises(Forbidden) as refused:
        await client.create(REQUESTS, make(text, signerName="kubernetes.io/kube-apiserver-client"))
    assert refused.value.message == (
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of '
        "kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    )


async def test_conditions_come_through_approval_with_times(client, request_text):
    await client.create(REQUESTS, make(request_text))
    changed = await change(client, {"status": {"conditions": [condition(message="ok")]}}, "approval")
    now = "2026-01-01T00:00:00Z"
    assert changed["status"]["conditions"] == [
        {
            "type": "Approved",
            "status": "True",
            "message": "ok",
            "lastUpdateTime": now,
            "lastTransitionTime": now,
        }
    ]


@pytest.mark.parametrize(
    ("conditions", "error"),
    [
        (
            [condition(status="False")],
            'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
        ),
        ([condition(kind="")], "status.conditions[0].type: Required value"),
        ([condition(status="")], "status.conditions[0].status: Required value"),
        (
            [condition(), condition("Denied")],
            (
                'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually '
                "exclusive"
            ),
        ),
        ([condition(), condition()], 'status.conditions[1].type: Duplicate value: "Approved"'),
    ],
)
async def test_conditions_are_judged(client, request_text, conditions, error):
    await client.create(REQUESTS, make(request_text))
    with pytest.raises(Invalid) as refused:
        await change(client, {"status": {"conditions": conditions}}, "approval")
    assert error in errors_of(refused)


async def test_a_decision_stands(client, request_text):
    await client.create(REQUESTS, make(request_text))
    await change(client, {"status": {"conditions": [condition()]}}, "approval")
    with pytest.raises(Invalid) as refused:
        await change(client, {"status": {"conditions": [condition("Denied")]}}, "approval")
    assert errors_of(refused) == [
        'status.conditions: Forbidden: updates may not remove a condition of type "Approved"'
    ]


async def test_each_endpoint_changes_its_own(client, request_text):
    made = await client.create(REQUESTS, make(request_text))
    through_main = await change(client, {"spec": {"signerName": "a.b/c"}, "status": {"conditions": []}})
    assert through_main == made
    through_approval = await change(client, {"status": {"certificate": "AAAA"}}, "approval")
    assert through_approval == made
    with pytest.raises(Invalid) as refused:
        await change(client, {"status": {"conditions": [condition()]}}, "status")
    assert errors_of(refused) == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    changed = await change(client, {"status": {"conditions": [condition("Failed")]}}, "status")
    assert [each["type"] for each in changed["status"]["conditions"]] == ["Failed"]


async def test_a_certificate_is_pem_and_stays(client, request_text):
    await client.create(REQUESTS, make(request_text))
    with pytest.raises(Invalid) as refused:
        await change(client, {"status": {"certificate": "AAAA"}}, "status")
    assert errors_of(refused) == [
        (
            'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE '
            "PEM block"
        )
    ]
    from kubelite.master.auth.certificates import Authority

    first, second = (
        base64.b64encode(Authority().certificate_pem).decode(),
        base64.b64encode(Authority().certificate_pem).decode(),
    )
    await change(client, {"status": {"certificate": first}}, "status")
    with pytest.raises(Invalid) as refused:
        await change(client, {"status": {"certificate": second}}, "status")
    assert errors_of(refused) == [
        "status.certificate: Forbidden: updates may not modify existing certificate content"
    ]
