"""Node ports answer on every node, to clients outside and to pods on any node."""

import asyncio
import urllib.request

import kubelite

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  containers: [{name: client, image: busybox, command: [sleep, "3600"]}]
"""


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status


async def test_a_node_port_answers_on_every_node():
    async with kubelite.Cluster(nodes=3) as cluster:
        await cluster.apply(MANIFEST)
        await cluster.wait_for("pod/web")
        await cluster.wait_for("pod/client")
        port = (await cluster.get("svc", "web"))["spec"]["ports"][0]["nodePort"]
        nodes = await cluster.get("nodes")
        urls = [f"http://{node['status']['addresses'][0]['address']}:{port}/" for node in nodes]
        assert [await asyncio.to_thread(fetch, url) for url in urls] == [200, 200, 200]
        async with cluster.http(pod="client") as http:
            for url in urls:
                async with http.get(url) as answer:
                    assert answer.status == 200
