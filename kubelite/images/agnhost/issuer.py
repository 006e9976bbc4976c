"""`agnhost test-service-account-issuer-discovery`: is a token what its issuer's documents say it must be?

The token names its issuer, the issuer's discovery document its keys; one of these must have signed the token,
which must be for the audience and not be over. The documents are read as the pod's service account.

Source: test/images/agnhost/openidmetadata; https://openid.net/specs/openid-connect-discovery-1_0.html.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from typing import Any, Final

import aiohttp
import orjson

from kubelite.images.container import Container

CREDENTIALS: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
OK: Final = 200
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"


class VerificationError(Exception):
    """Why a token cannot be trusted."""


def parse_token(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Head, claims and signature of a token, nothing verified.

    Raises:
        VerificationError: It is none.
    """
    try:
        head, claims, signature = (_decoded(part) for part in token.strip().split("."))
        return orjson.loads(head), orjson.loads(claims), signature
    except ValueError as error:
        raise VerificationError("go-jose/go-jose: compact JWS format must have three parts") from error


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def verify(token: str, keys: list[dict[str, Any]], issuer: str, audience: str, now: float) -> dict[str, Any]:
    """The claims of a token that one of the keys signed, for an audience.

    Args:
        token: As it stands in the file.
        keys: JSON Web Keys.
        issuer: As the discovery document has it.
        audience: One that must be among the token's.
        now: Unix seconds.

    Raises:
        VerificationError: It cannot be trusted.
    """
    head, claims, signature = parse_token(token)
    if claims.get("iss") != issuer:
        raise VerificationError(
            f"oidc: id token issued by a different provider, expected {issuer!r} got {claims.get('iss')!r}"
        )
    named = claims.get("aud") or []
    audiences = [named] if isinstance(named, str) else named
    if audience not in audiences:
        raise VerificationError(f"oidc: expected audience {audience!r} got {audiences!r}")
    if now > claims.get("exp", 0):
        raise VerificationError(f"oidc: token is expired (Token Expiry: {claims.get('exp')})")
    text = token.strip().rpartition(".")[0].encode()
    candidates = [key for key in keys if key.get("kid") == head.get("kid")]
    if not any(_signed(text, signature, key, str(head.get("alg"))) for key in candidates):
        raise VerificationError("failed to verify signature: failed to verify id token signature")
    return claims


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _signed(text: bytes, signature: bytes, key: dict[str, Any], algorithm: str) -> bool:
    """Whether a key has signed a text."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - heavy, and rarely needed
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        if algorithm == "ES256" and key.get("kty") == "EC":
            point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
            half = len(signature) // 2
            pair = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            point.public_key().verify(utils.encode_dss_signature(*pair), text, ec.ECDSA(SHA256()))
        elif algorithm == "RS256" and key.get("kty") == "RSA":
            numbers = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"]))
            numbers.public_key().verify(signature, text, padding.PKCS1v15(), SHA256())
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


async def _document(
    session: aiohttp.ClientSession, url: str, context: ssl.SSLContext, credential: str
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {credential}"}
    async with session.get(url, ssl=context, headers=headers) as answer:
        body = await answer.read()
        if answer.status != OK:
            raise VerificationError(f"{answer.status} {answer.reason}: {body.decode(errors='replace')}")
    found: dict[str, Any] = orjson.loads(body)
    return found


async def check(container: Container, token: str, audience: str) -> None:
    """Verify a token by the documents of its issuer, and say each step.

    Raises:
        VerificationError: It cannot be trusted.
        OSError: A file or a document cannot be read (`aiohttp.ClientError` for the latter).
    """
    issuer = parse_token(token)[1].get("iss") or ""
    container.log(f"OK: got issuer {issuer}")
    files = container.files
    context = ssl.create_default_context(cadata=files.read_text(f"{CREDENTIALS}/ca.crt"))
    credential = files.read_text(f"{CREDENTIALS}/token")
    async with container.http() as session:
        found = await _document(session, issuer.rstrip("/") + DISCOVERY_PATH, context, credential)
        if found.get("issuer") != issuer:
            raise VerificationError(
                f"oidc: issuer URL provided to client ({issuer!r}) did not match the issuer URL returned by "
                f"provider ({found.get('issuer')!r})"
            )
        container.log(f"OK: Constructed OIDC provider for issuer {issuer}")
        keys = (await _document(session, found["jwks_uri"], context, credential)).get("keys") or []
    verify(token, keys, issuer, audience, container.clock.now())
    container.log("OK: Validated signature on JWT")
    container.log("OK: Got valid claims from token!")


async def discover(container: Container, token_path: str, audience: str) -> int:
    """The subcommand."""
    try:
        token = container.files.read_text(token_path)
        container.log("OK: Got token")
        container.log("validating with in-cluster discovery")
        await check(container, token, audience)
    except (VerificationError, OSError, aiohttp.ClientError) as error:
        container.log(f"failed to validate with in-cluster discovery: {error}")
        return 1
    return 0
