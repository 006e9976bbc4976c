"""The REST door as raw HTTP: what clients see besides objects."""

import asyncio
import io
import socket
import ssl
from contextlib import asynccontextmanager

import aiohttp
import orjson
import pytest

from kubelite import Cluster
from kubelite.api.resources import CONFIGMAPS
from kubelite.api.scheme import new_scheme
from kubelite.client.requests import ADMIN
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.certificates import make_cluster_certificates, server_context
from kubelite.master.rest.server import RESTServer
from kubelite.runtime import SystemClock
from tests.harness import api_server

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
YAML = "application/yaml"


@asynccontextmanager
async def served():
    async with api_server(clock=SystemClock()) as inside:
        rest = RESTServer(
            apiserver=inside._ref,
            scheme=new_scheme(),
            clock=inside.clock,
            random=inside.system.random,
            authenticator=Authenticator({"secret": ADMIN}),
        )
        port = await rest.serve_socket("127.0.0.1")
        headers = {"Authorization": "Bearer secret"}
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
                yield http, inside, rest
        finally:
            await rest.close()


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/nothing", 404, "404 page not found\n"),
        ("GET", "/apis/none.example.com/v1", 404, "404 page not found\n"),
        ("GET", "/api/v2", 404, "could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/dogs", 404, "could not find the requested resource"),
        ("GET", f"{MAPS}/x/status", 404, "could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/nodes", 404, "could not find the requested resource"),
        ("GET", f"{MAPS}/none", 404, '"configmaps \\"none\\" not found"'),
        ("POST", f"{MAPS}/none", 405, "MethodNotAllowed"),
        ("PUT", MAPS, 405, "MethodNotAllowed"),
        ("POST", "/api/v1/configmaps", 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/namespaces", 405, "MethodNotAllowed"),
        ("POST", "/api/v1", 405, "MethodNotAllowed"),
        ("POST", "/version", 405, "MethodNotAllowed"),
        ("OPTIONS", MAPS, 405, "MethodNotAllowed"),
        ("GET", "/healthz", 200, "ok"),
        ("GET", "/openapi/v3/apis/none/v1", 404, ""),
        ("PATCH", f"{MAPS}/x", 415, "415: Unsupported Media Type"),
    ],
)
async def test_routes(method, path, code, text):
    async with served() as (http, _, _), http.request(method, path) as answer:
        assert answer.status == code
        assert text in await answer.text()
        assert answer.headers["Audit-Id"]
        assert answer.headers["Cache-Control"] == "no-cache, private"


async def test_who_may_what():
    async with served() as (http, _, _):
        for headers, path, code in (
            ({"Authorization": ""}, MAPS, 403),
            ({"Authorization": ""}, "/nothing", 403),
            ({"Authorization": ""}, "/api", 403),
            ({"Authorization": ""}, "/version", 200),
            ({"Authorization": ""}, "/readyz", 200),
            ({"Authorization": "Bearer wrong"}, "/version", 401),
            ({"Impersonate-User": "alice"}, MAPS, 403),
            ({"Impersonate-User": "alice"}, "/apis", 200),
            ({"Impersonate-User": "alice", "Impersonate-Group": "system:masters"}, MAPS, 200),
            ({"Impersonate-Group": "g"}, MAPS, 400),
        ):
            async with http.get(path, headers=headers) as answer:
                assert answer.status == code, (headers, path)


async def test_bodies():
    async with served() as (http, _, _):
        body = b"metadata: {name: kept}\nkind: ConfigMap\napiVersion: v1\ncolour: red\n"
        async with http.post(MAPS, data=body, headers={"Content-Type": YAML}) as answer:
            assert answer.status == 201
            assert answer.headers["Warning"] == '299 - "unknown field \\"colour\\""'
        async with http.get(f"{MAPS}/kept", headers={"Accept": YAML}) as answer:
            assert answer.content_type == YAML
            assert b"name: kept" in await answer.read()
        async with http.post(MAPS, data=io.BytesIO(b"x" * (3 * 1024 * 1024 + 1))) as answer:
            assert answer.status == 413
            assert (await answer.json())["message"] == "Request entity too large: limit is 3145728"

        async def pieces():
            for _ in range(4):
                yield b"y" * 1024 * 1024

        async with http.post(MAPS, data=pieces()) as answer:
            assert answer.status == 413
        async with http.post(MAPS, data=b"{}", headers={"Content-Type": "text/plain"}) as answer:
            assert answer.status == 415


