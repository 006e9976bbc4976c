"""What a definition serves, told from the definition alone.

For those who follow definitions, in the API server or through it.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_discovery_controller.go.
"""

from __future__ import annotations

import re
from typing import Final

from kubelite.api.conditions import is_condition_true
from kubelite.apimachinery.scheme import Object, Resource

VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery has them."""

_VERSION: Final = re.compile(r"v(?P<major>[1-9][0-9]*)((?P<stage>alpha|beta)(?P<minor>[1-9][0-9]*))?")
_STAGES: Final = {"": 0, "beta": 1, "alpha": 2}


def version_priority(name: str) -> tuple[int, int, int, int, str]:
    """A key by which versions sort as Kubernetes prefers them: v10, v2, v1beta1, v1alpha1, others by name.

    Source: k8s.io/apimachinery/pkg/version/helpers.go.
    """
    match = _VERSION.fullmatch(name)
    if match is None:
        return (1, 0, 0, 0, name)
    return (0, _STAGES[match["stage"] or ""], -int(match["major"]), -int(match["minor"] or 0), "")


def resource_of(definition: Object, version: Object) -> Resource:
    """The resource of one version of a definition."""
    spec, names = definition["spec"], definition["status"]["acceptedNames"]
    subresources = version.get("subresources") or {}
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        singular=names.get("singular", ""),
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=tuple(name for name in ("status", "scale") if subresources.get(name) is not None),
        verbs=VERBS,
        list_kind=names.get("listKind", ""),
    )


def served_resources(definition: Object) -> list[Resource]:
    """The resources of the versions served, the preferred one first; none before it is established."""
    if not is_condition_true(definition, "Established"):
        return []
    versions = [each for each in definition["spec"]["versions"] if each["served"]]
    versions.sort(key=lambda each: version_priority(each["name"]))
    return [resource_of(definition, each) for each in versions]
