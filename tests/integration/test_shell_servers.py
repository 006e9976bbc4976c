"""Web servers that shells of pods start, on a whole cluster, in virtual time."""

import pytest

import kubelite
from kubelite.testing import VirtualClock


def pod(name, script):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", script]}],
        },
    }


@pytest.mark.parametrize("background", [False, True])
async def test_busybox_httpd_serves_files(background):
    start = "httpd -p 8080 -h /www; sleep 1d" if background else "exec httpd -f -p 8080 -h /www"
    script = f"mkdir -p /www; echo hello > /www/index.html; {start}"
    async with kubelite.Cluster(clock=VirtualClock(), seed=1) as cluster:
        await cluster.apply(pod("web", script))
        found = await cluster.wait_for("pod/web", "ready")
        await cluster.clock.sleep(1)
        async with cluster.http() as http:
            url = f"http://{found['status']['podIP']}:8080"
            async with http.get(url + "/") as answer:
                assert (answer.status, await answer.text(), answer.content_type) == (
                    200,
                    "hello\n",
                    "text/html",
                )
            async with http.get(url + "/etc/hosts") as answer:
                assert answer.status == 404
        await cluster.delete("pod", "web")
        await cluster.wait_for("pod/web", "deleted")
