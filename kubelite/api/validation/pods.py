"""What a pod, and the template of one, must be; what of it may change later.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidatePodUpdate).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.api.identity import ByIdentity
from kubelite.api.resourcelist import amount
from kubelite.api.validation import names
from kubelite.api.validation.addresses import validate_address
from kubelite.api.validation.computeresources import validate_pod_claims, validate_pod_resources
from kubelite.api.validation.containers import (
    validate_containers,
    validate_init_containers,
    validate_trimmed_image,
)
from kubelite.api.validation.metadata import (
    validate_annotations,
    validate_changed_contents,
    validate_labels,
)
from kubelite.api.validation.mounts import volumes_of
from kubelite.api.validation.placement import (
    validate_affinity,
    validate_gated_placement,
    validate_spread,
    validate_tolerations,
)
from kubelite.api.validation.podannotations import validate_pod_annotations, validate_pod_annotations_update
from kubelite.api.validation.podsubresources import validate_ephemeral_containers
from kubelite.api.validation.problems import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    one_of,
    required,
)
from kubelite.api.validation.securitycontext import (
    validate_host_users,
    validate_operating_system,
    validate_pod_security_context,
)
from kubelite.api.validation.volumes import validate_volumes
from kubelite.apimachinery.scheme import Object

RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
PREEMPTION_POLICIES: Final = ("Never", "PreemptLowerPriority")
INT32_MAX: Final = (1 << 31) - 1
DNS_NAMESERVERS_MAX: Final = 3
DNS_SEARCHES_MAX: Final = 32
_SEARCH_LENGTH_MAX: Final = 2048

_MUTABLE: Final = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_spec(spec: Object, path: str = "spec") -> Errors:
    """The errors in a pod's spec, in the order in which Kubernetes finds them.

    Args:
        spec: with defaults.
        path: of the spec; another one inside a template.
    """
    volumes = volumes_of(spec)
    errors = validate_volumes(spec.get("volumes"), f"{path}.volumes")
    errors += validate_pod_claims(spec.get("resourceClaims"), f"{path}.resourceClaims")
    errors += validate_containers(spec, volumes, f"{path}.containers")
    errors += validate_init_containers(spec, volumes, f"{path}.initContainers")
    if spec.get("ephemeralContainers"):
        errors += validate_ephemeral_containers(spec, f"{path}.ephemeralContainers")
    errors += validate_pod_resources(spec, f"{path}.resources")
    errors += _validate_host_ports(spec, path)
    errors += one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    errors += one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    errors += validate_labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    errors += validate_pod_security_context(spec, path)
    errors += validate_host_users(spec, path)
    for field, validate in _SPEC_FIELDS.items():
        value = spec.get(field)
        if field == "dnsConfig":
            errors += _validate_dns(spec, f"{path}.dnsConfig")
        elif value is not None:
            errors += validate(value, f"{path}.{field}")
    return errors + validate_operating_system(spec, path)


def _validate_host_ports(spec: Object, path: str) -> Errors:
    """On the host's network, ports are the host's."""
    if not spec.get("hostNetwork"):
        return []
    errors: Errors = []
    is_pod = path == "spec"
    for index, container in enumerate(spec.get("containers") or ()):
        here = f"{path}.containers[{index}]"
        for position, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort") or 0
            if (is_pod or number) and number != port.get("containerPort"):
                detail = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid(f"{here}.ports[{position}].hostPort", number, detail))
    return errors


def _validate_dns(spec: Object, path: str) -> Errors:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", detail)]
    return [] if config is None else _validate_dns_config(config, path)


def _validate_dns_config(config: Object, path: str) -> Errors:
    errors: Errors = []
    servers = config.get("nameservers") or []
    if len(servers) > DNS_NAMESERVERS_MAX:
        detail = f"must not have more than {DNS_NAMESERVERS_MAX} nameservers"
        errors.append(invalid(f"{path}.nameservers", servers, detail))
    for index, server in enumerate(servers):
        errors += validate_address(f"{path}.nameservers[{index}]", server)
    searches = config.get("searches") or []
    if len(searches) > DNS_SEARCHES_MAX:
        detail = f"must not have more than {DNS_SEARCHES_MAX} search paths"
        errors.append(invalid(f"{path}.searches", searches, detail))
    if len(" ".join(searches)) > _SEARCH_LENGTH_MAX:
        bound = f"must not have more than {_SEARCH_LENGTH_MAX} characters"
        detail = f"{bound} (including spaces) in the search list"
        errors.append(invalid(f"{path}.searches", searches, detail))
    for index, search in enumerate(searches):
        if search != ".":
            search_ = search.removesuffix(".")
            errors += invalid_each(f"{path}.searches[{index}]", search_, names.search_domain(search_))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{index}]", "must not be empty"))
    return errors


def _validate_readiness_gates(gates: list[Object], path: str) -> Errors:
    errors: Errors = []
    for index, gate in enumerate(gates):
        kind = gate.get("conditionType") or ""
        errors += invalid_each(f"{path}[{index}].conditionType", kind, names.qualified_name(kind))
    return errors


def _validate_scheduling_gates(gates: list[Object], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        errors += invalid_each(f"{path}[{index}]", name, names.qualified_name(name))
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
    return errors


def _validate_deadline(value: int, path: str) -> Errors:
    if 1 <= value <= INT32_MAX:
        return []
    return [invalid(path, value, f"must be between 1 and {INT32_MAX}, inclusive")]


def _validate_host_aliases(aliases: list[Object], path: str) -> Errors:
    errors: Errors = []
    for index, alias in enumerate(aliases):
        address = alias.get("ip") or ""
        errors += validate_address(f"{path}[{index}].ip", address)
        for position, name in enumerate(alias.get("hostnames") or ()):
            here = f"{path}[{index}].hostnames[{position}]"
            errors += invalid_each(here, name, names.dns_subdomain(name))
    return errors


def _validate_overhead(overhead: Mapping[str, str], path: str) -> Errors:
    return [
        invalid(f"{path}[{name}]", value, names.NOT_NEGATIVE)
        for name, value in overhead.items()
        if amount("cpu", value) < 0
    ]


def _named(check: Callable[[str], list[str]]) -> Callable[[str, str], Errors]:
    def validate(value: str, path: str) -> Errors:
        return invalid_each(path, value, check(value)) if value else []

    return validate


def _preemption(value: str, path: str) -> Errors:
    return one_of(path, value, PREEMPTION_POLICIES)


_SPEC_FIELDS: Final[Mapping[str, Callable[[Any, str], Errors]]] = {
    "affinity": validate_affinity,
    "dnsConfig": _validate_dns_config,
    "readinessGates": _validate_readiness_gates,
    "schedulingGates": _validate_scheduling_gates,
    "topologySpreadConstraints": validate_spread,
    "serviceAccountName": _named(names.dns_subdomain),
    "nodeName": _named(names.dns_subdomain),
    "activeDeadlineSeconds": _validate_deadline,
    "hostname": _named(names.dns_label),
    "subdomain": _named(names.dns_label),
    "tolerations": validate_tolerations,
    "hostAliases": _validate_host_aliases,
    "priorityClassName": _named(names.dns_subdomain),
    "runtimeClassName": _named(names.dns_subdomain),
    "preemptionPolicy": _preemption,
    "overhead": _validate_overhead,
}
"""Fields checked one by one, in Kubernetes' order."""