async def test_tables_and_discovery():
    async with served() as (http, _, _):
        async with http.get(f"{MAPS}?limit=1", headers=TABLE) as answer:
            table = await answer.json()
            assert (table["kind"], table["rows"]) == ("Table", [])
            assert table["columnDefinitions"][0]["name"] == "Name"
        async with http.get("/api/v1", headers=TABLE) as answer:
            assert answer.status == 406
        aggregated = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        async with http.get("/apis", headers=aggregated) as answer:
            etag = answer.headers["ETag"]
            assert "as=APIGroupDiscoveryList" in answer.headers["Content-Type"]
        async with http.get("/apis", headers={**aggregated, "If-None-Match": etag}) as answer:
            assert answer.status == 304


async def test_watches_in_all_forms():
    async with (
        served() as (http, inside, _),
        http.get(f"{MAPS}?watch=1") as plain,
        http.get(f"{MAPS}?watch=1", headers=TABLE) as tables,
        http.get("/api/v1/watch/namespaces/default/configmaps/b?timeoutSeconds=1") as one,
    ):
        for name in ("a", "b"):
            made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
            await inside.create(CONFIGMAPS, made, "default")
        names = [orjson.loads(await plain.content.readline())["object"]["metadata"]["name"] for _ in "ab"]
        assert names == ["a", "b"]
        first, second = [orjson.loads(await tables.content.readline())["object"] for _ in "ab"]
        assert first["columnDefinitions"]
        assert second["columnDefinitions"] is None
        assert second["rows"][0]["cells"][0] == "b"
        lines = (await asyncio.wait_for(one.read(), 5)).splitlines()
        assert [orjson.loads(line)["object"]["metadata"]["name"] for line in lines] == ["b"]


async def test_plain_http_stays_at_home():
    async with served() as (_, _, rest):
        with pytest.raises(ValueError, match="loopback"):
            await rest.serve_socket("0.0.0.0")
        assert "1 sockets" in repr(rest)


async def test_a_stop_does_not_wait_for_idle_tls_clients():
    certificates = make_cluster_certificates()

    def connect(port):
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        unchecked = ssl._create_unverified_context()
        silent = unchecked.wrap_socket(plain)
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert silent.recv(100).startswith(b"HTTP/1.1 200")
        return silent

    async with served() as (_, _, rest):
        port = await rest.serve_socket("127.0.0.1", 0, server_context(certificates))
        with await asyncio.to_thread(connect, port):  # it never says good-bye
            (connection,) = rest._server.connections
            below_tls = connection.transport._ssl_protocol._transport
            await rest.close()
            assert below_tls.is_closing()


async def test_exec_needs_an_upgrade():
    async with served() as (http, inside, _):
        async with http.post("/api/v1/namespaces/default/pods/none/exec?command=ls") as answer:
            assert answer.status == 404
        async with http.get("/api/v1/namespaces/default/pods/none/log?tailLines=-5") as answer:
            assert answer.status == 422


async def test_documents_of_openapi_under_hashes_of_the_past_are_redirected():
    async with served() as (http, _, _):
        async with http.get("/openapi/v3") as answer:
            current = (await answer.json(content_type=None))["paths"]["apis/apps/v1"]["serverRelativeURL"]
        async with http.get("/openapi/v3/apis/apps/v1?hash=PAST", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (301, current)
        async with http.get(current) as answer:
            assert answer.headers["Cache-Control"] == "public, immutable"
            assert answer.headers["Vary"] == "Accept"


async def test_tables_of_objects_that_are_not_stored_have_no_version():
    table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with served() as (http, _, _):
        body = {"metadata": {"name": "a"}}
        async with http.post(f"{MAPS}?dryRun=All", json=body, headers=table) as answer:
            assert (await answer.json())["metadata"] == {}


async def test_times_of_log_requests_are_judged_before_the_pod_is_looked_up():
    path = "/api/v1/namespaces/default/pods/none/log?sinceTime=noon"
    async with served() as (http, _, _), http.get(path) as answer:
        assert answer.status == 400
        assert "cannot parse" in (await answer.json())["message"]


async def test_whole_floats_are_integers_in_strategic_patches_only():
    path = "/api/v1/namespaces/default/replicationcontrollers"
    container = {"name": "c", "image": "i"}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    body = {"metadata": {"name": "r"}, "spec": {"replicas": 2, "template": template}}
    change = {"spec": {"replicas": 3.0}}
    async with served() as (http, _, _):
        for sent, code in (({**body, "spec": {**body["spec"], "replicas": 2.0}}, 400), (body, 201)):
            async with http.post(path, json=sent) as answer:
                assert answer.status == code
        for kind, code in (("merge", 422), ("strategic-merge", 200)):
            headers = {"Content-Type": f"application/{kind}-patch+json"}
            async with http.patch(f"{path}/r", json=change, headers=headers) as answer:
                assert answer.status == code


async def test_plain_http_on_a_tls_socket_is_told_so():
    async with Cluster(nodes=0) as cluster:
        _, _, port = cluster.url.rpartition(":")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
        assert answer.endswith(b"Client sent an HTTP request to an HTTPS server.\n")
