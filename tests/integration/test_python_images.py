"""Programs of ConfigMaps in python images, on a whole cluster, in virtual time."""

import json

import kubelite
from kubelite.testing import VirtualClock

SERVER = """
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer({"path": self.path, "pod": os.environ["HOSTNAME"]})

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self._answer({"got": self.rfile.read(length).decode()}, 201)

    def _answer(self, found, status=200):
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("", 8000), Handler).serve_forever()
print("served")
"""
CLIENT = """
import json, sys, time, urllib.error, urllib.request
with urllib.request.urlopen("http://server/hello?x=1", timeout=5) as answer:
    print(answer.status, json.load(answer)["path"])
request = urllib.request.Request("http://server/", data=b"body", method="POST")
print(urllib.request.urlopen(request).read().decode())
time.sleep(600)
try:
    urllib.request.urlopen("http://nowhere/")
except urllib.error.URLError as error:
    sys.exit(7)
"""


def manifests():
    def pod(name, script, policy):
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "restartPolicy": policy,
                "containers": [
                    {
                        "name": "c",
                        "image": "python:3.12-slim",
                        "command": ["python", f"/scripts/{script}"],
                        "volumeMounts": [{"name": "scripts", "mountPath": "/scripts"}],
                    }
                ],
                "volumes": [{"name": "scripts", "configMap": {"name": "scripts"}}],
            },
        }

    scripts = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "scripts"},
        "data": {"server.py": SERVER, "client.py": CLIENT},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server"},
        "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8000}]},
    }
    return [scripts, service, pod("server", "server.py", "Always")], pod("client", "client.py", "Never")


async def test_scripts_serve_and_ask_each_other():
    server, client = manifests()
    async with kubelite.Cluster(nodes=2, clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply(server)
        await cluster.wait_for("pod/server", "ready")
        await cluster.clock.sleep(1)
        await cluster.apply(client)
        pod = await cluster.wait_for("pod/client", "jsonpath={.status.phase}=Failed", timeout=700)
        state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        assert state["exitCode"] == 7
        first, second = (await cluster.logs("client")).splitlines()
        assert first == "200 /hello?x=1"
        assert json.loads(second) == {"got": "body"}
        assert '"GET /hello?x=1 HTTP/1.1" 200 -' in await cluster.logs("server")
        await cluster.delete("pod", "server")
        await cluster.wait_for("pod/server", "deleted")
