"""Where a pod's logs, commands and ports are reached: which container, on whose kubelet.

Source: k8s.io/kubernetes/pkg/registry/core/pod/strategy.go (LogLocation, streamLocation).
"""

from __future__ import annotations

from typing import Final

from kubelite.api.podutil import containers
from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.apierrors import BadRequest
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import Connect, ConnectInfo
from kubelite.master.apiserver import proxying
from kubelite.master.apiserver.environment import Environment

PATHS: Final = {"log": "containerLogs", "exec": "exec", "attach": "attach", "portforward": "portForward"}


def connect(env: Environment, request: Connect) -> ConnectInfo:
    """Where to connect for a request; for logs of a pod without a node, nowhere (an empty host).

    Raises:
        NotFound: There is no such pod, or its node is gone.
        BadRequest: The container is not said or not there, or the pod has no node yet.
        ServiceUnavailable: There is nobody to proxy to.
    """
    if request.subresource == "proxy":
        return proxying.target(env, request)
    pod = env.must_get(PODS, request.namespace, request.name).object
    name, kind = request.name, request.subresource
    container = "" if kind == "portforward" else choose_container(pod, request.container)
    node = pod["spec"].get("nodeName") or ""
    if not node:
        if kind == "log":
            return ConnectInfo(pod, container, "", "", 0, "")
        raise BadRequest(f"pod {name} does not have a host assigned")
    machine = env.must_get(NODES, "", node).object
    path = f"/{PATHS[kind]}/{request.namespace}/{name}" + (f"/{container}" if container else "")
    address, port = proxying.node_address(machine), proxying.kubelet_port(machine)
    return ConnectInfo(pod, container, node, address, port, path)


def choose_container(pod: Object, asked: str) -> str:
    """The container that is meant.

    Raises:
        BadRequest: It is not said although there are several, or there is none of that name.
    """
    spec, name = pod["spec"], pod["metadata"]["name"]
    if asked:
        if any(each["name"] == asked for each in containers(spec)):
            return asked
        raise BadRequest(f"container {asked} is not valid for pod {name}")
    names = [each["name"] for each in spec["containers"]]
    if len(names) == 1:
        return str(names[0])
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
    for key, what in (("initContainers", "init"), ("ephemeralContainers", "debugging")):
        others = [each["name"] for each in spec.get(key) or ()]
        if others:
            text += f" or one of the {what} containers: [{' '.join(others)}]"
    raise BadRequest(text)
