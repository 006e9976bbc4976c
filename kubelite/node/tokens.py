"""The service account tokens that a pod's volumes hold: which there are to be, and when they are renewed.

A token is asked for with the pod's name and uid, so that it dies with the pod. It is renewed when four fifths
of its life have passed, or a day; until then the pod keeps the one it has.

Source: k8s.io/kubernetes/pkg/kubelet/token/token_manager.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object

EXPIRATION_DEFAULT_S: Final = 3600
RENEWAL_PART: Final = 0.8
"""After this part of its life a token is renewed."""

AGE_MAX_S: Final = 24 * 3600
RETRY_S: Final = 60.0
"""How long the kubelet waits after a renewal that failed."""


class TokenSpec(NamedTuple):
    """One token that a pod mounts: for whom ("" is the API server), and for how many seconds."""

    audience: str
    expiration_s: int


class Token(NamedTuple):
    """A token that was asked for, and when it is to be renewed (Unix seconds)."""

    text: str
    renew_at: float


Tokens = Mapping[TokenSpec, Token]


def spec_of(projection: Object) -> TokenSpec:
    """What a `serviceAccountToken` of a projected volume asks for."""
    seconds = projection.get("expirationSeconds")
    return TokenSpec(projection.get("audience") or "", EXPIRATION_DEFAULT_S if seconds is None else seconds)


def wanted_tokens(pod: Object) -> tuple[TokenSpec, ...]:
    """The tokens that a pod's volumes hold, each once."""
    return tuple(dict.fromkeys(_specs(pod["spec"])))


def _specs(spec: Object) -> Iterator[TokenSpec]:
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken") is not None:
                yield spec_of(source["serviceAccountToken"])


def renew_at(spec: TokenSpec, now: float) -> float:
    """When a token that was issued now is to be renewed."""
    return now + min(RENEWAL_PART * spec.expiration_s, AGE_MAX_S)


def due_tokens(pod: Object, tokens: Tokens, now: float) -> tuple[TokenSpec, ...]:
    """The tokens that are missing, or old."""
    return tuple(spec for spec in wanted_tokens(pod) if spec not in tokens or tokens[spec].renew_at <= now)


def token_request(pod: Object, spec: TokenSpec) -> Object:
    """What the API server is asked for."""
    metadata = pod["metadata"]
    bound = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
    body: Object = {"expirationSeconds": spec.expiration_s, "boundObjectRef": bound}
    if spec.audience:
        body["audiences"] = [spec.audience]
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": body}
