"""The columns of CertificateSigningRequests.

Source: k8s.io/kubernetes/pkg/printers/internalversion/printers.go (printCertificateSigningRequest).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.certificates import APPROVED, DENIED, FAILED, has_condition
from kubelite.api.columns.text import AGE, NAME, NONE, Column, human_duration
from kubelite.apimachinery.scheme import Object


def _duration(request: Object, _: float) -> str:
    seconds = request["spec"].get("expirationSeconds")
    return NONE if seconds is None else human_duration(seconds)


def _condition(request: Object, _: float) -> str:
    words = ["Denied" if has_condition(request, DENIED) else "Pending"]
    if words == ["Pending"] and has_condition(request, APPROVED):
        words = ["Approved"]
    if has_condition(request, FAILED):
        words.append("Failed")
    if (request.get("status") or {}).get("certificate"):
        words.append("Issued")
    return ",".join(words)


CERTIFICATE_SIGNING_REQUEST_COLUMNS: Final = (
    NAME,
    AGE,
    Column("SignerName", lambda obj, _: obj["spec"].get("signerName") or "", "Who is asked to sign."),
    Column("Requestor", lambda obj, _: obj["spec"].get("username") or "", "Who asks."),
    Column("RequestedDuration", _duration, "How long the certificate should be valid."),
    Column("Condition", _condition, "Whether it is approved and signed."),
)