def _validate_own_spec(spec: Object) -> Errors:
    """The errors in the spec of a pod, of which more is asked than of a template."""
    errors = validate_pod_spec(spec)
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            errors += validate_trimmed_image(container, f"spec.{field}[{index}]")
    return errors


_check_spec: Final = ByIdentity(_validate_own_spec)


def validate_pod(pod: Object) -> Errors:
    """The errors in a pod beyond those in its metadata that are found for all kinds alike."""
    spec = pod.get("spec") or {}
    errors = validate_pod_annotations(pod["metadata"].get("annotations"), spec)
    errors += _check_spec(spec)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden("spec.nodeName", detail))
    return errors


def validate_template(template: Object, path: str) -> Errors:
    """The errors in a pod template; those of its metadata leave "metadata" out of their paths."""
    metadata = template.get("metadata") or {}
    errors = validate_labels(metadata.get("labels"), f"{path}.labels")
    errors += validate_annotations(metadata.get("annotations"), f"{path}.annotations")
    spec = template.get("spec") or {}
    errors += validate_pod_annotations(metadata.get("annotations"), spec, f"{path}.annotations")
    errors += validate_pod_spec(spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(f"{path}.spec.ephemeralContainers", detail))
    return errors


def validate_pod_update(new: Object, old: Object) -> Errors:
    """The errors in an update of a pod: little of its spec may change.

    What its labels, annotations and owners are is judged twice more than that of other kinds.
    """
    contents = validate_changed_contents(new["metadata"], old["metadata"])
    errors = contents + contents + validate_pod_annotations_update(new, old)
    new_spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    if new_spec is old_spec or new_spec == old_spec:
        return errors
    errors += _validate_own_spec(new_spec)
    for field in ("containers", "initContainers"):
        count = len(new_spec.get(field) or ())
        if count != len(old_spec.get(field) or ()):
            return [*errors, forbidden(f"spec.{field}", "pod updates may not add or remove containers")]
    for field in ("containers", "initContainers"):
        for index, container in enumerate(new_spec.get(field) or ()):
            if not container.get("image"):
                errors.append(required(f"spec.{field}[{index}].image", ""))
            errors += validate_trimmed_image(container, f"spec.{field}[{index}]")
    errors += _validate_deadline_update(
        new_spec.get("activeDeadlineSeconds"), old_spec.get("activeDeadlineSeconds")
    )
    errors += _validate_added_tolerations(new_spec.get("tolerations"), old_spec.get("tolerations"))
    errors += _validate_gates_removed(new_spec, old_spec)
    if old_spec.get("schedulingGates"):
        errors += validate_gated_placement(new_spec, old_spec)
    changed = _changed_fields(_comparable(new_spec, old_spec), old_spec)
    if changed:
        shown = "".join(f"  {field}\n" for field in changed)
        errors.append(forbidden("spec", f"pod updates may not change fields other than {_MUTABLE}\n{shown}"))
    return errors


