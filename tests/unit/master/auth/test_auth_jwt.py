"""Signed tokens: made by one key, known again by it, refused when anything was changed."""

from __future__ import annotations

import json

import pytest

from kubelite.master.auth.jwt import TokenKey, decode, encode, issuer_of


@pytest.fixture(scope="module")
def key():
    return TokenKey()


def test_a_key_is_made_when_it_is_needed():
    key = TokenKey()
    assert repr(key) == "<TokenKey not made yet>"
    key.sign({})
    assert repr(key) == "<TokenKey made>"


def test_what_was_signed_is_verified(key):
    claims = {"iss": "me", "aud": ["you"], "n": {"a": 1}}
    assert key.verify(key.sign(claims)) == claims


def test_a_token_names_its_key_and_algorithm(key):
    head = json.loads(decode(key.sign({}).partition(".")[0]))
    assert head == {"alg": "ES256", "kid": key.key_id}


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_refused(key, part):
    parts = key.sign({"iss": "me"}).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    assert key.verify(".".join(parts)) is None


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "a.b.c.d", "é.é.é"])
def test_other_texts_are_no_tokens(key, text):
    assert key.verify(text) is None
    assert issuer_of(text) == ""


def test_tokens_of_another_key_are_refused(key):
    assert key.verify(TokenKey().sign({"iss": "me"})) is None


def test_a_token_without_algorithm_is_refused(key):
    head = encode(json.dumps({"alg": "none", "kid": key.key_id}).encode())
    assert key.verify(f"{head}.{encode(b'{}')}.") is None


def test_the_issuer_is_read_without_trust(key):
    assert issuer_of(key.sign({"iss": "me"})) == "me"
    assert issuer_of(key.sign({"iss": 1})) == ""


def test_others_can_verify_with_the_published_key(key):
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    jwk = key.public_jwk()
    assert {jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]} == {"EC", "P-256", "ES256", "sig"}
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(decode(jwk["x"])), int.from_bytes(decode(jwk["y"])), ec.SECP256R1()
    )
    text, _, signature = key.sign({"iss": "me"}).rpartition(".")
    raw = decode(signature)
    encoded = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    numbers.public_key().verify(encoded, text.encode(), ec.ECDSA(SHA256()))
