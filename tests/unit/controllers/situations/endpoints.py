"""What is told of Services and Endpoints."""

from __future__ import annotations

from kubelite.api.resources import (
    ENDPOINTS,
    NODES,
    PODS,
    SERVICES,
)
from kubelite.controllers.endpoint.endpoints import EndpointsController
from kubelite.controllers.endpoint.endpointslice import EndpointSliceController
from kubelite.controllers.endpoint.mirroring import EndpointSliceMirroringController
from kubelite.reconcile.intents import (
    CreateObject,
    UpdateObject,
)
from tests.unit.controllers.situations.parts import (
    LABELS,
    NO_TEXT,
    look,
    named,
    node,
    pod,
    refuse,
    tells,
)


def service(**annotations):
    made = named("s", spec={"selector": LABELS, "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}]})
    made["metadata"] |= {"annotations": annotations, "labels": {}}
    return made


def backend():
    made = pod()
    made["status"] |= {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}
    return made


@tells(
    EndpointsController,
    "Endpoints",
    "Warning",
    "FailedToCreateEndpoint",
    f"Failed to create endpoint for service d/s: {NO_TEXT}",
)
def endpoints_cannot_be_made():
    there = ((SERVICES, service()), (PODS, backend()))
    return look(EndpointsController, "d/s", *there, answer=refuse(CreateObject))


@tells(
    EndpointsController,
    "Endpoints",
    "Warning",
    "FailedToUpdateEndpoint",
    f"Failed to update endpoint d/s: {NO_TEXT}",
)
def endpoints_cannot_be_written():
    there = ((SERVICES, service()), (PODS, backend()), (ENDPOINTS, named("s")))
    return look(EndpointsController, "d/s", *there, answer=refuse(UpdateObject))


@tells(
    EndpointSliceController,
    "Service",
    "Warning",
    "FailedToUpdateEndpointSlices",
    "Error updating Endpoint Slices for Service d/s: failed to create EndpointSlice for Service d/s: "
    + NO_TEXT,
)
def slices_cannot_be_made():
    there = ((SERVICES, service()), (PODS, backend()), (NODES, node()))
    return look(EndpointSliceController, "d/s", *there, answer=refuse(CreateObject))


HINTS = {"service.kubernetes.io/topology-mode": "Auto"}


@tells(
    EndpointSliceController,
    "Service",
    "Warning",
    "TopologyAwareHintsDisabled",
    "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: "
    "IPv4",
)
def hints_are_wanted_in_vain():
    there = ((SERVICES, service(**HINTS)), (PODS, backend()), (NODES, node()))
    return look(EndpointSliceController, "d/s", *there)


@tells(
    EndpointSliceController,
    "Service",
    "Normal",
    "TopologyAwareHintsEnabled",
    "Topology Aware Hints has been enabled, addressType: IPv4",
)
def hints_are_given():
    there = [(SERVICES, service(**HINTS))]
    for name, zone in (("a", "x"), ("b", "y")):
        made = node(name)
        made["metadata"]["labels"] = {"topology.kubernetes.io/zone": zone}
        made["status"]["allocatable"] = {"cpu": "4"}
        there.append((NODES, made))
        for number in (1, 2, 3):
            each = backend()
            each["metadata"]["name"], each["spec"]["nodeName"] = f"{name}-{number}", name
            each["status"]["podIPs"] = [{"ip": f"10.0.{number}.{ord(name)}"}]
            there.append((PODS, each))
    return look(EndpointSliceController, "d/s", *there)


@tells(
    EndpointSliceMirroringController,
    "Endpoints",
    "Warning",
    "TooManyAddressesToMirror",
    "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 1 addresses were "
    "skipped",
)
def too_many_addresses_are_mirrored():
    addresses = [{"ip": f"10.0.{number // 256}.{number % 256}"} for number in range(1001)]
    made = {**named("s"), "subsets": [{"addresses": addresses, "ports": [{"port": 80, "protocol": "TCP"}]}]}
    bare = service()
    del bare["spec"]["selector"]
    return look(EndpointSliceMirroringController, "d/s", (SERVICES, bare), (ENDPOINTS, made))


@tells(
    EndpointSliceMirroringController,
    "Endpoints",
    "Warning",
    "FailedToUpdateEndpointSlices",
    "Error updating Endpoint Slices for Endpoints d/s: failed to create EndpointSlice for Endpoints d/s: "
    + NO_TEXT,
)
def addresses_cannot_be_mirrored():
    made = {**named("s"), "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}
    bare = service()
    del bare["spec"]["selector"]
    there = (SERVICES, bare), (ENDPOINTS, made)
    return look(EndpointSliceMirroringController, "d/s", *there, answer=refuse(CreateObject))
