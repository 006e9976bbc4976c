"""The pods in `kube-system` that show a control plane, as kubeadm's clusters have them.

They are mirror pods, as a kubelet makes them of files in its manifest folder; what they show runs beside them
in this process, so that their containers only wait. Deleting one changes nothing but what is shown.

Source: kubeadm's static pods (k8s.io/kubernetes/cmd/kubeadm/app/phases/controlplane and etcd) and the
kubelet's mirror pods (pkg/kubelet/pod/mirror_client.go).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from kubelite.api.resources import NODES, PODS
from kubelite.apimachinery.timestamps import format_time
from kubelite.cluster.components import Components, component_user
from kubelite.images.builtin import publish_waiting
from kubelite.node.config import VERSION

if TYPE_CHECKING:
    from kubelite.apimachinery.scheme import Object

NAMESPACE: Final = "kube-system"
_TAG: Final = VERSION.partition("+")[0]
IMAGES: Final = {
    "etcd": "registry.k8s.io/etcd:3.6.6-0",
    "kube-apiserver": f"registry.k8s.io/kube-apiserver:{_TAG}",
    "kube-controller-manager": f"registry.k8s.io/kube-controller-manager:{_TAG}",
    "kube-scheduler": f"registry.k8s.io/kube-scheduler:{_TAG}",
}
"""The components by name, with their images."""


async def make_system_pods(components: Components, node: str) -> tuple[str, ...]:
    """Make the mirror pods of a control plane on this node, as its kubelet would; their names."""
    assert components.client is not None
    kubelet = components.client.as_user(component_user(f"node:{node}"))
    for image in IMAGES.values():
        publish_waiting(components.images, image)
    owner, seen = await kubelet.get(NODES, node), format_time(components.clock.now())
    made = [await kubelet.create(PODS, mirror_pod(owner, seen, component)) for component in IMAGES]
    return tuple(pod["metadata"]["name"] for pod in made)


def mirror_pod(node: Object, seen: str, component: str) -> Object:
    """The pod of one component; `seen` is when the kubelet found its file."""
    name, image = node["metadata"]["name"], IMAGES[component]
    digest = hashlib.md5(f"{component} {image}".encode(), usedforsecurity=False).hexdigest()
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    container: dict[str, Any] = {
        "name": component,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [component],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{component}-{name}",
            "namespace": NAMESPACE,
            "labels": {"component": component, "tier": "control-plane"},
            "annotations": {
                "kubernetes.io/config.hash": digest,
                "kubernetes.io/config.mirror": digest,
                "kubernetes.io/config.seen": seen,
                "kubernetes.io/config.source": "file",
            },
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "nodeName": name,
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [container],
        },
    }
