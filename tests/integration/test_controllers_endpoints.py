"""Endpoints, EndpointSlices and their mirroring against a real API server."""

from __future__ import annotations

from kubelite.api.resources import ENDPOINTS, ENDPOINTSLICES, PODS, SERVICES
from tests.unit.controllers.rig import rig

RC, EP, SL, MI = (
    "replication-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
)


async def slices(r, name="web"):
    return (
        await r.client.list(ENDPOINTSLICES, "default", label_selector=f"kubernetes.io/service-name={name}")
    ).items


def addresses(found):
    return sorted(a for each in found for e in each.get("endpoints") or () for a in e["addresses"])


async def test_a_service_without_pods_has_one_empty_slice_and_empty_endpoints():
    async with rig(EP, SL) as r:
        await r.service()
        await r.settle()
        (only,) = await slices(r)
        assert only.get("endpoints") is None
        assert only.get("ports") is None
        assert only["metadata"]["generateName"] == "web-"
        assert only["metadata"]["labels"] == {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": "web",
            "l": "m",
        }
        assert only["metadata"]["ownerReferences"][0]["kind"] == "Service"
        endpoints = await r.client.get(ENDPOINTS, "web", "default")
        assert "subsets" not in endpoints
        assert endpoints["metadata"]["labels"] == {
            "endpoints.kubernetes.io/managed-by": "endpoint-controller",
            "l": "m",
        }


async def test_a_slice_that_somebody_deletes_is_made_anew_at_once():
    """Though the controller has only just written it."""
    async with rig(SL) as r:
        await r.service()
        await r.settle(2)
        (first,) = await slices(r)
        await r.client.delete(ENDPOINTSLICES, first["metadata"]["name"], "default")
        await r.settle(2)
        (second,) = await slices(r)
        assert second["metadata"]["uid"] != first["metadata"]["uid"]


async def test_pods_come_and_go():
    async with rig(RC, EP, SL) as r:
        r.play_kubelet()
        await r.node("n1")
        await r.service()
        await r.settle()
        (empty,) = await slices(r)
        await r.rc(replicas=3)
        await r.settle()
        (only,) = await slices(r)
        assert only["metadata"]["uid"] == empty["metadata"]["uid"], "the empty slice is reused"
        ips = sorted(pod["status"]["podIP"] for pod in r.pods.list())
        assert addresses([only]) == ips
        assert only["ports"] == [{"name": "", "protocol": "TCP", "port": 8080}]
        endpoint = only["endpoints"][0]
        assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
        assert endpoint["nodeName"] == "n1"
        assert endpoint["targetRef"]["kind"] == "Pod"
        endpoints = await r.client.get(ENDPOINTS, "web", "default")
        (subset,) = endpoints["subsets"]
        assert sorted(a["ip"] for a in subset["addresses"]) == ips
        assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]
        await r.client.delete(SERVICES, "web", "default")
        await r.gone(ENDPOINTS, "web", "default")


async def test_a_terminating_pod_serves_but_is_not_ready():
    async with rig(RC, EP, SL) as r:
        r.play_kubelet()
        await r.node("n1")
        await r.service()
        await r.rc(replicas=1)
        await r.settle()
        r.dead.add("n1")
        victim = r.pods.list()[0]
        await r.client.delete(PODS, victim["metadata"]["name"], "default")
        await r.settle()
        (only,) = await slices(r)
        states = {e["targetRef"]["name"]: e["conditions"] for e in only["endpoints"]}
        assert states[victim["metadata"]["name"]] == {"ready": False, "serving": True, "terminating": True}
        endpoints = await r.client.get(ENDPOINTS, "web", "default")
        assert "subsets" not in endpoints or victim["status"]["podIP"] not in str(endpoints["subsets"])


async def test_many_pods_in_few_writes_and_full_slices():
    async with rig(RC, EP, SL) as r:
        r.play_kubelet()
        await r.node("n1")
        await r.service()
        await r.rc(replicas=250)
        await r.settle(5)
        found = await slices(r)
        assert len(addresses(found)) == len(set(addresses(found))) == 250
        assert sorted(len(each["endpoints"]) for each in found) == [50, 100, 100]
        assert max(each["metadata"]["generation"] for each in found) < 60


async def test_hand_made_endpoints_are_mirrored():
    async with rig(MI, EP, SL) as r:
        await r.client.create(
            ENDPOINTS,
            {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {"name": "manual"},
                "subsets": [
                    {
                        "addresses": [{"ip": "192.0.2.1"}],
                        "notReadyAddresses": [{"ip": "192.0.2.2", "hostname": "h"}],
                        "ports": [{"port": 80, "name": "p"}],
                    }
                ],
            },
            "default",
        )
        await r.service("manual", selector=None, ports=[{"port": 80, "name": "p"}])
        await r.settle()
        (only,) = await slices(r, "manual")
        assert only["endpoints"] == [
            {"addresses": ["192.0.2.1"], "conditions": {"ready": True}},
            {"addresses": ["192.0.2.2"], "conditions": {"ready": False}, "hostname": "h"},
        ]
        assert only["ports"] == [{"name": "p", "protocol": "TCP", "port": 80}]
        assert only["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"
        await r.client.patch(ENDPOINTS, "manual", {"subsets": None}, "default")
        await r.settle()
        assert await slices(r, "manual") == []
