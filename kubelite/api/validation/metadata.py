"""What `metadata` must be in an object of any kind, at creation and at an update.

Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api import resources as r
from kubelite.api.identity import ByIdentity
from kubelite.api.validation import names
from kubelite.api.validation.addresses import canonical_address
from kubelite.api.validation.problems import (
    Errors,
    checked,
    forbidden,
    invalid,
    invalid_each,
    not_negative,
    required,
    too_long,
    unchanged,
)
from kubelite.apimachinery.managedfields import is_same_but_for_entries
from kubelite.apimachinery.scheme import Object, Resource

MANAGER_LENGTH_MAX: Final = 128
SUBRESOURCE_LENGTH_MAX: Final = 256
ANNOTATIONS_SIZE_MAX: Final = 256 * 1024
"""Bytes of all keys and values together."""

STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

_NAME_RULES: Final[Mapping[tuple[str, str], Callable[[str], list[str]]]] = {
    ("", r.EVENTS.plural): names.path_segment,
    ("", r.NAMESPACES.plural): names.dns_label,
    ("", r.SERVICES.plural): names.dns_label,
    (r.STATEFULSETS.group, r.STATEFULSETS.plural): names.dns_label,
    ("apiregistration.k8s.io", "apiservices"): names.path_segment,
    ("networking.k8s.io", "ipaddresses"): canonical_address,
    ("rbac.authorization.k8s.io", "roles"): names.path_segment,
    ("rbac.authorization.k8s.io", "rolebindings"): names.path_segment,
    ("rbac.authorization.k8s.io", "clusterroles"): names.path_segment,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): names.path_segment,
}
"""Kinds whose names are not DNS subdomains."""

_UNCHANGING: Final = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def name_rule(resource: Resource) -> Callable[[str], list[str]]:
    """What the names of a kind must look like."""
    return _NAME_RULES.get((resource.group, resource.plural), names.dns_subdomain)


def validate_metadata(resource: Resource, metadata: Object, path: str = "metadata") -> Errors:
    """The errors in the metadata of a new object, its name already generated."""
    return validate_object_meta(
        metadata, path, rule=name_rule(resource), namespaced=resource.namespaced, finalizer=validate_finalizer
    )


def validate_qualified_finalizer(finalizer: str, path: str) -> Errors:
    """The errors of a finalizer of a kind that is not Kubernetes' own: a qualified name."""
    return invalid_each(path, finalizer, names.qualified_name(finalizer))


def validate_object_meta(
    metadata: Object,
    path: str = "metadata",
    *,
    rule: Callable[[str], list[str]],
    namespaced: bool,
    finalizer: Callable[[str, str], Errors] = validate_qualified_finalizer,
) -> Errors:
    """The errors in metadata.

    Args:
        metadata: Of a new object, its name already generated.
        path: Where it stands.
        rule: What names must look like.
        namespaced: Whether objects of the kind live in namespaces.
        finalizer: The errors of one finalizer at a path.
    """
    errors: Errors = []
    generate_name = metadata.get("generateName")
    if generate_name:
        messages = rule(names.without_trailing_dash(generate_name))
        errors += invalid_each(f"{path}.generateName", generate_name, messages)
    name = metadata.get("name")
    if name:
        if messages := rule(name):
            errors += invalid_each(f"{path}.name", name, messages)
    else:
        errors.append(required(f"{path}.name", "name or generateName is required"))
    namespace = metadata.get("namespace")
    if namespaced:
        errors += checked(f"{path}.namespace", namespace, names.dns_label)
    elif namespace:
        errors.append(forbidden(f"{path}.namespace", "not allowed on this type"))
    errors += not_negative(f"{path}.generation", metadata.get("generation"))
    labels = metadata.get("labels")
    if labels:
        errors += _label_errors(labels) if path == "metadata" else validate_labels(labels, f"{path}.labels")
    errors += validate_annotations(metadata.get("annotations"), f"{path}.annotations")
    errors += _validate_owner_references(metadata.get("ownerReferences"), f"{path}.ownerReferences")
    errors += _validate_finalizers(metadata.get("finalizers"), f"{path}.finalizers", finalizer)
    return errors + _validate_managers(metadata.get("managedFields"), path)


