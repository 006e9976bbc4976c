"""Requests for certificates: what the registry keeps of an update, and what stands in a request's PEM text.

`cryptography` is loaded when the first request is looked into.

Source: k8s.io/kubernetes/pkg/registry/certificates/certificates/strategy.go,
pkg/apis/certificates/helpers.go.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from kubelite.apimachinery.scheme import Object

if TYPE_CHECKING:
    from cryptography import x509

APPROVED: Final = "Approved"
DENIED: Final = "Denied"
FAILED: Final = "Failed"
SERVER_FIELDS: Final = ("username", "uid", "groups", "extra")
"""Fields of the spec that say who asked; a client cannot set them."""

_PEM: Final = re.compile(
    rb"-----BEGIN (?P<type>[^\r\n]*?)-----[ \t]*\r?\n(?P<text>.*?)-----END (?P=type)-----[ \t]*\r?(?:\n|$)",
    re.DOTALL,
)
_PEM_HEADER: Final = re.compile(rb"^[^\s:]+:", re.MULTILINE)


class CertificateRequestError(ValueError):
    """A text is no request for a certificate; the message is Kubernetes'."""


def pem_blocks(data: bytes) -> list[tuple[str, bool, bytes]]:
    """The blocks of a PEM text: type, whether it has headers, and content."""
    blocks = []
    for match in _PEM.finditer(data):
        text = match["text"]
        headers = _PEM_HEADER.search(text) is not None
        try:
            content = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            if not headers:
                continue
            content = b""
        blocks.append((match["type"].decode(errors="replace"), headers, content))
    return blocks


def parse_request(request: str) -> x509.CertificateSigningRequest:
    """The PKCS 10 request in `spec.request`, its signature checked.

    Args:
        request: Base64 of a PEM text.

    Raises:
        CertificateRequestError: It holds none, or its signature is wrong.
    """
    from cryptography import x509  # noqa: PLC0415 - heavy: loaded when needed
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415

    blocks = pem_blocks(base64.b64decode(request))
    if not blocks or blocks[0][0] != "CERTIFICATE REQUEST":
        raise CertificateRequestError("PEM block type must be CERTIFICATE REQUEST")
    try:
        parsed = x509.load_der_x509_csr(blocks[0][2])
        valid = parsed.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateRequestError(f"asn1: structure error: {error}") from error
    except InvalidSignature as error:  # pragma: no cover - the property answers False instead
        raise CertificateRequestError("x509: invalid signature") from error
    if not valid:
        raise CertificateRequestError("crypto/rsa: verification error")
    return parsed


# --- the registry -------------------------------------------------------------------------------------------


def prepare_for_create(request: Object) -> Object:
    """A new request without what only the server may say."""
    spec = {key: value for key, value in (request.get("spec") or {}).items() if key not in SERVER_FIELDS}
    return {**request, "spec": spec, "status": {}}


def asked_by(request: Object, name: str, uid: str, groups: Sequence[str], extra: Mapping[str, Any]) -> Object:
    """The request with its author."""
    author: Object = {"username": name}
    if uid:
        author["uid"] = uid
    if groups:
        author["groups"] = list(groups)
    if extra:
        author["extra"] = {key: list(values) for key, values in extra.items()}
    return {**request, "spec": {**request["spec"], **author}}


def prepare_for_update(new: Object, old: Object) -> Object:
    """Through the main endpoint nothing but metadata changes."""
    return {**new, "spec": old["spec"], "status": old.get("status") or {}}


def prepare_for_status_update(new: Object, old: Object) -> Object:
    """Through `status` all but the spec changes; what was approved or denied stays as it was."""
    status = dict(new.get("status") or {})
    conditions = list(status.get("conditions") or ())
    for kind in (APPROVED, DENIED):
        before = [
            each for each in (old.get("status") or {}).get("conditions") or () if each.get("type") == kind
        ]
        places = [index for index, each in enumerate(conditions) if each.get("type") == kind]
        if len(before) == len(places):
            for index, condition in zip(places, before, strict=True):
                conditions[index] = condition
    if conditions:
        status["conditions"] = conditions
    return {**new, "spec": old["spec"], "status": status}


def prepare_for_approval(new: Object, old: Object) -> Object:
    """Through `approval` only the conditions change."""
    status = {key: value for key, value in (old.get("status") or {}).items() if key != "conditions"}
    conditions = (new.get("status") or {}).get("conditions")
    if conditions:
        status = {"conditions": conditions, **status}
    return {**new, "spec": old["spec"], "status": status}


def with_condition_times(new: Object, old: Object, now: str) -> Object:
    """The request with the times that its conditions leave out."""
    status = new.get("status") or {}
    conditions = status.get("conditions")
    if not conditions:
        return new
    before = (old.get("status") or {}).get("conditions") or ()
    timed = []
    for condition in conditions:
        since = next(
            (
                each["lastTransitionTime"]
                for each in before
                if each.get("lastTransitionTime")
                and (each.get("type"), each.get("status")) == (condition.get("type"), condition.get("status"))
            ),
            now,
        )
        times = {
            key: condition.get(key) or value
            for key, value in (("lastUpdateTime", now), ("lastTransitionTime", since))
        }
        timed.append({**condition, **times})
    return {**new, "status": {**status, "conditions": timed}}


def has_condition(request: Object, kind: str) -> bool:
    """Whether a request has a condition of this type, which is then always true."""
    conditions = (request.get("status") or {}).get("conditions") or ()
    return any(condition.get("type") == kind for condition in conditions)
