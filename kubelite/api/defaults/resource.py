"""Defaults of what claims ask of devices.

Source: k8s.io/kubernetes/pkg/apis/resource/v1/defaults.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, each
from kubelite.apimachinery.scheme import Object

EXACT_COUNT: Final = "ExactCount"


def _request(request: Object) -> Object:
    request = changed(request, "exactly", _details)
    return changed(request, "firstAvailable", each(_details))


def _details(details: Object) -> Object:
    """One device, if not said otherwise."""
    if not details.get("allocationMode"):
        details = {**details, "allocationMode": EXACT_COUNT}
    if details["allocationMode"] == EXACT_COUNT and not details.get("count"):
        details = {**details, "count": 1}
    return changed(details, "tolerations", each(_toleration))


def _toleration(toleration: Object) -> Object:
    return toleration if toleration.get("operator") else {**toleration, "operator": "Equal"}


def _claim_spec(spec: Object) -> Object:
    return changed(spec, "devices", lambda devices: changed(devices, "requests", each(_request)))


def default_claim(claim: Object) -> Object:
    """How many devices of which sort."""
    claim = changed(claim, "spec", _claim_spec)
    return changed(claim, "status", lambda status: changed(status, "allocation", _allocation))


def _allocation(allocation: Object) -> Object:
    def result(result: Object) -> Object:
        return changed(result, "tolerations", each(_toleration))

    return changed(allocation, "devices", lambda devices: changed(devices, "results", each(result)))


def default_claim_template(template: Object) -> Object:
    """As for the claims that are made from it."""
    return changed(template, "spec", lambda spec: changed(spec, "spec", _claim_spec))


DEFAULTS: Final = {r.RESOURCECLAIMS: default_claim, r.RESOURCECLAIMTEMPLATES: default_claim_template}
