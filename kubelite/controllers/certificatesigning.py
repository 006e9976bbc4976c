"""Signs requests for certificates that were approved, for the signers that are Kubernetes' own.

A request that its signer cannot take fails for good; one for other signers is left to those.

Source: k8s.io/kubernetes/pkg/controller/certificates/signer, pkg/apis/certificates/helpers.go.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from kubelite.api.certificates import APPROVED, DENIED, FAILED, has_condition, parse_request
from kubelite.api.resources import CERTIFICATESIGNINGREQUESTS
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.timestamps import format_time
from kubelite.reconcile.controller import Environment, Reconciler, Watch
from kubelite.reconcile.intents import Intent, Steps, UpdateStatus

API_CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
NODES_GROUP: Final = "system:nodes"
NODE_PREFIX: Final = "system:node:"
EXPIRATION_MIN_S: Final = 600
EXPIRATION_MAX_S: Final = 365 * 24 * 3600
_OPTIONAL_USAGES: Final = frozenset({"digital signature", "key encipherment"})


class Signer(Protocol):
    """The cluster's authority."""

    def sign_request(self, request: bytes, usages: Sequence[str], expiration_s: int, now: float) -> bytes:
        """The certificate (PEM) that a request (PKCS 10, DER) asks for, valid from now on."""
        ...


# --- what the signers take ----------------------------------------------------------------------------------


def _api_client_problem(_request: Any, usages: Sequence[str]) -> str:
    for usage in usages:
        if usage not in _OPTIONAL_USAGES and usage != "client auth":
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def _node_subject_problem(request: Any) -> str:
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - heavy: the request was just parsed with it

    groups = [each.value for each in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if groups != [NODES_GROUP]:
        return "subject organization is not system:nodes"
    names = [each.value for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not names or not str(names[-1]).startswith(NODE_PREFIX):
        return "subject common name does not begin with system:node:"
    return ""


def _alternative_names(request: Any) -> Mapping[str, int]:
    """How many alternative names a request has, by their sort."""
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    sorts = {
        "DNS": x509.DNSName,
        "IP": x509.IPAddress,
        "email": x509.RFC822Name,
        "URI": x509.UniformResourceIdentifier,
    }
    return {sort: len(found.get_values_for_type(kind)) for sort, kind in sorts.items()}


def _usages_problem(usages: Sequence[str], purpose: str) -> str:
    required = {"digital signature", purpose}
    if set(usages) in (required, {*required, "key encipherment"}):
        return ""
    shown = " ".join(sorted({*required, "key encipherment"}))
    return f"usages did not match [{shown}]"


def _kubelet_client_problem(request: Any, usages: Sequence[str]) -> str:
    names = _alternative_names(request)
    for sort in ("DNS", "email", "IP", "URI"):
        if names.get(sort):
            return f"{sort} subjectAltNames are not allowed"
    return _node_subject_problem(request) or _usages_problem(usages, "client auth")


def _kubelet_serving_problem(request: Any, usages: Sequence[str]) -> str:
    problem = _node_subject_problem(request)
    if problem:
        return problem
    names = _alternative_names(request)
    if not names.get("DNS") and not names.get("IP"):
        return "DNS or IP subjectAltName is required"
    for sort in ("email", "URI"):
        if names.get(sort):
            return f"{sort} subjectAltNames are not allowed"
    return _usages_problem(usages, "server auth")


SIGNERS: Final[Mapping[str, Callable[[Any, Sequence[str]], str]]] = {
    API_CLIENT: _api_client_problem,
    KUBELET_CLIENT: _kubelet_client_problem,
    KUBELET_SERVING: _kubelet_serving_problem,
}
"""Signer -> why it cannot take a request with these usages; "" if it can."""


def is_due(request: Object) -> bool:
    """Whether a request is to be signed here."""
    return (
        request["spec"].get("signerName") in SIGNERS
        and has_condition(request, APPROVED)
        and not has_condition(request, DENIED)
        and not has_condition(request, FAILED)
        and not (request.get("status") or {}).get("certificate")
    )


def plan(request: Object, signer: Signer, now: float) -> tuple[Intent, ...]:
    """Sign a request, or tell why it cannot be signed."""
    if not is_due(request):
        return ()
    spec, status = request["spec"], request.get("status") or {}
    usages = spec.get("usages") or []
    parsed = parse_request(spec["request"])
    problem = SIGNERS[spec["signerName"]](parsed, usages)
    if problem:
        failed = {
            "type": FAILED,
            "status": "True",
            "reason": "SignerValidationFailure",
            "message": problem,
            "lastUpdateTime": format_time(now),
        }
        status = {**status, "conditions": [*(status.get("conditions") or ()), failed]}
    else:
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - as above

        asked_s = spec.get("expirationSeconds") or EXPIRATION_MAX_S
        expiration_s = min(max(asked_s, EXPIRATION_MIN_S), EXPIRATION_MAX_S)
        certificate = signer.sign_request(parsed.public_bytes(Encoding.DER), usages, expiration_s, now)
        status = {**status, "certificate": base64.b64encode(certificate).decode()}
    return (UpdateStatus(CERTIFICATESIGNINGREQUESTS, {**request, "status": status}),)


class CertificateSigningController(Reconciler):
    """Signs what was approved."""

    name = "certificatesigningrequest-signing-controller"

    def __init__(self, environment: Environment, signer: Signer) -> None:
        super().__init__(environment)
        self._signer = signer
        self._requests = self.informer(CERTIFICATESIGNINGREQUESTS)

    def watches(self) -> Sequence[Watch]:
        """Requests that are new or have changed."""
        return (Watch(CERTIFICATESIGNINGREQUESTS, _keys),)

    def sync(self, key: str) -> Steps:
        """One request."""
        request = self._requests.get(None, key)
        if request is not None:
            yield plan(request, self._signer, self.clock.now())


def _keys(_old: Object | None, new: Object | None) -> Iterable[str]:
    return (new["metadata"]["name"],) if new is not None and is_due(new) else ()
