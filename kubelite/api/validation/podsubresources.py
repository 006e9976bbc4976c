"""What may change in a pod by way of its subresources: ephemeral containers are added, resources resized.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidatePodEphemeralContainersUpdate,
ValidatePodResize and what they call).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kubelite.api.podutil import is_mirror, is_sidecar, qos_class
from kubelite.api.validation.containers import validate_common, validate_trimmed_image
from kubelite.api.validation.mounts import volumes_of
from kubelite.api.validation.problems import Errors, duplicate, forbidden, invalid, not_found
from kubelite.apimachinery.scheme import Object

NOT_EPHEMERAL: Final = "cannot be set for an Ephemeral Container"
FORBIDDEN_IN_EPHEMERAL: Final = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
"""Fields of a container that an ephemeral one cannot have, in the order of the struct."""

_RESIZABLE: Final = frozenset({"cpu", "memory"})


# --- ephemeral containers -----------------------------------------------------------------------------------


def validate_ephemeral_containers(spec: Object, path: str = "spec.ephemeralContainers") -> Errors:
    """The errors in a pod's ephemeral containers, by themselves and against the other containers."""
    volumes = volumes_of(spec)
    others = {
        container.get("name", "")
        for field in ("containers", "initContainers")
        for container in spec.get(field) or ()
    }
    taken = set(others)
    errors: Errors = []
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here = f"{path}[{index}]"
        errors += validate_common(container, spec, volumes, here)
        errors += validate_trimmed_image(container, here)
        name, target = container.get("name") or "", container.get("targetContainerName")
        if name in taken:
            errors.append(duplicate(f"{here}.name", name))
        taken.add(name)
        if target and target not in others:
            errors.append(not_found(f"{here}.targetContainerName", target))
        errors += [
            forbidden(f"{here}.{field}", NOT_EPHEMERAL)
            for field in FORBIDDEN_IN_EPHEMERAL
            if container.get(field)
        ]
        errors += [
            forbidden(f"{here}.volumeMounts[{position}].{field}", NOT_EPHEMERAL)
            for position, mount in enumerate(container.get("volumeMounts") or ())
            for field in ("subPath", "subPathExpr")
            if mount.get(field)
        ]
    return errors


def validate_ephemeral_containers_update(
    new: Object, old: Object, validate_spec: Callable[[Object], Errors]
) -> Errors:
    """The errors in an update of `ephemeralcontainers`.

    Args:
        new: The pod, of which nothing but its ephemeral containers differs.
        old: What is stored.
        validate_spec: Judges the pod's spec as a whole.
    """
    if is_mirror(old):
        return [forbidden("", "static pods do not support ephemeral containers")]
    errors = validate_spec(new["spec"])
    path = "spec.ephemeralContainers"
    by_name = {container.get("name"): container for container in new["spec"].get("ephemeralContainers") or ()}
    for container in old["spec"].get("ephemeralContainers") or ():
        name = container["name"]
        later = by_name.get(name)
        if later is None:
            errors.append(forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n'))
        elif later != container:
            changes = _difference(container, later)
            detail = f'existing ephemeral containers "{name}" may not be changed\n{changes}'
            errors.append(forbidden(path, detail))
    return errors


def _difference(old: Object, new: Object) -> str:
    fields = sorted(field for field in old.keys() | new.keys() if old.get(field) != new.get(field))
    return "".join(f"  {field}\n" for field in fields)


# --- resize -------------------------------------------------------------------------------------------------


def validate_resize(new: Object, old: Object, validate_spec: Callable[[Object], Errors]) -> Errors:
    """The errors in an update of `resize`; the arguments are as above."""
    if is_mirror(old):
        return [forbidden("", "static pods cannot be resized")]
    if (old["spec"].get("os") or {}).get("name") == "windows":
        return [forbidden("", "windows pods cannot be resized")]
    new_spec, old_spec = new["spec"], old["spec"]
    errors = validate_spec(new_spec)
    current = (old.get("status") or {}).get("qosClass") or qos_class(old_spec)
    if current != qos_class(new_spec):
        shown = (new.get("status") or {}).get("qosClass") or ""
        errors.append(invalid("spec", shown, "Pod QOS Class may not change as a result of resizing"))
    if not _is_supported(old):
        errors.append(forbidden("spec", "Pod running on node without support for resize"))
    moved = _validate_same_containers(new_spec, old_spec)
    if moved:
        return errors + moved
    for field in ("initContainers", "containers"):
        for index, container in enumerate(new_spec.get(field) or ()):
            if field == "containers" or is_sidecar(container):
                before = old_spec[field][index].get("resources") or {}
                errors += _validate_kept(
                    container.get("resources") or {}, before, f"spec.{field}[{index}].resources"
                )
    return errors + _validate_only_cpu_and_memory(new_spec, old_spec)


def _is_supported(pod: Object) -> bool:
    """Whether the node says what resources a running container has."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _validate_same_containers(new: Object, old: Object) -> Errors:
    errors: Errors = []
    for field in ("containers", "initContainers"):
        after, before = new.get(field) or [], old.get(field) or []
        if len(after) != len(before):
            errors.append(forbidden(f"spec.{field}", f"{field} may not be added or removed on resize"))
            continue
        errors += [
            forbidden(f"spec.{field}[{index}].name", f"{field} may not be renamed or reordered on resize")
            for index, (one, other) in enumerate(zip(after, before, strict=True))
            if one["name"] != other["name"]
        ]
    return errors


def _validate_kept(new: Object, old: Object, path: str) -> Errors:
    return [
        forbidden(f"{path}.{field}", f"resource {field} cannot be removed")
        for field in ("requests", "limits")
        if not (old.get(field) or {}).keys() <= (new.get(field) or {}).keys()
    ]


def _validate_only_cpu_and_memory(new: Object, old: Object) -> Errors:
    errors: Errors = []
    restored = dict(new)
    for field in ("containers", "initContainers"):
        containers = []
        for after, before in zip(new.get(field) or (), old.get(field) or (), strict=True):
            fixed = field == "initContainers" and not is_sidecar(after)
            kept = after if fixed else _without_resize(after, before)
            if kept != before:
                errors.append(forbidden("spec", _ONLY[field, fixed]))
            containers.append(kept)
        if containers:
            restored[field] = containers
    if restored != old:
        changes = _difference(old, restored)
        errors.append(forbidden("spec", f"only cpu and memory resources are mutable\n{changes}"))
    return errors


_ONLY: Final = {
    ("containers", False): "only cpu and memory resources are mutable",
    ("initContainers", False): "only cpu and memory resources for sidecar containers are mutable",
    ("initContainers", True): "resources for non-sidecar init containers are immutable",
}


def _without_resize(container: Object, before: Object) -> Object:
    """The container with what a resize may change set back."""
    resources: Object = {}
    old = before.get("resources") or {}
    for field in ("limits", "requests"):
        amounts = {
            name: value
            for name, value in ((container.get("resources") or {}).get(field) or {}).items()
            if name not in _RESIZABLE
        }
        amounts.update({name: value for name, value in (old.get(field) or {}).items() if name in _RESIZABLE})
        if amounts:
            resources[field] = amounts
    restored = {**container, "resources": resources}
    restored.pop("resizePolicy", None)
    if "resizePolicy" in before:
        restored["resizePolicy"] = before["resizePolicy"]
    return restored
