"""What may be said of a pod in its status.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (ValidatePodStatusUpdate and what it calls).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from kubelite.api.podutil import is_sidecar
from kubelite.api.validation import names
from kubelite.api.validation.addresses import validate_address
from kubelite.api.validation.podannotations import validate_pod_annotations_update
from kubelite.api.validation.problems import Errors, duplicate, forbidden, invalid, invalid_each
from kubelite.api.validation.serviceaddresses import family_of
from kubelite.apimachinery.scheme import Object

_SYSTEM_CONDITIONS: Final = frozenset({"PodScheduled", "Ready", "Initialized"})
_ONE_EACH: Final = "may specify no more than one IP for each IP family"


def validate_pod_status_update(new: Object, old: Object) -> Errors:
    """The errors in an update of a pod's status: what has ended stays so if nothing may restart it."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = validate_pod_annotations_update(new, old)
    errors += _validate_conditions(status.get("conditions") or ())
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        errors += invalid_each("status.nominatedNodeName", nominated, names.dns_subdomain(nominated))
    if before.get("qosClass") and status.get("qosClass") and status["qosClass"] != before["qosClass"]:
        errors.append(invalid("status.qosClass", status["qosClass"], names.IMMUTABLE))
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        errors += _validate_transitions(status.get(field) or (), before.get(field) or (), old, field)
    errors += _validate_claims(new)
    errors += _validate_addresses("status.podIPs", _pod_addresses(status), _pod_addresses(before))
    return errors + _validate_host_addresses(status, before)


def _validate_conditions(conditions: Iterable[Object]) -> Errors:
    errors: Errors = []
    for index, condition in enumerate(conditions):
        kind = condition.get("type") or ""
        if kind not in _SYSTEM_CONDITIONS:
            # The path is Kubernetes' own, who looks for them in the wrong place.
            errors += invalid_each(f"metadata.conditions[{index}].Type", kind, _type_messages(kind))
    return errors


@lru_cache(maxsize=64)
def _type_messages(kind: str) -> tuple[str, ...]:
    return tuple(names.qualified_name(kind))


# --- containers that have ended -----------------------------------------------------------------------------


def _validate_transitions(new: Iterable[Object], old: Iterable[Object], pod: Object, field: str) -> Errors:
    spec = pod.get("spec") or {}
    is_ephemeral = field == "ephemeralContainerStatuses"
    policy = "Never" if is_ephemeral else spec.get("restartPolicy")
    if policy == "Always" or (not is_ephemeral and _may_restart_all(spec)):
        return []
    containers = {
        each["name"]: each for each in spec.get(field.removesuffix("Statuses") + "s") or () if "name" in each
    }
    later = {status.get("name"): status for status in new}
    errors: Errors = []
    for index, status in enumerate(old):
        terminated = (status.get("state") or {}).get("terminated")
        name = status.get("name")
        if terminated is None or name not in later:
            continue
        code = terminated.get("exitCode") or 0
        container = containers.get(name) or {}
        if policy == "OnFailure" and code:
            continue
        if not is_ephemeral and (
            _may_restart(container, policy, code) or (field.startswith("init") and is_sidecar(container))
        ):
            continue
        if (later[name].get("state") or {}).get("terminated") is None:
            detail = "may not be transitioned to non-terminated state"
            errors.append(forbidden(f"status.{field}[{index}].state", detail))
    return errors


def _may_restart_all(spec: Object) -> bool:
    """Whether a rule of one container may begin all of them again."""
    return any(
        rule.get("action") == "RestartAllContainers"
        for field in ("containers", "initContainers")
        for container in spec.get(field) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _may_restart(container: Object, policy: str | None, exit_code: int) -> bool:
    """Whether a container may begin again: by the pod's policy, its own, or a rule."""
    for rule in container.get("restartPolicyRules") or ():
        asked = rule.get("exitCodes") or {}
        if (exit_code in (asked.get("values") or ())) == (asked.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or policy
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


# --- claims and addresses -----------------------------------------------------------------------------------


def _validate_claims(pod: Object) -> Errors:
    known = {claim.get("name") for claim in (pod.get("spec") or {}).get("resourceClaims") or ()}
    errors: Errors = []
    seen: set[str] = set()
    for index, status in enumerate((pod.get("status") or {}).get("resourceClaimStatuses") or ()):
        name, here = status.get("name") or "", f"status.resourceClaimStatuses[{index}].name"
        if name not in known:
            errors.append(invalid(here, name, "must match the name of an entry in `spec.resourceClaims`"))
        if name in seen:
            errors.append(duplicate(here, name))
        seen.add(name)
        claim = status.get("resourceClaimName")
        if claim is not None:
            errors += invalid_each(here, claim, names.dns_subdomain(claim))
    return errors


def _pod_addresses(status: Object) -> list[str]:
    """A pod's addresses; the single field goes before the list if they do not agree."""
    listed = [entry.get("ip") or "" for entry in status.get("podIPs") or ()]
    single = status.get("podIP")
    return [single] if single and listed[:1] != [single] else listed


def _validate_addresses(path: str, addresses: list[str], before: Collection[str]) -> Errors:
    errors: Errors = []
    for index, address in enumerate(addresses):
        errors += validate_address(f"{path}[{index}]", address, before)
    if errors or len(addresses) < 2:
        return errors
    if len(addresses) != len({family_of(address) for address in addresses}):
        errors.append(invalid(path, [{"IP": address} for address in addresses], _ONE_EACH))
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            errors.append(duplicate(f"{path}[{index}]", {"IP": address}))
    return errors


def _validate_host_addresses(status: Object, before: Object) -> Errors:
    listed = [entry.get("ip") or "" for entry in status.get("hostIPs") or ()]
    if not listed:
        return []
    errors: Errors = []
    if listed[0] != (status.get("hostIP") or ""):
        errors.append(invalid("status.hostIPs[0].ip", listed[0], "must be equal to `hostIP`"))
    former = {entry.get("ip") or "" for entry in before.get("hostIPs") or ()}
    return errors + _validate_addresses("status.hostIPs", listed, former)
