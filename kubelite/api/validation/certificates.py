"""What a CertificateSigningRequest must be, and who may change what in it.

Source: k8s.io/kubernetes/pkg/apis/certificates/validation, pkg/apis/core/validation/names.go
(ValidateSignerName).
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from kubelite.api import resources as r
from kubelite.api.certificates import (
    APPROVED,
    DENIED,
    FAILED,
    CertificateRequestError,
    parse_request,
    pem_blocks,
)
from kubelite.api.validation import names
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from kubelite.api.validation.rules import KindRules
from kubelite.apimachinery.scheme import Object

USAGES: Final = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system",
    "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc",
    "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
)  # fmt: skip
"""The usages that a request may ask for, sorted."""

LEGACY_SIGNER: Final = "kubernetes.io/legacy-unknown"
EXPIRATION_MIN_S: Final = 600
_ALWAYS_TRUE: Final = (APPROVED, DENIED, FAILED)
_STATUSES: Final = ("False", "True", "Unknown")
_SIGNER_NAME_MAX: Final = 571
_EXCLUSIVE: Final = "Approved and Denied conditions are mutually exclusive"


def validate_signer_name(name: str, path: str) -> Errors:
    """The errors in the name of a signer: `example.com/signer-name`."""
    if not name:
        return [required(path, "")]
    segments = name.split("/")
    if len(segments) != 2:
        form = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(path, name, form)]
    domain, rest = segments
    errors: Errors = []
    if len(domain) > names.SUBDOMAIN_LENGTH_MAX:
        errors.append(too_long(path, domain, names.SUBDOMAIN_LENGTH_MAX))
    for text, check in ((domain, names.dns_label), (rest, names.dns_subdomain)):
        for label in text.split("."):
            messages = check(label)
            errors += [invalid(path, text, f'validating label "{label}": {message}') for message in messages]
            if messages:
                break
        if text is domain and "." not in domain:
            detail = "should be a domain with at least two segments separated by dots"
            errors.append(invalid(path, domain, detail))
    if len(name) > _SIGNER_NAME_MAX:
        errors.append(too_long(path, name, _SIGNER_NAME_MAX))
    return errors


def validate_certificate_request(request: Object, old: Object | None = None) -> Errors:
    """The errors in a request; what was wrong already in `old` is let pass."""
    spec = request.get("spec") or {}
    errors: Errors = []
    text = spec.get("request") or ""
    try:
        parse_request(text)
    except CertificateRequestError as error:
        errors.append(invalid("spec.request", text, str(error)))
    usages = spec.get("usages") or []
    if not usages:
        errors.append(required("spec.usages", ""))
    errors += [
        not_supported(f"spec.usages[{index}]", usage, USAGES)
        for index, usage in enumerate(usages)
        if usage not in USAGES
    ]
    errors += [
        duplicate(f"spec.usages[{index}]", usage)
        for index, usage in enumerate(usages)
        if usage in usages[:index]
    ]
    signer = spec.get("signerName") or ""
    if signer == LEGACY_SIGNER:
        detail = "the legacy signerName is not allowed via this API version"
        errors.append(invalid("spec.signerName", signer, detail))
    else:
        errors += validate_signer_name(signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < EXPIRATION_MIN_S:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(invalid("spec.expirationSeconds", seconds, detail))
    errors += _validate_conditions((request.get("status") or {}).get("conditions") or [])
    certificate = _certificate(request)
    if old is None or certificate != _certificate(old):
        problem = _certificate_problem(certificate)
        if problem:
            errors.append(invalid("status.certificate", "<certificate data>", problem))
    return errors


def _certificate(request: Object) -> str:
    text: str = (request.get("status") or {}).get("certificate") or ""
    return text


def _validate_conditions(conditions: list[Object]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        here = f"status.conditions[{index}]"
        kind, status = condition.get("type") or "", condition.get("status") or ""
        if not kind:
            errors.append(required(f"{here}.type", ""))
        allowed = ("True",) if kind in _ALWAYS_TRUE else _STATUSES
        if not status:
            errors.append(required(f"{here}.status", ""))
        elif status not in allowed:
            errors.append(not_supported(f"{here}.status", status, allowed))
        if (kind == APPROVED and DENIED in seen) or (kind == DENIED and APPROVED in seen):
            errors.append(invalid("status.conditions", kind, _EXCLUSIVE))
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.add(kind)
    return errors


def _certificate_problem(certificate: str) -> str:
    """What is wrong with a signed certificate; "" if nothing is, or if there is none."""
    if not certificate:
        return ""
    from cryptography import x509  # noqa: PLC0415 - heavy: loaded when needed

    try:
        blocks = pem_blocks(base64.b64decode(certificate))
    except binascii.Error as error:
        return str(error)
    for kind, headers, content in blocks:
        if kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{kind}"'
        if headers:
            return "no PEM block headers are permitted"
        try:
            x509.load_der_x509_certificate(content)
        except ValueError as error:
            return f"x509: malformed certificate: {error}"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def validate_certificate_request_update(new: Object, old: Object, subresource: str = "") -> Errors:
    """The errors of an update: conditions are approved by `approval`, certificates come by `status`."""
    errors = validate_certificate_request(new, old)
    path = "status.conditions"
    for kind in _ALWAYS_TRUE:
        before, after = _conditions(old, kind), _conditions(new, kind)
        if len(after) < len(before):
            errors.append(forbidden(path, f'updates may not remove a condition of type "{kind}"'))
    if subresource != "approval":
        for kind in (APPROVED, DENIED):
            before, after = _conditions(old, kind), _conditions(new, kind)
            if len(after) > len(before):
                errors.append(forbidden(path, f'updates may not add a condition of type "{kind}"'))
            elif len(after) == len(before) and after != before:
                errors.append(forbidden(path, f'updates may not modify a condition of type "{kind}"\n'))
    if _certificate(new) != _certificate(old):
        if subresource != "status":
            errors.append(forbidden("status.certificate", "updates may not set certificate content"))
        elif _certificate(old):
            detail = "updates may not modify existing certificate content"
            errors.append(forbidden("status.certificate", detail))
    return errors


def _conditions(request: Object, kind: str) -> list[Object]:
    conditions = (request.get("status") or {}).get("conditions") or ()
    return [condition for condition in conditions if condition.get("type") == kind]


RULES: Final = {
    r.CERTIFICATESIGNINGREQUESTS: KindRules(
        validate_certificate_request,
        validate_certificate_request_update,
        lambda new, old: validate_certificate_request_update(new, old, "status"),
        subresources={"approval": lambda new, old: validate_certificate_request_update(new, old, "approval")},
    )
}
