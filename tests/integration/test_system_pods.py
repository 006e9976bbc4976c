"""The control plane as pods in kube-system, for clients that look there."""

from __future__ import annotations

import kubelite
from kubelite.cli.main import make_parser
from kubelite.testing import VirtualClock

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]


async def test_the_control_plane_shows_as_mirror_pods_of_the_first_node():
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1, system_pods=True) as cluster:
        pods = await cluster.get("pods", namespace="kube-system", selector="tier=control-plane")
        assert [pod["metadata"]["name"] for pod in pods] == [f"{name}-node-1" for name in COMPONENTS]
        node = await cluster.get("node", "node-1")
        for pod in pods:
            assert pod["metadata"]["ownerReferences"][0]["uid"] == node["metadata"]["uid"]
            assert "kubernetes.io/config.mirror" in pod["metadata"]["annotations"]
            assert pod["status"]["phase"] == "Running"
            assert pod["status"]["podIP"] == node["status"]["addresses"][0]["address"]


async def test_a_cluster_has_no_pods_unless_they_are_wanted():
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        assert not await cluster.get("pods", namespace="kube-system")


def test_commands_for_clients_show_it_by_default():
    parse = make_parser().parse_args
    assert parse(["up"]).system_pods
    assert parse(["run", "--", "true"]).system_pods
    assert not parse(["up", "--no-system-pods"]).system_pods
    assert not parse(["repl"]).system_pods
