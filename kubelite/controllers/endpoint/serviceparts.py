"""What Endpoints and EndpointSlices share: the pods of a Service, the time of a change.

Source: k8s.io/endpointslice/util, k8s.io/kubernetes/pkg/controller/util/endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kubelite.api import podutil
from kubelite.api.conditions import get_condition
from kubelite.apimachinery import labels
from kubelite.apimachinery.scheme import Object
from kubelite.client.serviceindex import selecting
from kubelite.reconcile.informing import InformerLike
from kubelite.reconcile.ownership import key_of

HEADLESS_LABEL: Final = "service.kubernetes.io/headless"
TRIGGER_TIME: Final = "endpoints.kubernetes.io/last-change-trigger-time"
ZONE_LABEL: Final = "topology.kubernetes.io/zone"


def is_headless(service: Object) -> bool:
    """True for a Service without an address of its own."""
    return service["spec"].get("clusterIP") in {None, "", "None"}


def belongs(pod: Object, *, terminating_too: bool) -> bool:
    """True for a pod with an address that has not ended (and, unless wanted, is not ending)."""
    status = pod.get("status", {})
    if not (status.get("podIP") or status.get("podIPs")) or podutil.is_terminal(pod):
        return False
    return terminating_too or not podutil.is_terminating(pod)


def pod_addresses(pod: Object, family: str) -> list[str]:
    """The pod's addresses of a family (`IPv4` or `IPv6`)."""
    status = pod.get("status", {})
    addresses = [entry["ip"] for entry in status.get("podIPs") or ()] or [status.get("podIP")]
    return [address for address in addresses if address and (":" in address) == (family == "IPv6")]


def target_ref(pod: Object) -> Object:
    """The reference by which an endpoint names its pod."""
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def published_hostname(pod: Object, service: Object) -> str:
    """The host name under which DNS shows the pod in this Service; empty for none."""
    spec = pod["spec"]
    same = spec.get("subdomain") == service["metadata"]["name"]
    return spec.get("hostname") or "" if same else ""


def resolved_ports(service: Object, pod: Object) -> list[tuple[Object, int]]:
    """The Service's ports with their number in this pod; names that the pod does not have are left out."""
    ports: list[tuple[Object, int]] = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort") or port["port"]
        number = podutil.resolve_port(pod["spec"], target, port.get("protocol") or "TCP")
        if number is not None:
            ports.append((port, number))
    return ports


def selected_pods(service: Object, pods: InformerLike) -> list[Object]:
    """The pods that the Service's selector matches, in order of their names."""
    selector = labels.from_set(service["spec"].get("selector") or {})
    found = list(pods.list(service["metadata"]["namespace"], selector))
    found.sort(key=lambda pod: str(pod["metadata"]["name"]))
    return found


def services_of(pod: Object, services: InformerLike) -> list[str]:
    """Keys of the Services that select a pod."""
    metadata = pod["metadata"]
    found = selecting(metadata.get("labels") or {}, metadata["namespace"], services)
    return [key_of(service) for service in found]


def signature(pod: Object) -> tuple[Any, ...]:
    """What of a pod shows in endpoints; no look is needed while it stays the same."""
    status = pod.get("status", {})
    metadata = pod["metadata"]
    ready = get_condition(pod, "Ready")
    return (
        metadata.get("deletionTimestamp") is not None,
        ready is not None and ready.get("status") == "True",
        status.get("podIP"),
        status.get("phase") in podutil.TERMINAL_PHASES,
        pod["spec"].get("nodeName"),
    )


def keys_of_change(old: Object | None, new: Object | None, services: InformerLike) -> Iterable[str]:
    """Keys of the Services whose endpoints a change of a pod may alter.

    Args:
        old: The pod before; None for a new one.
        new: The pod now; None for one that is gone.
        services: With the index `SELECTED_BY`.
    """
    pod = new or old
    assert pod is not None
    if old is None or new is None:
        return services_of(pod, services)
    relabelled = old["metadata"].get("labels") != new["metadata"].get("labels")
    if not relabelled and signature(old) == signature(new):
        return ()
    keys = services_of(new, services)
    return dict.fromkeys((*keys, *services_of(old, services))) if relabelled else keys


class TriggerTimes:
    """When the change happened that a sync of a Service is about to publish.

    For a Service that is new its creation; later the earliest of the times at which pods became ready, or not
    ready, of those that the sync before had not seen. Measurements of how fast changes reach the network rest
    on it.

    Source: k8s.io/endpointslice/trigger_time_tracker.go. Times are whole seconds, within which a pod here is
    made and becomes ready: so a change of its readiness counts even in the same one.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, dict[str, tuple[Object, tuple[str, str]]]]] = {}

    def compute(self, key: str, service: Object, pods: Sequence[Object]) -> str | None:
        """The trigger time, or None if nothing new is known."""
        created: str = service["metadata"].get("creationTimestamp", "")
        known = self._seen.get(key)
        before = {} if known is None else known[1]
        now: dict[str, tuple[Object, tuple[str, str]]] = {}
        changed: list[str] = []
        for pod in pods:
            name = pod["metadata"]["name"]
            former = before.get(name)
            if former is not None and former[0] is pod:
                now[name] = former
                continue
            time = _pod_time(pod)
            now[name] = pod, time
            if _is_later(time, None if former is None else former[1]):
                changed.append(time[0])
        self._seen[key] = created, now
        if known is None:
            return created or None
        if created > known[0]:
            changed.append(created)
        return min(changed, default=None)

    def forget(self, key: str) -> None:
        """The Service is gone."""
        self._seen.pop(key, None)


def _pod_time(pod: Object) -> tuple[str, str]:
    """When the pod became ready or not ready, and which of these; the time is empty if it never did."""
    ready = get_condition(pod, "Ready") or {}
    return ready.get("lastTransitionTime") or "", ready.get("status") or ""


def _is_later(time: tuple[str, str], than: tuple[str, str] | None) -> bool:
    """Whether a time is one, and later than the one before, or of another change in the same second."""
    if not time[0]:
        return False
    return than is None or time[0] > than[0] or (time[0] == than[0] and time[1] != than[1])


def with_trigger_time(annotations: Mapping[str, str] | None, time: str | None) -> dict[str, str]:
    """The annotations with the trigger time, or without one."""
    updated = {name: value for name, value in (annotations or {}).items() if name != TRIGGER_TIME}
    if time is not None:
        updated[TRIGGER_TIME] = time
    return updated
