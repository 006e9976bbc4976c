"""What stands in scope at the prompt."""

from __future__ import annotations

from typing import Any, Final

from kubelite.cluster.blocking import BlockingCluster
from kubelite.cluster.views import Text

KINDS: Final = {
    "pods": "pods",
    "po": "pods",
    "svc": "services",
    "services": "services",
    "nodes": "nodes",
    "no": "nodes",
    "rc": "replicationcontrollers",
    "rs": "replicasets",
    "deploy": "deployments",
    "deployments": "deployments",
    "sts": "statefulsets",
    "ds": "daemonsets",
    "jobs": "jobs",
    "cronjobs": "cronjobs",
    "cm": "configmaps",
    "secrets": "secrets",
    "sa": "serviceaccounts",
    "ep": "endpoints",
    "ns": "namespaces",
    "pvc": "persistentvolumeclaims",
    "pv": "persistentvolumes",
    "events": "events",
}
BANNER: Final = """\
kubelite: {nodes} at {url}   (usage shows this again)
  export KUBECONFIG={kubeconfig}
  pods   svc["web"]   pods["web-1"].yaml   await svc["web"].get("/")   await logs("web-1")   await pods.live()
  await apply(text)   await wait_for("rc/web")   view("crontabs")   why("pod/web-1")   clock
"""


class Usage:
    """The greeting, on demand."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text.rstrip()


def make_scope(running: BlockingCluster) -> dict[str, Any]:
    """The names at the prompt: the kinds that one looks at most, and what is done with a cluster."""
    cluster = running.cluster

    async def logs(pod: str, **options: Any) -> Text:
        return Text(await cluster.logs(pod, **options))

    return {
        "cluster": cluster,
        "clock": cluster.clock,
        "view": running.view,
        "logs": logs,
        "apply": cluster.apply,
        "get": cluster.get,
        "wait_for": cluster.wait_for,
        "why": running.why,
        "usage": Usage(greeting(running)),
        **{name: running.view(kind) for name, kind in KINDS.items()},
    }


def greeting(running: BlockingCluster) -> str:
    """What is said first."""
    count = len(running.view("nodes"))
    nodes = f"{count} node" if count == 1 else f"{count} nodes"
    return BANNER.format(nodes=nodes, url=running.url, kubeconfig=running.kubeconfig)
