"""Tokens are verified by their issuer's keys, audience and time."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from kubelite.images.agnhost.issuer import VerificationError, verify

NOW = 1_767_225_600.0
CLAIMS = {"iss": "https://issuer", "aud": ["me", "you"], "exp": NOW + 60, "sub": "s"}
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return text(value.to_bytes((value.bit_length() + 7) // 8))


def token(claims, algorithm="ES256", kid="k"):
    head = text(orjson.dumps({"alg": algorithm, "kid": kid}))
    signed = f"{head}.{text(orjson.dumps(claims))}"
    if algorithm == "ES256":
        r, s = utils.decode_dss_signature(EC_KEY.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = RSA_KEY.sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{text(signature)}"


POINT, NUMBERS = EC_KEY.public_key().public_numbers(), RSA_KEY.public_key().public_numbers()
KEYS = [
    {"kid": "k", "kty": "EC", "crv": "P-256", "x": number(POINT.x), "y": number(POINT.y)},
    {"kid": "k", "kty": "RSA", "n": number(NUMBERS.n), "e": number(NUMBERS.e)},
]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_good_token_gives_its_claims(algorithm):
    assert verify(token(CLAIMS, algorithm), KEYS, "https://issuer", "me", NOW)["sub"] == "s"


@pytest.mark.parametrize(
    ("made", "audience", "now", "words"),
    [
        (token(CLAIMS), "others", NOW, "expected audience 'others'"),
        (token(CLAIMS), "me", NOW + 61, "expired"),
        (token({**CLAIMS, "iss": "https://other"}), "me", NOW, "different provider"),
        (token(CLAIMS, kid="unknown"), "me", NOW, "failed to verify signature"),
        (token(CLAIMS)[:-8] + "AAAAAAAA", "me", NOW, "failed to verify signature"),
        ("a.b", "me", NOW, "three parts"),
        ("!.?.*", "me", NOW, "three parts"),
    ],
)
def test_what_cannot_be_trusted_is_refused(made, audience, now, words):
    with pytest.raises(VerificationError, match=words):
        verify(made, KEYS, "https://issuer", audience, now)
