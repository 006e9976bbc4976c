"""What "ready" promises beyond the object itself: that its pods can be reached through their Services.

A ReplicationController's pods are ready a moment before EndpointSlices and the proxies of all nodes know of
them. Whoever waits for "ready" wants to send a request next; so that moment is waited for, too, within a
bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kubelite.api import podutil
from kubelite.api.resources import ENDPOINTSLICES, PODS, SERVICES
from kubelite.apimachinery import labels, meta
from kubelite.apimachinery.scheme import Object
from kubelite.client.informer import InformerFactory
from kubelite.cluster.components import Components
from kubelite.dns import Zone
from kubelite.network import Translator
from kubelite.proxy.endpoints import ServiceEndpoints
from kubelite.proxy.proxier import service_of_slice
from kubelite.proxy.rules import cluster_ips, plan_service
from kubelite.runtime import Clock

POLL_S: Final = 0.002
BOUND_S: Final = 2.0
"""A Service whose port no pod has never gets there: its objects are ready all the same."""


def pod_labels(obj: Object) -> dict[str, str] | None:
    """The labels of an object's pods; None if it has none."""
    if obj.get("kind", "Pod") == "Pod" and "containers" in obj.get("spec", {}):
        return dict(obj["metadata"].get("labels") or {})
    template = obj.get("spec", {}).get("template")
    return dict(template.get("metadata", {}).get("labels") or {}) if template else None


def services_of(informers: InformerFactory, objects: Iterable[Object]) -> list[Object]:
    """The Services among the objects, and those which select the objects' pods."""
    found: dict[str, Object] = {}
    for obj in objects:
        if "sessionAffinity" in obj.get("spec", {}):
            found[meta.key(obj)] = obj
            continue
        carried = pod_labels(obj)
        if not carried:
            continue
        for service in informers.informer(SERVICES).list(obj["metadata"].get("namespace")):
            selector = service["spec"].get("selector")
            if selector and labels.from_set(selector).matches(carried):
                found[meta.key(service)] = service
    return list(found.values())


def ready_addresses(informers: InformerFactory, service: Object) -> set[str]:
    """The addresses of the ready pods that a Service selects."""
    namespace, selector = service["metadata"]["namespace"], labels.from_set(service["spec"]["selector"])
    pods = informers.informer(PODS).list(namespace, selector)
    ready = (pod for pod in pods if podutil.is_ready(pod) and not meta.is_being_deleted(pod))
    return {pod["status"]["podIP"] for pod in ready if pod["status"].get("podIP")}


def is_programmed(informers: InformerFactory, translators: Sequence[Translator], service: Object) -> bool:
    """Whether slices and proxies have exactly the ready pods of a Service."""
    key = meta.key(service)
    slices = [
        each
        for each in informers.informer(ENDPOINTSLICES).list(service["metadata"]["namespace"])
        if key in service_of_slice(each)
    ]
    wanted = ready_addresses(informers, service)
    for rule in plan_service(service, ServiceEndpoints(slices), "", "").rules:
        if {address for address, _ in rule.endpoints} != wanted:
            return False
        for translator in translators:
            picker = translator.rules.get(rule.destination)
            if rule.destination[0] in cluster_ips(service) and (
                picker is None or set(picker.endpoints) != set(rule.endpoints)
            ):
                return False
    return bool(wanted) or not slices


def is_resolved(informers: InformerFactory, zone: Zone, service: Object) -> bool:
    """Whether cluster DNS has exactly the ready pods of a headless Service, or the cluster IP of another."""
    metadata = service["metadata"]
    found = zone.find(f"{metadata['name']}.{metadata['namespace']}.svc.{zone.domain}".lower(), "A") or ()
    wanted = set(cluster_ips(service)) or ready_addresses(informers, service)
    return {record.data for record in found if record.kind == "A"} == {
        each for each in wanted if ":" not in each
    }


def _translators(components: Components) -> Iterator[Translator]:
    if components.network.translator is not None:
        yield components.network.translator
    for machine in components.machines.values():
        if machine.powered and machine.translator is not None:
            yield machine.translator


async def until_reachable(components: Components, clock: Clock, objects: Sequence[Object]) -> None:
    """Waits until connections to the objects' Services find their ready pods, from every node that is on."""
    informers = components.informers
    if informers is None:
        return
    waiting = [each for each in services_of(informers, objects) if each["spec"].get("selector")]
    until = clock.monotonic() + BOUND_S
    for service in waiting:
        while clock.monotonic() < until and not (
            is_programmed(informers, list(_translators(components)), service)
            and is_resolved(informers, components.zone, service)
        ):
            await clock.sleep(POLL_S)
