"""Pure questions about pods that controllers, scheduler, node and validation all ask.

Nothing here looks at a clock: whoever needs "now" passes it, in Unix seconds.

Source: k8s.io/kubernetes/pkg/api/v1/pod, pkg/apis/core/v1/helper/qos, pkg/api/v1/resource.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from kubelite.api.conditions import get_condition, is_condition_true
from kubelite.api.resourcelist import Amounts, add_amounts, amounts_of, max_amounts
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.strconv import NumberError, parse_int
from kubelite.apimachinery.timestamps import parse_time

PENDING: Final = "Pending"
RUNNING: Final = "Running"
SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"
UNKNOWN: Final = "Unknown"
TERMINAL_PHASES: Final = frozenset({SUCCEEDED, FAILED})

GUARANTEED: Final = "Guaranteed"
BURSTABLE: Final = "Burstable"
BEST_EFFORT: Final = "BestEffort"
_COMPUTE: Final = ("cpu", "memory")

MIRROR: Final = "kubernetes.io/config.mirror"
POD_DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
DEFAULT_GRACE_PERIOD_S: Final = 30
_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0"})  # noqa: S104 - the wildcard that is compared with

HostPort = tuple[str, str, int]
"""Address on the node ("" for every one), protocol, port."""


def phase(pod: Object) -> str:
    """The phase; "" while nobody has set it."""
    text: str = pod.get("status", {}).get("phase", "")
    return text


def is_terminal(pod: Object) -> bool:
    """True once the pod has Succeeded or Failed: it will never run again."""
    return phase(pod) in TERMINAL_PHASES


def is_terminating(pod: Object) -> bool:
    """True from the moment that a deletion has been asked for."""
    return pod["metadata"].get("deletionTimestamp") is not None


def is_active(pod: Object) -> bool:
    """True for a pod that a controller counts: neither terminal nor being deleted."""
    return not is_terminal(pod) and not is_terminating(pod)


def is_ready(pod: Object) -> bool:
    """True while the Ready condition is True."""
    return is_condition_true(pod, "Ready")


def condition(pod: Object, type_: str, status: str, reason: str = "", message: str = "") -> Object:
    """A condition of a pod, that tells of which generation it is; for `conditions.set_condition`."""
    generation = pod["metadata"].get("generation")
    made = {"type": type_, "status": status, "lastProbeTime": None, "lastTransitionTime": None}
    optional = {"observedGeneration": generation, "reason": reason, "message": message}
    return made | {field: value for field, value in optional.items() if value}


def is_available(pod: Object, min_ready_s: float, now: float) -> bool:
    """True for a pod that has been Ready for `min_ready_s` seconds without a break."""
    condition = get_condition(pod, "Ready")
    if condition is None or condition.get("status") != "True":
        return False
    if min_ready_s <= 0:
        return True
    since = condition.get("lastTransitionTime")
    return since is not None and parse_time(since) + min_ready_s <= now


def is_scheduled(pod: Object) -> bool:
    """True once the pod has a node."""
    return bool(pod["spec"].get("nodeName"))


def is_mirror(pod: Object) -> bool:
    """True for the image of a static pod, which only its kubelet may delete."""
    return MIRROR in (pod["metadata"].get("annotations") or {})


def is_sidecar(init_container: Object) -> bool:
    """True for an init container that goes on running beside the others (restartPolicy Always)."""
    return init_container.get("restartPolicy") == "Always"


def containers(pod_spec: Object) -> Iterator[Object]:
    """Init, ordinary and ephemeral containers, in the order in which Kubernetes visits them."""
    yield from pod_spec.get("initContainers") or ()
    yield from pod_spec.get("containers") or ()
    yield from pod_spec.get("ephemeralContainers") or ()


def container_named(pod_spec: Object, name: str) -> Object | None:
    """The container called `name`, of whatever sort."""
    return next((container for container in containers(pod_spec) if container["name"] == name), None)


def container_status(pod: Object, name: str) -> Object | None:
    """The status of the container called `name`, of whatever sort."""
    status = pod.get("status", {})
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for entry in status.get(key) or ():
            if entry["name"] == name:
                found: Object = entry
                return found
    return None


def restarts(pod: Object) -> int:
    """How often ordinary containers of the pod have been started again, the highest of them."""
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return max((status.get("restartCount", 0) for status in statuses), default=0)


def ready_since(pod: Object) -> float | None:
    """When the pod became Ready, in Unix seconds; None while it is not."""
    condition = get_condition(pod, "Ready")
    if condition is None or condition.get("status") != "True" or not condition.get("lastTransitionTime"):
        return None
    return parse_time(condition["lastTransitionTime"])


def deletion_cost(pod: Object) -> int:
    """What it costs to delete this pod, as its annotation says; 0 without one or if it is not a number."""
    text = (pod["metadata"].get("annotations") or {}).get(POD_DELETION_COST, "0")
    return parse_deletion_cost(text) or 0


def parse_deletion_cost(text: str) -> int | None:
    """The number that the annotation says; None if it is none, as with a plus or zeros before it.

    Source: k8s.io/kubernetes/pkg/apis/core/helper/helpers.go (GetDeletionCostFromPodAnnotations).
    """
    if not (text == "0" or text.startswith("-") or text[:1] in set("123456789")):
        return None
    try:
        cost = parse_int(text)
    except NumberError:
        return None
    return cost if -(1 << 31) <= cost < 1 << 31 else None


def host_ports(pod_spec: Object) -> list[HostPort]:
    """The ports that the pod takes on its node."""
    return [
        (port.get("hostIP") or "", port.get("protocol") or "TCP", port["hostPort"])
        for container in containers(pod_spec)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def published_ports(pod_spec: Object) -> list[tuple[str, str, int, int]]:
    """The ports of a pod that its node passes on: host address, protocol, port of the node and of the pod."""
    return [
        (port.get("hostIP") or "", port.get("protocol") or "TCP", port["hostPort"], port["containerPort"])
        for container in containers(pod_spec)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def ports_conflict(wanted: Iterable[HostPort], taken: Collection[HostPort]) -> bool:
    """Whether one of the host ports is taken; the wildcard address conflicts with every address."""
    for address, protocol, port in wanted:
        for other, other_protocol, other_port in taken:
            if (protocol, port) == (other_protocol, other_port) and (
                address == other or address in _ANY_ADDRESS or other in _ANY_ADDRESS
            ):
                return True
    return False


def resolve_port(pod_spec: Object, target: int | str, protocol: str = "TCP") -> int | None:
    """The number of a target port; a name is looked up among the containers' ports. None if there is none."""
    if isinstance(target, int):
        return target
    candidates: Iterable[Object] = (
        *(pod_spec.get("containers") or ()),
        *(c for c in pod_spec.get("initContainers") or () if is_sidecar(c)),
    )
    for container in candidates:
        for port in container.get("ports") or ():
            if port.get("name") == target and (port.get("protocol") or "TCP") == protocol:
                number: int = port["containerPort"]
                return number
    return None


