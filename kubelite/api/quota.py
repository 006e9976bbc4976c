"""What an object uses up of a ResourceQuota. Pure; asked by admission and by the controller.

Source: k8s.io/kubernetes/pkg/quota/v1/evaluator/core; k8s.io/apiserver/pkg/quota/v1/generic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from kubelite.api import podutil
from kubelite.api import resources as r
from kubelite.api.podresize import spec_with_given
from kubelite.apimachinery import quantity
from kubelite.apimachinery.labels import Selector, parse_selector
from kubelite.apimachinery.quantity import Quantity
from kubelite.apimachinery.scheme import Object, Resource
from kubelite.apimachinery.timestamps import parse_time

Usage: TypeAlias = Mapping[str, Quantity]
ZERO: Final = Quantity(Decimal(0))
ONE: Final = Quantity(Decimal(1))

_PLAIN_NAMES: Final = frozenset(
    {
        r.CONFIGMAPS,
        r.PERSISTENTVOLUMECLAIMS,
        r.REPLICATIONCONTROLLERS,
        r.RESOURCEQUOTAS,
        r.SECRETS,
        r.SERVICES,
    }
)
"""Kinds whose number has a name of its own besides `count/…`."""
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_REQUIRED: Final = ("cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory")
"""What a quota makes every container say, if it limits it."""
_STORAGE_CLASS: Final = ".storageclass.storage.k8s.io/"
_CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"


def count_name(resource: Resource) -> str:
    """The name under which the number of a kind's objects is limited."""
    return f"count/{resource.group_resource}"


def counted(name: str) -> bool:
    """Whether a limit is one that we know how to count; the rest of a quota is left alone."""
    if name.startswith(("count/", "requests.", "limits.", "hugepages-")) or _STORAGE_CLASS in name:
        return True
    plain = {resource.plural for resource in _PLAIN_NAMES}
    return name in plain or name in {"pods", "services.nodeports", "services.loadbalancers", *_COMPUTE}


def usage_of(resource: Resource, obj: Object, now: float) -> dict[str, Quantity]:
    """What an object uses, by the names of limits.

    Args:
        resource: Its kind.
        obj: As it is stored.
        now: Unix seconds.
    """
    usage = {count_name(resource): ONE}
    if resource in _PLAIN_NAMES:
        usage[resource.plural] = ONE
    if resource == r.PODS:
        if not _is_over(obj, now):
            usage |= _pod(spec_with_given(obj))
    elif resource == r.SERVICES:
        usage |= _service(obj.get("spec") or {})
    elif resource == r.PERSISTENTVOLUMECLAIMS:
        usage |= _claim(obj)
    return usage


def total(usages: Iterable[Usage]) -> dict[str, Quantity]:
    """The sum of several."""
    made: dict[str, Quantity] = {}
    for usage in usages:
        for name, amount in usage.items():
            made[name] = made[name] + amount if name in made else amount
    return made


def growth(new: Usage, old: Usage) -> dict[str, Quantity]:
    """What a change uses more; nothing where it uses less."""
    grown = {name: amount - old[name] if name in old else amount for name, amount in new.items()}
    return {name: amount for name, amount in grown.items() if amount > ZERO}


# --- pods ---------------------------------------------------------------------------------------------------


def _is_over(pod: Object, now: float) -> bool:
    """Ended, or beyond its grace period: it uses nothing any more."""
    if podutil.is_terminal(pod):
        return True
    metadata = pod["metadata"]
    deleted, grace_s = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return bool(deleted) and grace_s is not None and now > parse_time(deleted) + grace_s


def _amounts(resource_list: Mapping[str, Any] | None) -> dict[str, Quantity]:
    return {name: quantity.parse(text) for name, text in (resource_list or {}).items()}


def _largest(first: Usage, second: Usage) -> dict[str, Quantity]:
    return {name: max(first.get(name, ZERO), second.get(name, ZERO)) for name in {**first, **second}}


def _pod_total(spec: Object, field: str) -> dict[str, Quantity]:
    """The pod's requests or limits, with their own suffixes: see `podutil.requests`."""
    wanted = total(
        _amounts((each.get("resources") or {}).get(field)) for each in spec.get("containers") or ()
    )
    sidecars: dict[str, Quantity] = {}
    most: dict[str, Quantity] = {}
    for each in spec.get("initContainers") or ():
        amounts = _amounts((each.get("resources") or {}).get(field))
        if podutil.is_sidecar(each):
            wanted, sidecars = total((wanted, amounts)), total((sidecars, amounts))
            most = _largest(most, sidecars)
        else:
            most = _largest(most, total((amounts, sidecars)))
    wanted = _largest(wanted, most) if most else wanted
    wanted |= _amounts((spec.get("resources") or {}).get(field))
    overhead = _amounts(spec.get("overhead"))
    if field == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in wanted}
    return total((wanted, overhead))


