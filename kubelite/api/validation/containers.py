"""What a container must be: name, image, ports, environment, mounts, probes, resources.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateContainerCommon and what it calls).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kubelite.api.podutil import is_sidecar
from kubelite.api.validation import names
from kubelite.api.validation.addresses import validate_address
from kubelite.api.validation.computeresources import validate_claim_names, validate_resources
from kubelite.api.validation.mounts import validate_devices, validate_mounts
from kubelite.api.validation.probes import validate_lifecycle, validate_probes
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    one_of,
    required,
    too_many,
)
from kubelite.api.validation.securitycontext import validate_security_context
from kubelite.apimachinery.quantity import parse
from kubelite.apimachinery.scheme import Object

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
RESTART_POLICIES: Final = ("Always", "Never", "OnFailure")
RESTART_RULES_MAX: Final = 20
"""Of one container."""
EXIT_CODES_MAX: Final = 255
"""Of one rule."""
_RESTART_ACTIONS: Final = ("Restart", "RestartAllContainers")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_HUGE_PAGES: Final = "hugepages-"
_SUBSCRIPTED: Final = re.compile(r"(.+?)\['(.*)'\]")
ENV_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_POD_FIELDS: Final = frozenset({
    *ENV_FIELDS, "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName",
    "spec.hostNetwork", "status.phase", "status.nominatedNodeName",
})  # fmt: skip
_DIVISORS: Final = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_DIVIDED: Final = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}
_RESOURCE_FIELDS: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)


def validate_containers(spec: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The errors in `spec.containers`.

    Args:
        spec: Of the pod, with defaults.
        volumes: Of the pod, by name.
        path: Of the list.
    """
    containers: list[Object] | None = spec.get("containers")
    if not containers:
        return [required(path, "")]
    errors: Errors = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        errors += validate_common(container, spec, volumes, here)
        errors += _validate_unique_name(container, seen, here)
        errors += _validate_health(container, spec, here)
        errors += _validate_restart_policy(container, here)
    errors += _validate_host_port_conflicts(containers, path)
    return errors


