"""Signed tokens (JWS in compact form, ES256) and the key that signs them.

The key is made when the first token is: a cluster whose pods mount none does not pay for it. `cryptography`
is loaded then, too.

Source: RFC 7515 (JWS), RFC 7517 and 7638 (JWK), RFC 7518 (ES256);
k8s.io/kubernetes/pkg/serviceaccount/jwt.go.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ALGORITHM: Final = "ES256"
_COORDINATE_BYTES: Final = 32
_PARTS: Final = 3


class TokenKey:
    """The key of one cluster's service account tokens."""

    def __repr__(self) -> str:
        return f"<TokenKey {'made' if '_key' in self.__dict__ else 'not made yet'}>"

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - heavy: loaded when needed

        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def key_id(self) -> str:
        """The digest of the public key, by which tokens name it."""
        from hashlib import sha256  # noqa: PLC0415 - with the above

        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return encode(sha256(public).digest())

    @cached_property
    def _head(self) -> str:
        return encode(orjson.dumps({"alg": ALGORITHM, "kid": self.key_id}))

    @cached_property
    def _sign_bytes(self) -> Callable[[bytes], tuple[int, int]]:
        from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415 - see _key
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        sign, algorithm, decode = self._key.sign, ec.ECDSA(SHA256()), utils.decode_dss_signature
        return lambda text: decode(sign(text, algorithm))

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token that makes these claims."""
        text = f"{self._head}.{encode(orjson.dumps(claims))}"
        r, s = self._sign_bytes(text.encode())
        signature = r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)
        return f"{text}.{encode(signature)}"

    def verify(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that this key has signed; None of any other text."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see _key
        from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        head, _, rest = token.partition(".")
        claims, _, signature_text = rest.partition(".")
        if head != self._head:
            return None
        try:
            signature = decode(signature_text)
            if len(signature) != 2 * _COORDINATE_BYTES:
                return None
            r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
            encoded = utils.encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            self._key.public_key().verify(encoded, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
            found: dict[str, Any] = orjson.loads(decode(claims))
        except (InvalidSignature, ValueError):
            return None
        return found

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self._key.public_key().public_numbers()
        return {
            "use": "sig",
            "kty": "EC",
            "kid": self.key_id,
            "crv": "P-256",
            "alg": ALGORITHM,
            "x": encode(numbers.x.to_bytes(_COORDINATE_BYTES)),
            "y": encode(numbers.y.to_bytes(_COORDINATE_BYTES)),
        }


def issuer_of(token: str) -> str:
    """The issuer that a token claims; "" if it is none. Nothing is verified."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return ""
    try:
        claims = orjson.loads(decode(parts[1]))
    except ValueError:
        return ""
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def encode(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """What `encode` made a text of.

    Raises:
        ValueError: It is none.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
