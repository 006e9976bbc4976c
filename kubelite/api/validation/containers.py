"""What a container must be: name, image, ports, environment, mounts, probes, resources.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateContainerCommon and what it calls).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from kubelite.api.podutil import is_sidecar
from kubelite.api.resourcelist import amount
from kubelite.api.validation import names
from kubelite.api.validation.addresses import validate_address
from kubelite.api.validation.paths import validate_descending_path
from kubelite.api.validation.problems import (
    Errors,
    checked,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_found,
    not_negative,
    not_supported,
    one_of,
    required,
)
from kubelite.api.validation.securitycontext import validate_security_context
from kubelite.apimachinery.scheme import Object

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_SCHEMES: Final = ("HTTP", "HTTPS")
_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_HUGE_PAGES: Final = "hugepages-"
_CONTAINER_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_WHOLE_RESOURCES: Final = frozenset({"pods", "services"})
_SUBSCRIPTED: Final = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")
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
_RESOURCE_FIELDS: Final = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)


def validate_containers(spec: Object, volumes: Collection[str], path: str) -> Errors:
    """The errors in `spec.containers`.

    Args:
        spec: of the pod, with defaults.
        volumes: names of the pod's volumes.
        path: of the list.
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
        errors += _validate_lifecycle(container.get("lifecycle"), f"{here}.lifecycle")
        errors += _validate_probes(container, here)
    errors += _validate_host_port_conflicts(containers, path)
    return errors