def validate_init_containers(spec: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The errors in `spec.initContainers`; their names must differ from those of the regular ones too."""
    errors: Errors = []
    seen = {container.get("name", "") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = f"{path}[{index}]"
        errors += validate_common(container, spec, volumes, here)
        errors += _validate_restart_policy(container, here)
        errors += _validate_unique_name(container, seen, here)
        errors += _validate_host_port_conflicts([container], path)  # one after the other, each for itself
        if is_sidecar(container):
            errors += _validate_health(container, spec, here)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(field) is not None:
                detail = "may not be set for init containers without restartPolicy=Always"
                errors.append(forbidden(f"{here}.{field}", detail))
    return errors


def _validate_health(container: Object, spec: Object, path: str) -> Errors:
    """The errors in what only containers that go on running may have."""
    grace_period_s = spec.get("terminationGracePeriodSeconds")
    errors = validate_lifecycle(container.get("lifecycle"), grace_period_s, f"{path}.lifecycle")
    return errors + validate_probes(container, grace_period_s, path)


def _validate_restart_policy(container: Object, path: str) -> Errors:
    """The errors in when a container begins again, if it says that itself. Source: KEP-5307."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    here, errors = f"{path}.restartPolicy", []
    if policy is None:
        if rules:
            errors.append(required(here, "must specify restartPolicy when restart rules are used"))
    elif policy not in RESTART_POLICIES:
        errors.append(not_supported(here, policy, RESTART_POLICIES))
    here = f"{path}.restartPolicyRules"
    if len(rules) > RESTART_RULES_MAX:
        errors.append(too_many(here, len(rules), RESTART_RULES_MAX))
    for index, rule in enumerate(rules):
        action, codes = rule.get("action") or "", rule.get("exitCodes")
        if action not in _RESTART_ACTIONS:
            errors.append(not_supported(f"{here}[{index}].action", action, _RESTART_ACTIONS))
        if codes is None:
            errors.append(required(f"{here}[{index}].exitCodes", "must be specified"))
            continue
        operator, values = codes.get("operator") or "", codes.get("values") or ()
        if operator not in {"In", "NotIn"}:
            choices = ("In", "NotIn")
            errors.append(not_supported(f"{here}[{index}].exitCodes.operator", operator, choices))
        if len(values) > EXIT_CODES_MAX:
            errors.append(too_many(f"{here}[{index}].exitCodes.values", len(values), EXIT_CODES_MAX))
    return errors


def _validate_unique_name(container: Object, seen: set[str], path: str) -> Errors:
    name = container.get("name", "")
    if name in seen:
        return [duplicate(f"{path}.name", name)]
    if name:
        seen.add(name)
    return []


def validate_common(container: Object, spec: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The errors in what containers of every sort have; some depend on the pod's spec."""
    errors = checked(f"{path}.name", container.get("name"), names.dns_label)
    if not container.get("image"):
        errors.append(required(f"{path}.image", ""))
    errors += one_of(
        f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES
    )
    errors += _validate_ports(container.get("ports"), f"{path}.ports")
    errors += _validate_env(container.get("env"), f"{path}.env")
    errors += _validate_env_from(container.get("envFrom"), f"{path}.envFrom")
    errors += validate_mounts(container, volumes, f"{path}.volumeMounts")
    errors += validate_devices(container, volumes, f"{path}.volumeDevices")
    errors += one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    errors += validate_resources(container.get("resources"), f"{path}.resources")
    errors += validate_claim_names(container, spec, f"{path}.resources.claims")
    errors += _validate_resize_policy(
        container.get("resizePolicy") or [], spec.get("restartPolicy"), f"{path}.resizePolicy"
    )
    return errors + validate_security_context(
        container.get("securityContext"),
        f"{path}.securityContext",
        host_users=spec.get("hostUsers") is not False,
    )


def _validate_resize_policy(policies: list[Object], restart_policy: str | None, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restarts = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
        errors += one_of(path, name, ("cpu", "memory"))
        errors += one_of(path, restarts, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and restarts != "NotRequired":
            detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            errors.append(invalid(path, restarts, detail))
    return errors


def validate_trimmed_image(container: Object, path: str) -> Errors:
    """Blanks around an image are not allowed in a pod; in a template they are, as of old."""
    image = container.get("image") or ""
    if image != image.strip():
        return [invalid(f"{path}.image", image, "must not have leading or trailing whitespace")]
    return []


def _validate_ports(ports: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, port in enumerate(ports or ()):
        here = f"{path}[{index}]"
        name = port.get("name")
        if name:
            messages = names.port_name(name)
            errors += invalid_each(f"{here}.name", name, messages)
            if not messages and name in seen:
                errors.append(duplicate(f"{here}.name", name))
            seen.add(name)
        number = port.get("containerPort") or 0
        errors += checked(f"{here}.containerPort", number, names.port_number)
        if port.get("hostPort"):
            errors += invalid_each(f"{here}.hostPort", port["hostPort"], names.port_number(port["hostPort"]))
        errors += one_of(f"{here}.protocol", port.get("protocol"), PROTOCOLS)
        if port.get("hostIP"):
            errors += validate_address(f"{here}.hostIP", port["hostIP"])
    return errors


def _validate_host_port_conflicts(containers: Iterable[Object], path: str) -> Errors:
    errors: Errors = []
    seen: set[tuple[str, str, int]] = set()
    for index, container in enumerate(containers):
        for port_index, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = (port.get("protocol", ""), port.get("hostIP", ""), port["hostPort"])
            if key in seen:
                where = f"{path}[{index}].ports[{port_index}].hostPort"
                errors.append(duplicate(where, f"{key[0]}/{key[1]}/{key[2]}"))
            seen.add(key)
    return errors


def _validate_env(env: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    for index, variable in enumerate(env or ()):
        here = f"{path}[{index}]"
        errors += checked(f"{here}.name", variable.get("name"), names.env_name)
        source = variable.get("valueFrom")
        if source is not None:
            errors += _validate_env_source(source, bool(variable.get("value")), f"{here}.valueFrom")
    return errors


def _validate_env_source(source: Object, has_value: bool, path: str) -> Errors:
    errors: Errors = []
    count = 0
    for field, validate in _ENV_SOURCES.items():
        part = source.get(field)
        if part is not None:
            count += 1
            errors += validate(part, f"{path}.{field}")
    if count == 0:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(invalid(path, "", f"must specify one of: {choices}"))
    if has_value:
        if count:
            errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def validate_field_ref(ref: Object, supported: Iterable[str], path: str) -> Errors:
    """The errors of a reference to a field of the pod itself."""
    if not ref.get("apiVersion"):
        return [required(f"{path}.apiVersion", "")]
    field = ref.get("fieldPath") or ""
    here = f"{path}.fieldPath"
    if not field:
        return [required(here, "")]
    subscript = _SUBSCRIPTED.fullmatch(field)
    if subscript:
        if subscript[1] not in {"metadata.labels", "metadata.annotations"}:
            detail = f"error converting fieldPath: field label does not support subscript: {field}"
            return [invalid(here, field, detail)]
        key = subscript[2] if subscript[1] == "metadata.labels" else subscript[2].lower()
        return invalid_each(path, key, names.qualified_name(key))
    if ref["apiVersion"] != "v1" or field not in _POD_FIELDS:
        detail = f"error converting fieldPath: field label not supported: {field}"
        return [invalid(here, field, detail)]
    choices = list(supported)
    return [] if field in choices else [not_supported(here, field, choices)]


def _env_field_ref(ref: Object, path: str) -> Errors:
    return validate_field_ref(ref, ENV_FIELDS, path)


def validate_resource_field_ref(ref: Object, path: str, *, is_in_volume: bool = False) -> Errors:
    """The errors of a reference to a container's requests or limits; in a volume it names the container."""
    resource = ref.get("resource") or ""
    is_huge = resource.startswith(("limits.hugepages-", "requests.hugepages-"))
    errors: Errors = []
    if is_in_volume and not ref.get("containerName"):
        errors.append(required(f"{path}.containerName", ""))
    elif not resource:
        errors.append(required(f"{path}.resource", ""))
    elif resource not in _RESOURCE_FIELDS and not is_huge:
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCE_FIELDS))
    return errors + _validate_divisor(resource, ref.get("divisor"), f"{path}.divisor")


def _validate_divisor(resource: str, divisor: str | None, path: str) -> Errors:
    kind = resource.partition(".")[2]
    if not divisor or not (value := parse(divisor)):
        return []
    if kind == "cpu":
        detail = "only divisor's values 1m and 1 are supported with the cpu resource"
        return [] if str(value) in {"1", "1m"} else [invalid(path, resource, detail)]
    what = _DIVIDED.get(kind, "hugepages" if kind.startswith(_HUGE_PAGES) else "")
    if not what or str(value) in _DIVISORS:
        return []
    detail = f"only divisor's values {', '.join(_DIVISORS)} are supported with the {what} resource"
    return [invalid(path, resource, detail)]


def _validate_key_ref(ref: Object, path: str) -> Errors:
    name = ref.get("name") or ""
    errors = invalid_each(f"{path}.name", name, names.dns_subdomain(name))
    return errors + checked(f"{path}.key", ref.get("key"), names.config_key)


def _validate_file_key_ref(ref: Object, path: str) -> Errors:
    fields = ("volumeName", "path", "key")
    return [required(f"{path}.{field}", "") for field in fields if not ref.get(field)]


_ENV_SOURCES: Final[Mapping[str, Callable[[Object, str], Errors]]] = {
    "fieldRef": _env_field_ref,
    "resourceFieldRef": validate_resource_field_ref,
    "configMapKeyRef": _validate_key_ref,
    "secretKeyRef": _validate_key_ref,
    "fileKeyRef": _validate_file_key_ref,
}


def _source_name(name: str) -> list[str]:
    return names.dns_subdomain(names.without_trailing_dash(name))


def _validate_env_from(sources: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources or ()):
        here = f"{path}[{index}]"
        if source.get("prefix"):
            errors += invalid_each(f"{here}.prefix", source["prefix"], names.env_name(source["prefix"]))
        given = [field for field in ("configMapRef", "secretRef") if source.get(field) is not None]
        for field in given:
            errors += checked(f"{here}.{field}.name", source[field].get("name"), _source_name)
        if not given:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors
