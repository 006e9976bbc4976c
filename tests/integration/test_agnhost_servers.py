"""The servers of agnhost, as pods and clients of the API server meet them."""

from __future__ import annotations

import json

import pytest

import kubelite
from kubelite.testing import VirtualClock

IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.59"


def pod(name, *args, image=IMAGE, env=None, labels=None, **spec):
    variables = [{"name": key, "value": value} for key, value in (env or {}).items()]
    container = {"name": "c", "image": image, "args": list(args), "env": variables}
    metadata = {"name": name, "labels": labels or {"app": name}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **spec},
    }


def service(name, port, **labels):
    spec = {"selector": labels, "ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
async def cluster():
    async with kubelite.Cluster(nodes=1, clock=VirtualClock(), seed=1) as running:
        yield running


async def start(cluster, *objects):
    for each in objects:
        await cluster.apply(each)
    for each in objects:
        if each["kind"] == "Pod":
            await cluster.wait_for(f"pod/{each['metadata']['name']}", "ready")


async def run(cluster, script):
    result = await cluster.exec("client", ["sh", "-c", script])
    return result.exit_code, result.stdout


async def address(cluster, name):
    return (await cluster.get("pod", name))["status"]["podIP"]


async def test_porter_serves_what_its_environment_says(cluster):
    env = {
        "SERVE_PORT_80": "plain",
        "SERVE_TLS_PORT_443": "secret",
        "SERVE_UDP_PORT_90": "datagram",
        "SERVE_PORT_X": "nothing",
    }
    await start(cluster, pod("client"), pod("porter", "porter", env=env))
    ip = await address(cluster, "porter")
    assert await run(cluster, f"curl -s http://{ip}/any/path") == (0, "plain")
    assert await run(cluster, f"curl -sk https://{ip}/") == (0, "secret")
    assert await run(cluster, f"curl -s https://{ip}/ || echo not trusted") == (0, "not trusted\n")
    assert await run(cluster, f"echo x | nc -u -w 1 {ip} 90") == (0, "datagram")
    await cluster.delete("pod", "porter")
    await cluster.wait_for("pod/porter", "deleted")


async def test_porter_tells_the_method_as_json(cluster):
    await start(
        cluster, pod("client"), pod("porter", "porter", "--json-response", env={"SERVE_PORT_80": "it"})
    )
    _, out = await run(cluster, f"curl -s -X PATCH http://{await address(cluster, 'porter')}/")
    assert json.loads(out) == {"Method": "PATCH", "Body": "it"}


async def test_serve_hostname_over_plain_tcp_and_udp(cluster):
    args = ("serve-hostname", "--http=false", "--tcp", "--udp")
    await start(cluster, pod("client"), pod("host", *args), pod("web", "serve-hostname", "--port=80"))
    ip = await address(cluster, "host")
    assert await run(cluster, f"echo hostName | nc -t -w 2 {ip} 9376") == (0, "host")
    assert await run(cluster, f"echo hostName | nc -u -w 2 {ip} 9376") == (0, "host")
    assert await run(cluster, f"curl -s http://{await address(cluster, 'web')}/x") == (0, "web")
    await cluster.apply(pod("both", "serve-hostname", "--tcp", restartPolicy="Never"))
    await cluster.wait_for("pod/both", "jsonpath={.status.phase}=Failed")


async def test_replicas_of_a_guestbook_learn_what_the_primary_is_told(cluster):
    await start(
        cluster,
        pod("client"),
        service("agnhost-primary", 6379, app="primary"),
        service("agnhost-replica", 6379, app="replica"),
        pod("primary", "guestbook", "--http-port", "6379"),
        pod("front", "guestbook", "--backend-port", "6379"),
    )
    front = f"curl -s 'http://{await address(cluster, 'front')}/guestbook?key=messages"
    assert await run(cluster, f"{front}&cmd=set&value=before'") == (0, '{"message":"Updated"}')
    await start(cluster, pod("replica", "guestbook", "--replicaof", "agnhost-primary", "--http-port", "6379"))
    await cluster.clock.advance(5)
    assert await run(cluster, f"{front}&cmd=get'") == (0, '{"data":"before"}')
    assert await run(cluster, f"{front}&cmd=set&value=later+on'") == (0, '{"message":"Updated"}')
    assert await run(cluster, f"{front}&cmd=get'") == (0, '{"data":"later on"}')
    assert await run(cluster, f"{front}&cmd=drop'") == (0, "unsupported cmd: 'drop'\n")


async def test_a_replica_without_a_primary_gives_up(cluster):
    await cluster.apply(pod("alone", "guestbook", "--replicaof", "nobody", restartPolicy="Never"))
    await cluster.wait_for("pod/alone", "jsonpath={.status.phase}=Failed", timeout=60)
    assert "Timed out while registering to primary." in await cluster.logs("alone")


async def test_the_logs_generator_spreads_its_lines_over_its_time(cluster):
    args = ("logs-generator", "--log-lines-total", "10", "-d", "20s")
    began = cluster.clock.monotonic()
    await cluster.apply(pod("logs", *args, restartPolicy="Never"))
    await cluster.wait_for("pod/logs", "jsonpath={.status.phase}=Succeeded", timeout=60)
    assert 20 <= cluster.clock.monotonic() - began < 25
    lines = (await cluster.logs("logs")).splitlines()
    assert [line.split("] ")[1].split()[0] for line in lines] == [str(number) for number in range(10)]


async def test_the_web_server_serves_the_files_of_its_container(cluster):
    await start(cluster, pod("client"), pod("files", "test-webserver"))
    await cluster.exec("files", ["sh", "-c", "mkdir /results; echo OK > /results/udp@kubernetes.default"])
    ip = await address(cluster, "files")
    assert await run(cluster, f"curl -s http://{ip}/results/udp@kubernetes.default") == (0, "OK\n")
    assert "udp@kubernetes.default" in (await run(cluster, f"curl -s http://{ip}/results/"))[1]
    assert await run(cluster, f"curl -s -o /dev/null -w '%{{http_code}}' http://{ip}/none") == (0, "404")


async def test_what_a_pod_is_told_about_names(cluster):
    config = {"nameservers": ["1.1.1.1"], "searches": ["resolv.conf.local"]}
    await start(cluster, pod("client", dnsPolicy="None", dnsConfig=config))
    for command, told in (("dns-suffix", "resolv.conf.local\n"), ("dns-server-list", "1.1.1.1\n")):
        result = await cluster.exec("client", ["/agnhost", command])
        assert (result.exit_code, result.stdout) == (0, told)
    assert "client" in (await cluster.exec("client", ["/agnhost", "etc-hosts"])).stdout


async def test_netexec_with_a_certificate_serves_https(cluster):
    args = (
        "netexec",
        "--http-port=443",
        "--tls-cert-file=/localhost.crt",
        "--tls-private-key-file=/localhost.key",
    )
    await start(cluster, pod("client"), pod("tls", *args))
    ip = await address(cluster, "tls")
    assert await run(cluster, f"curl -sk https://{ip}/hostname") == (0, "tls")
    assert await run(cluster, f"curl -sk https://{ip}/serverport") == (0, "443")


async def test_the_client_in_the_cluster_asks_the_api_server_as_its_account(cluster):
    await start(cluster, pod("client", "inclusterclient", "--poll-interval=1"))
    await cluster.clock.advance(3)
    log = await cluster.logs("client")
    assert log.count("calling /healthz") >= 3
    assert "authz_header=" in log
    assert "err:" not in log
    assert "status=" not in log
    alone = pod("alone", "inclusterclient", automountServiceAccountToken=False, restartPolicy="Never")
    await cluster.apply(alone)
    await cluster.wait_for("pod/alone", "jsonpath={.status.phase}=Failed")


async def test_the_images_of_the_update_demo_tell_their_picture(cluster):
    image = "registry.k8s.io/e2e-test-images/nautilus:1.7"
    await start(cluster, pod("client"), pod("demo", image=image))
    _, out = await run(cluster, f"curl -s http://{await address(cluster, 'demo')}/data.json")
    assert json.loads(out) == {"image": "nautilus.jpg"}


async def test_a_node_port_for_datagrams_answers_on_every_node():
    async with kubelite.Cluster(nodes=3, clock=VirtualClock(), seed=1) as cluster:
        ports = [
            {"name": "tcp", "port": 80, "targetPort": 9376},
            {"name": "udp", "port": 80, "targetPort": 9376, "protocol": "UDP"},
        ]
        spec = {"type": "NodePort", "selector": {"app": "host"}, "ports": ports}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "host"}, "spec": spec}
        await start(
            cluster, pod("client"), service, pod("host", "serve-hostname", "--http=false", "--tcp", "--udp")
        )
        tcp, udp = [each["nodePort"] for each in (await cluster.get("svc", "host"))["spec"]["ports"]]
        for node in await cluster.get("nodes"):
            ip = node["status"]["addresses"][0]["address"]
            assert await run(cluster, f"echo | nc -w 2 {ip} {tcp}") == (0, "host")
            assert await run(cluster, f"echo | nc -u -w 2 {ip} {udp}") == (0, "host")
        await cluster.delete("service", "host")
        assert (await run(cluster, f"echo | nc -u -w 2 {ip} {udp}"))[0] == 1