def validate_init_containers(spec: Object, volumes: Collection[str], path: str) -> Errors:
    """The errors in `spec.initContainers`; their names must differ from those of the regular ones too."""
    errors: Errors = []
    seen = {container.get("name", "") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = f"{path}[{index}]"
        errors += validate_common(container, spec, volumes, here)
        restart_policy = container.get("restartPolicy")
        if restart_policy and restart_policy != "Always":
            errors.append(not_supported(f"{here}.restartPolicy", restart_policy, ["Always"]))
        errors += _validate_unique_name(container, seen, here)
        if is_sidecar(container):
            errors += _validate_lifecycle(container.get("lifecycle"), f"{here}.lifecycle")
            errors += _validate_probes(container, here)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(field) is not None:
                detail = "may not be set for init containers without restartPolicy=Always"
                errors.append(forbidden(f"{here}.{field}", detail))
    return errors


def _validate_unique_name(container: Object, seen: set[str], path: str) -> Errors:
    name = container.get("name", "")
    if name in seen:
        return [duplicate(f"{path}.name", name)]
    if name:
        seen.add(name)
    return []


def validate_common(container: Object, spec: Object, volumes: Collection[str], path: str) -> Errors:
    """The errors in what containers of every sort have; some depend on the pod's spec."""
    errors = checked(f"{path}.name", container.get("name"), names.dns_label)
    errors += validate_image(container, path)
    errors += one_of(
        f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES
    )
    errors += _validate_ports(container.get("ports"), f"{path}.ports")
    errors += _validate_env(container.get("env"), f"{path}.env")
    errors += _validate_env_from(container.get("envFrom"), f"{path}.envFrom")
    errors += _validate_mounts(container, volumes, f"{path}.volumeMounts")
    errors += _validate_devices(container, volumes, f"{path}.volumeDevices")
    errors += one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    errors += validate_resources(container.get("resources"), f"{path}.resources")
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


def validate_image(container: Object, path: str) -> Errors:
    """An image is required; blanks around it are not allowed."""
    image = container.get("image") or ""
    if not image:
        return [required(f"{path}.image", "")]
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
        key = subscript[2]
        check = names.label_key if subscript[1] == "labels" else names.qualified_name
        return invalid_each(here, field, check(key if subscript[1] == "labels" else key.lower()))
    if ref["apiVersion"] != "v1" or field not in _POD_FIELDS:
        detail = f"error converting fieldPath: field label not supported: {field}"
        return [invalid(here, field, detail)]
    choices = list(supported)
    return [] if field in choices else [not_supported(here, field, choices)]


def _env_field_ref(ref: Object, path: str) -> Errors:
    return validate_field_ref(ref, ENV_FIELDS, path)


def validate_resource_field_ref(ref: Object, path: str) -> Errors:
    """The errors of a reference to a container's requests or limits."""
    resource = ref.get("resource") or ""
    if not resource:
        return [required(f"{path}.resource", "")]
    if resource in _RESOURCE_FIELDS or resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        return []
    return [not_supported(f"{path}.resource", resource, _RESOURCE_FIELDS)]


def _validate_key_ref(ref: Object, path: str) -> Errors:
    errors = [] if ref.get("name") else [required(f"{path}.name", "")]
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


def _validate_env_from(sources: list[Object] | None, path: str) -> Errors:
    errors: Errors = []
    for index, source in enumerate(sources or ()):
        here = f"{path}[{index}]"
        if source.get("prefix"):
            errors += invalid_each(f"{here}.prefix", source["prefix"], names.env_name(source["prefix"]))
        given = [field for field in ("configMapRef", "secretRef") if source.get(field) is not None]
        errors += [required(f"{here}.{field}.name", "") for field in given if not source[field].get("name")]
        if not given:
            errors.append(invalid(here, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(here, "", "may not have more than one field specified at a time"))
    return errors


def _validate_mounts(container: Object, volumes: Collection[str], path: str) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    devices = {device.get("name") for device in container.get("volumeDevices") or ()}
    is_privileged = bool((container.get("securityContext") or {}).get("privileged"))
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}[{index}]"
        name = mount.get("name") or ""
        if not name:
            errors.append(required(f"{here}.name", ""))
        if name not in volumes:
            errors.append(not_found(f"{here}.name", name))
        mount_path = mount.get("mountPath") or ""
        if not mount_path:
            errors.append(required(f"{here}.mountPath", ""))
        if mount_path in seen:
            errors.append(invalid(f"{here}.mountPath", mount_path, "must be unique"))
        seen.add(mount_path)
        if name in devices:
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeDevices"))
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                errors += validate_descending_path(mount[field], f"{here}.{field}")
        if mount.get("subPath") and mount.get("subPathExpr"):
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(invalid(f"{here}.subPathExpr", mount["subPathExpr"], detail))
        propagation = mount.get("mountPropagation")
        if propagation is not None and propagation not in _PROPAGATIONS:
            errors.append(not_supported(f"{here}.mountPropagation", propagation, _PROPAGATIONS))
        elif propagation == "Bidirectional" and not is_privileged:
            detail = "Bidirectional mount propagation is available only to privileged containers"
            errors.append(forbidden(f"{here}.mountPropagation", detail))
    return errors


def _validate_devices(container: Object, volumes: Collection[str], path: str) -> Errors:
    errors: Errors = []
    names_seen: set[str] = set()
    paths_seen: set[str] = set()
    mounts = {mount.get("name") for mount in container.get("volumeMounts") or ()}
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here = f"{path}[{index}]"
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            errors.append(required(f"{here}.name", ""))
        if name in names_seen:
            errors.append(invalid(f"{here}.name", name, "must be unique"))
        names_seen.add(name)
        if not device_path:
            errors.append(required(f"{here}.devicePath", ""))
        elif device_path in paths_seen:
            errors.append(invalid(f"{here}.devicePath", device_path, "must be unique"))
        elif ".." in device_path.split("/"):
            errors.append(invalid(f"{here}.devicePath", device_path, "can not contain backsteps ('..')"))
        paths_seen.add(device_path)
        if name in mounts:
            errors.append(invalid(f"{here}.name", name, "must not already exist in volumeMounts"))
        if name not in volumes:
            errors.append(not_found(f"{here}.name", name))
    return errors


def _is_overcommitted(name: str) -> bool:
    """Whether a node may promise more of a resource than it has."""
    return ("/" not in name or "kubernetes.io/" in name) and not name.startswith(_HUGE_PAGES)


def validate_resources(resources: Object | None, path: str) -> Errors:
    """The errors in requests and limits, each by itself and against the other."""
    if not resources:
        return []
    errors: Errors = []
    limits: Mapping[str, str] = resources.get("limits") or {}
    requests: Mapping[str, str] = resources.get("requests") or {}
    for name, value in limits.items():
        errors += _validate_amount(name, value, f"{path}.limits")
    for name, value in requests.items():
        errors += _validate_amount(name, value, f"{path}.requests")
        limit = limits.get(name)
        if limit is None:
            if not _is_overcommitted(name):
                detail = "Limit must be set for non overcommitable resources"
                errors.append(required(f"{path}.limits", detail))
        elif not _is_overcommitted(name) and amount(name, value) != amount(name, limit):
            errors.append(invalid(f"{path}.requests", value, f"must be equal to {name} limit of {limit}"))
        elif amount(name, value) > amount(name, limit):
            detail = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid(f"{path}.requests", value, detail))
    asked = {*limits, *requests}
    if any(name.startswith(_HUGE_PAGES) for name in asked) and not asked & {"cpu", "memory"}:
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    return errors