def _pod(spec: Object) -> dict[str, Quantity]:
    usage = {"pods": ONE}
    for name, amount in _pod_total(spec, "requests").items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            usage[name] = amount
        usage[f"requests.{name}"] = amount
    for name, amount in _pod_total(spec, "limits").items():
        if name in _COMPUTE:
            usage[f"limits.{name}"] = amount
    return usage


def missing(spec: Object, limited: Iterable[str]) -> str:
    """What containers have to say under a quota and do not, in Kubernetes' words; "" if all is said."""
    names = [name for name in _REQUIRED if name in set(limited)]
    silent: dict[str, list[str]] = {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        for name in names:
            field, _, plain = name.rpartition(".")
            if plain not in (resources.get(field or "requests") or {}):
                silent.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(set(silent[name])))}" for name in sorted(silent))


# --- others -------------------------------------------------------------------------------------------------


def _service(spec: Object) -> dict[str, Quantity]:
    ports = len(spec.get("ports") or ())
    match spec.get("type"):
        case "NodePort":
            return {"services.nodeports": Quantity(Decimal(ports))}
        case "LoadBalancer":
            usage = {"services.loadbalancers": ONE}
            if spec.get("allocateLoadBalancerNodePorts") is not False:
                usage["services.nodeports"] = Quantity(Decimal(ports))
            return usage
        case _:
            return {}


def _claim(claim: Object) -> dict[str, Quantity]:
    spec, metadata = claim.get("spec") or {}, claim.get("metadata") or {}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    usage: dict[str, Quantity] = {}
    if asked:
        given = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
        amount = max(quantity.parse(asked), quantity.parse(given)) if given else quantity.parse(asked)
        usage["requests.storage"] = amount
    class_name = (metadata.get("annotations") or {}).get(_CLASS_ANNOTATION) or spec.get("storageClassName")
    if class_name:
        usage |= {f"{class_name}{_STORAGE_CLASS}{name}": amount for name, amount in usage.items()}
        usage[f"{class_name}{_STORAGE_CLASS}persistentvolumeclaims"] = ONE
    return usage


def says_more_of_itself(old: Object, new: Object) -> bool:
    """Whether a claim's status tells of another size or class, as quotas count them."""
    fields = ("allocatedResources", "currentVolumeAttributesClassName", "modifyVolumeStatus")
    before, after = old.get("status") or {}, new.get("status") or {}
    return any(before.get(field) != after.get(field) for field in fields)


# --- scopes -------------------------------------------------------------------------------------------------


def applies(quota: Object, resource: Resource, obj: Object) -> bool:
    """Whether an object counts for a quota; scopes are about pods (and some about claims) only."""
    spec = quota["spec"]
    terms: list[tuple[str, str, tuple[str, ...]]] = [
        (scope, "Exists", ()) for scope in spec.get("scopes") or ()
    ]
    terms += [
        (each["scopeName"], each["operator"], tuple(each.get("values") or ()))
        for each in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    ]
    if not terms:
        return True
    if resource == r.PERSISTENTVOLUMECLAIMS:
        return all(_claim_in_scope(*term, obj) for term in terms)
    return resource == r.PODS and all(_in_scope(*term, obj["spec"]) for term in terms)


def _claim_in_scope(scope: str, operator: str, values: tuple[str, ...], claim: Object) -> bool:
    """By the classes that a claim has, had last, and is on its way to."""
    if scope != "VolumeAttributesClass":
        return False
    status = claim.get("status") or {}
    names: tuple[str | None, ...] = (
        (claim.get("spec") or {}).get("volumeAttributesClassName"),
        status.get("currentVolumeAttributesClassName"),
        (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
    )
    classes: list[str | None] = [name for name in names if name]
    return any(_selects(operator, values, name) for name in classes or [None])


def _in_scope(scope: str, operator: str, values: tuple[str, ...], spec: Object) -> bool:
    deadline = spec.get("activeDeadlineSeconds")
    match scope:
        case "Terminating":
            return deadline is not None and deadline >= 0
        case "NotTerminating":
            return deadline is None
        case "BestEffort":
            return podutil.qos_class(spec) == "BestEffort"
        case "NotBestEffort":
            return podutil.qos_class(spec) != "BestEffort"
        case "CrossNamespacePodAffinity":
            return _crosses_namespaces(spec)
        case "PriorityClass":
            name = spec.get("priorityClassName")
            return _selects(operator, values, name)
        case _:
            return False


def _selects(operator: str, values: tuple[str, ...], value: str | None) -> bool:
    """As a label selector on one value would."""
    text = {"Exists": "k", "DoesNotExist": "!k"}.get(operator)
    if text is None:
        text = f"k {'in' if operator == 'In' else 'notin'} ({','.join(values)})"
    selector: Selector = parse_selector(text)
    return selector.matches({"k": value} if value else {})


def _crosses_namespaces(spec: Object) -> bool:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        weighted = terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        for term in (
            *(terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()),
            *(each.get("podAffinityTerm") or {} for each in weighted),
        ):
            if term.get("namespaces") or term.get("namespaceSelector") is not None:
                return True
    return False
