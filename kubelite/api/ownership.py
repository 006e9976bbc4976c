"""What managed fields have to know of built-in kinds: types, empty objects, what each endpoint may change.

Source: k8s.io/kubernetes/pkg/registry/*/*/strategy.go (GetResetFields).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from kubelite.api import facts
from kubelite.api import resources as r
from kubelite.api.goform import go_form
from kubelite.apimachinery.atoms import DEDUCED, Atom, of_type
from kubelite.apimachinery.fieldmanager import Filter, leaving_only, leaving_out
from kubelite.apimachinery.fieldset import ANY, Path, field_path
from kubelite.apimachinery.scheme import Object, Resource

_METADATA: Final = field_path("metadata")
_SPEC: Final = field_path("spec")
_STATUS: Final = field_path("status")

RESET: Final[Mapping[tuple[str, str], tuple[Path, ...]]] = {
    ("pods", "status"): (
        _SPEC,
        field_path("metadata", "deletionTimestamp"),
        field_path("metadata", "ownerReferences"),
    ),
    ("deployments.apps", "status"): (_SPEC, field_path("metadata", "labels")),
    ("certificatesigningrequests.certificates.k8s.io", ""): (_SPEC, _STATUS),
    ("certificatesigningrequests.certificates.k8s.io", "status"): (
        _SPEC,
        field_path("status", "conditions"),
    ),
    ("certificatesigningrequests.certificates.k8s.io", "approval"): (
        _SPEC,
        field_path("status", "certificate"),
    ),
    ("customresourcedefinitions.apiextensions.k8s.io", "status"): (_METADATA, _SPEC),
    ("apiservices.apiregistration.k8s.io", "status"): (_METADATA, _SPEC),
    ("flowschemas.flowcontrol.apiserver.k8s.io", "status"): (_METADATA, _SPEC),
    ("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "status"): (_METADATA, _SPEC),
    ("volumeattachments.storage.k8s.io", "status"): (_METADATA, _SPEC),
    ("resourceclaims.resource.k8s.io", "status"): (_METADATA, _SPEC),
    ("validatingadmissionpolicies.admissionregistration.k8s.io", "status"): (_METADATA, _SPEC),
}
"""What endpoints leave as it is, where it is not the rule: the main one the status, the status the spec."""


def _of_containers(*fields: str) -> tuple[Path, ...]:
    return tuple(
        (*field_path("spec", containers), ANY, *field_path(name))
        for containers in ("containers", "initContainers")
        for name in fields
    )


ONLY: Final[Mapping[tuple[str, str], tuple[Path, ...]]] = {
    ("pods", "ephemeralcontainers"): (field_path("spec", "ephemeralContainers"),),
    ("pods", "resize"): _of_containers("resources", "resizePolicy"),
}
"""All that these endpoints change."""


@cache
def reset_filter(resource: Resource, subresource: str) -> Filter | None:
    """Leaves of a set of fields what an endpoint may change; None if it may change all."""
    key = (resource.group_resource, subresource)
    if (only := ONLY.get(key)) is not None:
        return leaving_only(*only)
    left_out = RESET.get(key)
    if left_out is None and subresource == "status":
        left_out = (_SPEC,)
    elif left_out is None and not subresource and "status" in resource.subresources:
        left_out = (_STATUS,)
    return None if left_out is None else leaving_out(*left_out)


@cache
def atom_of(api_version: str, kind: str) -> Atom:
    """The type of a kind as apply merges it."""
    type_ = facts.type_of(api_version, kind)
    return DEDUCED if type_ is None else of_type(type_)


@cache
def empty_object(api_version: str, kind: str) -> Object:
    """An object of a kind in which nothing is set, as a Go program makes it."""
    group, _, version = api_version.rpartition("/")
    made = go_form(Resource(group, version, "", kind, namespaced=False), {})
    return {"apiVersion": api_version, "kind": kind, "metadata": {}, **made}


def object_metadata() -> Atom:
    """The type of an object's metadata, which custom resources have, too."""
    inner = atom_of(r.CONFIGMAPS.api_version, r.CONFIGMAPS.kind).map
    assert inner is not None
    return inner.field("metadata")[1]