def requests(pod_spec: Object) -> Amounts:
    """What the scheduler sets aside for the pod.

    The sum of the containers or, if larger, the most that any step of the initialisation needs; sidecars
    count with both, and the overhead comes on top.

    Returns:
        Amounts by resource name: cpu in thousandths, everything else in whole units. Shared, do not change.
    """
    return _total(pod_spec, "requests")


def limits(pod_spec: Object) -> Amounts:
    """As `requests`, of the limits; a resource without any limit is absent."""
    return _total(pod_spec, "limits")


def _total(pod_spec: Object, field: str) -> Amounts:
    total: Amounts = {}
    for container in pod_spec.get("containers") or ():
        total = add_amounts(total, amounts_of((container.get("resources") or {}).get(field)))
    total = _with_initialisation(pod_spec, field, total)
    pod_level = amounts_of((pod_spec.get("resources") or {}).get(field))
    if pod_level:
        total = {**total, **pod_level}
    overhead = amounts_of(pod_spec.get("overhead"))
    if overhead and field == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in total}
    return add_amounts(total, overhead)


def _with_initialisation(pod_spec: Object, field: str, total: Amounts) -> Amounts:
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in pod_spec.get("initContainers") or ():
        amounts = amounts_of((container.get("resources") or {}).get(field))
        if is_sidecar(container):
            total = add_amounts(total, amounts)
            sidecars = add_amounts(sidecars, amounts)
            largest = max_amounts(largest, sidecars)
        else:
            largest = max_amounts(largest, add_amounts(amounts, sidecars))
    return max_amounts(total, largest)


def qos_class(pod_spec: Object) -> str:
    """The class by which a node under pressure chooses whom to evict.

    Guaranteed if every container limits cpu and memory to what it requests, BestEffort if none says anything.

    Source: pkg/apis/core/v1/helper/qos/qos.go.
    """
    sums: dict[str, dict[str, int]] = {"requests": {}, "limits": {}}
    guaranteed = True
    if pod_spec.get("resources"):
        candidates: list[Object] = [pod_spec]
    else:
        candidates = [*(pod_spec.get("containers") or ()), *(pod_spec.get("initContainers") or ())]
    for container in candidates:
        resources: Mapping[str, Object] = container.get("resources") or {}
        for field, into in sums.items():
            for name, amount in amounts_of(resources.get(field)).items():
                if name in _COMPUTE and amount > 0:
                    into[name] = into.get(name, 0) + amount
        limited = amounts_of(resources.get("limits"))
        guaranteed = guaranteed and all(limited.get(name, 0) > 0 for name in _COMPUTE)
    if not sums["requests"] and not sums["limits"]:
        return BEST_EFFORT
    if guaranteed and sums["requests"] == sums["limits"]:
        return GUARANTEED
    return BURSTABLE