def _validate_deadline_update(new: int | None, old: int | None) -> Errors:
    path = "spec.activeDeadlineSeconds"
    if new is not None:
        if old is not None and old < new:
            return [invalid(path, new, "must be less than or equal to previous value")]
        return []
    return [] if old is None else [invalid(path, new, "must not update from a positive integer to nil value")]


def _validate_added_tolerations(new: list[Object] | None, old: list[Object] | None) -> Errors:
    def essence(toleration: Object) -> Object:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [essence(toleration) for toleration in new or ()]
    if all(essence(toleration) in kept for toleration in old or ()):
        return validate_tolerations(new or [], "spec.tolerations")
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden("spec.tolerations", detail)]


def _validate_gates_removed(new: Object, old: Object) -> Errors:
    before = {gate["name"] for gate in old.get("schedulingGates") or ()}
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate['name']}'",
        )
        for index, gate in enumerate(new.get("schedulingGates") or ())
        if gate["name"] not in before
    ]


def _comparable(new: Object, old: Object) -> Object:
    """The new spec with what may change set back, so that what is left may be compared."""
    result = dict(new)
    for field in ("containers", "initContainers"):
        if new.get(field):
            result[field] = [
                {**container, "image": before.get("image")}
                for container, before in zip(new[field], old[field], strict=True)
            ]
    fields = ["activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if (old.get("terminationGracePeriodSeconds") or 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        fields.append("terminationGracePeriodSeconds")
    if old.get("schedulingGates"):
        fields.append("nodeSelector")
        result["affinity"] = _with_node_affinity(new.get("affinity"), old.get("affinity"))
    for field in fields:
        result.pop(field, None)
        if field in old:
            result[field] = old[field]
    return result


def _with_node_affinity(new: Object | None, old: Object | None) -> Object | None:
    """The new affinity with the nodes of the old one; None is as good as one that asks for nothing."""
    kept = {key: value for key, value in (new or {}).items() if key != "nodeAffinity"}
    if (old or {}).get("nodeAffinity") is not None:
        kept["nodeAffinity"] = (old or {})["nodeAffinity"]
    return kept if kept or old is not None else None


def _changed_fields(new: Object, old: Object) -> list[str]:
    return sorted(field for field in new.keys() | old.keys() if new.get(field) != old.get(field))