def validate_metadata_update(new: Object, old: Object, path: str = "metadata") -> Errors:
    """The errors in the metadata of an update, against what is stored."""
    entries = new.get("managedFields")
    if is_same_but_for_entries(new, old) and new.get("resourceVersion"):
        return [] if entries == old.get("managedFields") else _validate_managers(entries, path)
    errors: Errors = []
    if old.get("deletionTimestamp"):
        errors += _validate_no_new_finalizers(new, old, path)
    if not new.get("resourceVersion"):
        errors.append(invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (new.get("generation") or 0) < (old.get("generation") or 0):
        errors.append(invalid(f"{path}.generation", new.get("generation") or 0, "must not be decremented"))
    for field in _UNCHANGING:
        value, before = new.get(field), old.get(field)
        if value is not before:
            errors += unchanged(f"{path}.{field}", value, before)
    errors += validate_changed_contents(new, old, path)
    return errors if entries == old.get("managedFields") else errors + _validate_managers(entries, path)


def _validate_managers(entries: list[Object] | None, path: str) -> Errors:
    """The errors in who is said to own fields; what is owned is read, or ignored, before."""
    errors: Errors = []
    for index, entry in enumerate(entries or ()):
        name, subresource = entry.get("manager") or "", entry.get("subresource") or ""
        where = f"{path}.managedFields[{index}]"
        if len(name) > MANAGER_LENGTH_MAX and len(name.encode()) > MANAGER_LENGTH_MAX:
            errors.append(too_long(f"{where}.manager", name, MANAGER_LENGTH_MAX))
        if not name.isprintable():
            errors.append(invalid(f"{where}.manager", name, "should only contain printable characters"))
        if len(subresource) > SUBRESOURCE_LENGTH_MAX:
            errors.append(too_long(f"{where}.subresource", subresource, SUBRESOURCE_LENGTH_MAX))
    return errors


def validate_changed_contents(new: Object, old: Object, path: str = "metadata") -> Errors:
    """The errors in labels, annotations and owners, as far as an update changes them."""
    errors: Errors = []
    for field, validate in _CONTENTS:
        value = new.get(field)
        if value is not old.get(field) and value != old.get(field):
            errors += validate(value, f"{path}.{field}")
    return errors


def _validate_no_new_finalizers(new: Object, old: Object, path: str) -> Errors:
    before = old.get("finalizers") or ()
    added = [finalizer for finalizer in new.get("finalizers") or () if finalizer not in before]
    if not added:
        return []
    shown = "[]string{" + ", ".join(f'"{finalizer}"' for finalizer in sorted(added)) + "}"
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
    return [forbidden(f"{path}.finalizers", detail)]


def validate_labels(labels: Mapping[str, str] | None, path: str) -> Errors:
    """The errors in a set of labels, or in a selector of the old form."""
    errors: Errors = []
    for key, value in (labels or {}).items():
        errors += invalid_each(path, key, names.label_key(key))
        errors += invalid_each(path, value, names.label_value(value))
    return errors


_label_errors: Final = ByIdentity(lambda labels: validate_labels(labels, "metadata.labels"))


def validate_annotations(annotations: Mapping[str, str] | None, path: str) -> Errors:
    """The errors in annotations: their keys, and the size of them all."""
    errors: Errors = []
    size = 0
    for key, value in (annotations or {}).items():
        errors += invalid_each(path, key, names.qualified_name(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_SIZE_MAX:
        errors.append(too_long(path, "", ANNOTATIONS_SIZE_MAX))
    return errors


def _validate_owner_references(references: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    controller = ""
    for reference in references or ():
        errors += _validate_owner_reference(reference, path)
        if reference.get("controller"):
            name = f"{reference.get('kind', '')}/{reference.get('name', '')}"
            if controller:
                detail = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {name}"
                )
                errors.append(invalid(path, references, detail))
            else:
                controller = name
    return errors


def _validate_owner_reference(reference: Object, path: str) -> Errors:
    errors: Errors = []
    api_version = reference.get("apiVersion") or ""
    if not api_version.rpartition("/")[2]:
        errors.append(invalid(f"{path}.apiVersion", api_version, "version must not be empty"))
    for field in ("kind", "name", "uid"):
        if not reference.get(field):
            errors.append(invalid(f"{path}.{field}", "", "must not be empty"))
    if api_version == "v1" and reference.get("kind") == "Event":
        errors.append(invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner"))
    return errors


_CONTENTS: Final[tuple[tuple[str, Callable[[Any, str], Errors]], ...]] = (
    ("labels", validate_labels),
    ("annotations", validate_annotations),
    ("ownerReferences", _validate_owner_references),
)


def _validate_finalizers(
    finalizers: list[str] | None, path: str, validate: Callable[[str, str], Errors]
) -> Errors:
    errors: Errors = []
    for index, finalizer in enumerate(finalizers or ()):
        errors += validate(finalizer, f"{path}[{index}]")
    if finalizers and "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid(path, finalizers, detail))
    return errors


def validate_finalizer(finalizer: str, path: str) -> Errors:
    """The errors of one finalizer: a qualified name, with a domain unless it is Kubernetes' own."""
    errors = invalid_each(path, finalizer, names.qualified_name(finalizer))
    if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        errors.append(invalid(path, finalizer, detail))
    return errors


def validate_label_selector(selector: Any, path: str) -> Errors:
    """The errors in a LabelSelector.

    Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation.
    """
    if not selector:
        return []
    errors = validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors += _validate_requirement(requirement, f"{path}.matchExpressions[{index}]")
    return errors


def _validate_requirement(requirement: Object, path: str) -> Errors:
    errors: Errors = []
    operator = requirement.get("operator") or ""
    values = requirement.get("values") or []
    if operator in {"In", "NotIn"}:
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{path}.values", detail))
    else:
        errors.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = requirement.get("key") or ""
    errors += invalid_each(f"{path}.key", key, names.label_key(key))
    for index, value in enumerate(values):
        errors += invalid_each(f"{path}.values[{index}]", value, names.label_value(value))
    return errors
