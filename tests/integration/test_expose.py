"""An exposed cluster: pods and Services are there for other programs, at their own addresses."""

import asyncio
import urllib.request

import kubelite

MANIFEST = """
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 8000, targetPort: 8080}]
"""


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status


async def refused(url):
    try:
        await asyncio.to_thread(fetch, url)
    except OSError:
        return True
    return False


async def test_pods_and_services_answer_other_programs():
    async with kubelite.Cluster(nodes=1, expose=True) as cluster:
        await cluster.apply(MANIFEST)
        await cluster.wait_for("rc/web")
        service = await cluster.get("svc", "web")
        pods = await cluster.get("pods", selector="app=web")
        addresses = [f"http://{pod['status']['podIP']}:8080/" for pod in pods]
        url = f"http://{service['spec']['clusterIP']}:8000/"
        assert [await asyncio.to_thread(fetch, each) for each in [*addresses, url]] == [200, 200, 200]
        await cluster.delete("svc", "web")
        await cluster.wait_for("svc/web", "deleted")
    assert await refused(url)
    assert await refused(addresses[0])


async def test_an_embedded_cluster_opens_no_pod_to_other_programs():
    async with kubelite.Cluster(nodes=1) as cluster:
        await cluster.apply(MANIFEST)
        await cluster.wait_for("rc/web")
        pods = await cluster.get("pods", selector="app=web")
        assert await refused(f"http://{pods[0]['status']['podIP']}:8080/")
