"""What a LimitRange gives to containers that do not say what they need, and what it refuses. Pure.

Source: k8s.io/kubernetes/plugin/pkg/admission/limitranger/admission.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from kubelite.api import podutil
from kubelite.apimachinery import quantity
from kubelite.apimachinery.quantity import Quantity
from kubelite.apimachinery.scheme import Object

ANNOTATION: Final = "kubernetes.io/limit-ranger"
Amounts: TypeAlias = dict[str, Quantity]
_MILLI_MAX: Final = (1 << 63) // 1000
"""Beyond this, ratios are compared in whole units."""


# --- defaults -----------------------------------------------------------------------------------------------


def with_defaults(pod: Object, limit_range: Object) -> Object:
    """The pod with requests and limits where its containers have none, and a note of what was set."""
    defaults: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for item in limit_range["spec"].get("limits") or ():
        if item.get("type") == "Container":
            defaults["requests"].update(item.get("defaultRequest") or {})
            defaults["limits"].update(item.get("default") or {})
    if not any(defaults.values()):
        return pod
    notes: list[str] = []
    spec = dict(pod["spec"])
    for field, prefix in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(field):
            spec[field] = [_filled(container, defaults, prefix, notes) for container in spec[field]]
    if not notes:
        return pod
    annotations = {
        **(pod["metadata"].get("annotations") or {}),
        ANNOTATION: f"LimitRanger plugin set: {'; '.join(notes)}",
    }
    return {**pod, "metadata": {**pod["metadata"], "annotations": annotations}, "spec": spec}


def _filled(
    container: Object, defaults: Mapping[str, Mapping[str, str]], prefix: str, notes: list[str]
) -> Object:
    resources = dict(container.get("resources") or {})
    for field, word in (("requests", "request"), ("limits", "limit")):
        own = resources.get(field) or {}
        missing = {name: value for name, value in defaults[field].items() if name not in own}
        if missing:
            resources[field] = {**own, **missing}
            notes.append(f"{', '.join(sorted(missing))} {word} for {prefix} {container['name']}")
    return (
        container
        if resources == (container.get("resources") or {})
        else {**container, "resources": resources}
    )


# --- limits -------------------------------------------------------------------------------------------------


def pod_errors(pod: Object, limit_range: Object) -> list[str]:
    """What a LimitRange has against a pod."""
    errors: list[str] = []
    spec = pod["spec"]
    for item in limit_range["spec"].get("limits") or ():
        if item.get("type") == "Container":
            for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
                resources = container.get("resources") or {}
                errors += _errors(item, _parsed(resources.get("requests")), _parsed(resources.get("limits")))
        elif item.get("type") == "Pod":
            errors += _errors(item, _of_pod(spec, "requests"), _of_pod(spec, "limits"))
    return errors


def claim_errors(claim: Object, limit_range: Object) -> list[str]:
    """What a LimitRange has against a PersistentVolumeClaim."""
    requests = _parsed((claim["spec"].get("resources") or {}).get("requests"))
    errors: list[str] = []
    for item in limit_range["spec"].get("limits") or ():
        if item.get("type") == "PersistentVolumeClaim":
            errors += _below_minimum(item, requests, {})
            for name, maximum in _bounds(item, "max"):
                words = f"maximum {name} usage per PersistentVolumeClaim is {maximum}"
                if name not in requests:
                    errors.append(f"{words}.  No request is specified")
                elif maximum < requests[name]:
                    errors.append(f"{words}, but request is {requests[name]}")
    return errors


def _errors(item: Object, requests: Amounts, limits: Amounts) -> list[str]:
    return [
        *_below_minimum(item, requests, limits),
        *_above_maximum(item, requests, limits),
        *_beyond_ratio(item, requests, limits),
    ]


def _below_minimum(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, minimum in _bounds(item, "min"):
        words = f"minimum {name} usage per {item['type']} is {minimum}"
        if name not in requests:
            yield f"{words}.  No request is specified"
        elif requests[name] < minimum:
            yield f"{words}, but request is {requests[name]}"
        elif name in limits and limits[name] < minimum:
            yield f"{words}, but limit is {limits[name]}"


def _above_maximum(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, maximum in _bounds(item, "max"):
        words = f"maximum {name} usage per {item['type']} is {maximum}"
        if name not in limits:
            yield f"{words}.  No limit is specified"
        elif maximum < limits[name]:
            yield f"{words}, but limit is {limits[name]}"
        elif name in requests and maximum < requests[name]:
            yield f"{words}, but request is {requests[name]}"


def _beyond_ratio(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, most in _bounds(item, "maxLimitRequestRatio"):
        words = f"{name} max limit to request ratio per {item['type']} is {most}"
        if not requests.get(name):
            yield f"{words}, but no request is specified or request is 0"
        elif not limits.get(name):
            yield f"{words}, but no limit is specified or limit is 0"
        else:
            ratio = limits[name].to_float() / requests[name].to_float()
            exact = most.integer() <= _MILLI_MAX
            if ratio * 1000 > most.milli() if exact else ratio > most.integer():
                yield f"{words}, but provided ratio is {ratio:f}"


def _bounds(item: Object, field: str) -> list[tuple[str, Quantity]]:
    return sorted(_parsed(item.get(field)).items(), key=lambda pair: pair[0])


def _parsed(texts: Mapping[str, str] | None) -> Amounts:
    return {name: quantity.parse(text) for name, text in (texts or {}).items()}


# --- sums ---------------------------------------------------------------------------------------------------


def _of_pod(spec: Object, field: str) -> Amounts:
    """What all containers of a pod want at once, or a step of its initialisation if that is more."""
    total = _sum(_parsed((c.get("resources") or {}).get(field)) for c in spec.get("containers") or ())
    sidecars: Amounts = {}
    most: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _parsed((container.get("resources") or {}).get(field))
        if podutil.is_sidecar(container):
            total, sidecars = _sum((total, own)), _sum((sidecars, own))
            most = _largest(most, sidecars)
        else:
            most = _largest(most, _sum((own, sidecars)))
    return _largest(total, most)


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total[name] + amount if name in total else amount
    return total


def _largest(first: Amounts, second: Amounts) -> Amounts:
    largest = dict(first)
    for name, amount in second.items():
        if name not in largest or largest[name] < amount:
            largest[name] = amount
    return largest