def _validate_amount(name: str, value: str, path: str) -> Errors:
    here = f"{path}[{name}]"
    errors = invalid_each(path, name, names.qualified_name(name))
    if "/" not in name and name not in _CONTAINER_RESOURCES and not name.startswith(_HUGE_PAGES):
        errors.append(invalid(path, name, "must be a standard resource for containers"))
    if amount("cpu", value) < 0:
        errors.append(invalid(here, value, names.NOT_NEGATIVE))
    if ("/" in name or name in _WHOLE_RESOURCES) and amount("cpu", value) % 1000:
        errors.append(invalid(here, value, "must be an integer"))
    return errors


def _validate_probes(container: Object, path: str) -> Errors:
    errors: Errors = []
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if probe is None:
            continue
        here = f"{path}.{field}"
        errors += _validate_probe(probe, here)
        grace_period_s = probe.get("terminationGracePeriodSeconds")
        if field == "readinessProbe":
            if grace_period_s is not None:
                detail = "must not be set for readinessProbes"
                errors.append(invalid(f"{here}.terminationGracePeriodSeconds", grace_period_s, detail))
        elif probe.get("successThreshold") not in {None, 0, 1}:
            errors.append(invalid(f"{here}.successThreshold", probe["successThreshold"], "must be 1"))
    return errors


def _validate_probe(probe: Object, path: str) -> Errors:
    errors = _validate_handler(probe, path)
    for field in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        errors += not_negative(f"{path}.{field}", probe.get(field))
    grace_period_s = probe.get("terminationGracePeriodSeconds")
    if grace_period_s is not None and grace_period_s <= 0:
        here = f"{path}.terminationGracePeriodSeconds"
        errors.append(invalid(here, grace_period_s, "must be greater than 0"))
    return errors


def _validate_lifecycle(lifecycle: Object | None, path: str) -> Errors:
    errors: Errors = []
    for hook in ("postStart", "preStop"):
        handler = (lifecycle or {}).get(hook)
        if handler is not None:
            errors += _validate_handler(handler, f"{path}.{hook}")
    return errors


def _validate_handler(handler: Object, path: str) -> Errors:
    given = [kind for kind in _HANDLERS if handler.get(kind) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    errors = _validate_action(given[0], handler[given[0]], f"{path}.{given[0]}")
    for kind in given[1:]:
        errors.append(forbidden(f"{path}.{kind}", "may not specify more than 1 handler type"))
    return errors


def _validate_action(kind: str, action: Object, path: str) -> Errors:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command", "")]
    if kind == "tcpSocket":
        return validate_port_or_name(action.get("port", 0), f"{path}.port")
    if kind == "grpc":
        return invalid_each(f"{path}.port", action.get("port", 0), names.port_number(action.get("port", 0)))
    if kind == "sleep":
        return not_negative(f"{path}.seconds", action.get("seconds"))
    errors = [] if action.get("path") else [required(f"{path}.path", "")]
    errors += validate_port_or_name(action.get("port", 0), f"{path}.port")
    scheme = action.get("scheme") or ""
    if scheme not in _SCHEMES:
        errors.append(not_supported(f"{path}.scheme", scheme, _SCHEMES))
    for index, header in enumerate(action.get("httpHeaders") or ()):
        name = header.get("name") or ""
        errors += invalid_each(f"{path}.httpHeaders[{index}].name", name, names.http_header_name(name))
    return errors


def validate_port_or_name(port: Any, path: str) -> Errors:
    """A port's number, or the name that a container gives it."""
    check = names.port_number if isinstance(port, int) else names.port_name
    return invalid_each(path, port, check(port))
