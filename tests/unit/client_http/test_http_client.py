"""The HTTP client against the real REST door, over a socket of the loopback."""

from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api.resources import CONFIGMAPS, NAMESPACES, PODS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery import apierrors
from kubelite.apimachinery.apierrors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ServiceUnavailable,
    Unauthorized,
)
from kubelite.client.http import HTTPClient
from kubelite.client.kubeconfig import Connection, Credentials
from kubelite.client.requests import ADMIN
from kubelite.client.tls import client_context
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.auth.certificates import make_cluster_certificates, server_context
from kubelite.master.rest.server import RESTServer
from kubelite.runtime import SystemClock
from tests.harness import api_server, make_pod


@asynccontextmanager
async def served(*, tls=False):
    async with api_server(clock=SystemClock()) as inside:
        certificates = make_cluster_certificates() if tls else None
        rest = RESTServer(
            apiserver=inside._ref,
            scheme=new_scheme(),
            clock=inside.clock,
            random=inside.system.random,
            authenticator=Authenticator({"secret": ADMIN}),
        )
        port = await rest.serve_socket("127.0.0.1", 0, server_context(certificates) if tls else None)
        if certificates is None:
            connection = Connection(f"http://127.0.0.1:{port}", credentials=Credentials("secret"))
        else:
            pair = Credentials("", certificates.admin.certificate_pem, certificates.admin.key_pem)
            connection = Connection(f"https://127.0.0.1:{port}", certificates.authority.certificate_pem, pair)
        try:
            async with HTTPClient(connection) as client:
                yield client, inside, connection
        finally:
            await rest.close()


def make_map(name="c", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_the_whole_life_of_an_object():
    async with served() as (client, inside, _):
        made = await client.create(CONFIGMAPS, make_map(a="b"), "default")
        assert (
            await client.get(CONFIGMAPS, "c", "default")
            == await inside.get(CONFIGMAPS, "c", "default")
            == made
        )
        patched = await client.patch(CONFIGMAPS, "c", {"data": {"x": "y"}}, "default", field_manager="me")
        assert patched["data"] == {"a": "b", "x": "y"}
        with pytest.raises(Conflict):
            await client.update(CONFIGMAPS, made)
        listed = await client.list(CONFIGMAPS, "default", label_selector="!none")
        assert listed.items == (await inside.list(CONFIGMAPS, "default")).items
        page = await client.list(NAMESPACES, limit=1)
        assert len(page.items) == 1
        assert page.continue_
        rest = await client.list(NAMESPACES, limit=100, continue_=page.continue_)
        assert rest.resource_version == page.resource_version
        status = await client.delete(CONFIGMAPS, "c", "default", uid=made["metadata"]["uid"])
        assert status["status"] == "Success"
        with pytest.raises(NotFound):
            await client.get(CONFIGMAPS, "c", "default")
        await client.create(CONFIGMAPS, make_map("d"), "default", dry_run=True)
        await client.delete_collection(CONFIGMAPS, "default")


async def test_errors_come_back_as_they_were():
    async with served() as (client, _, connection):
        await client.create(CONFIGMAPS, make_map(), "default")
        with pytest.raises(AlreadyExists):
            await client.create(CONFIGMAPS, make_map(), "default")
        with pytest.raises(Invalid) as invalid:
            await client.create(PODS, make_pod("Bad_Name"), "default")
        assert invalid.value.details["causes"][0]["field"] == "metadata.name"
        with pytest.raises(BadRequest):
            await client.list(PODS, field_selector="spec.none=1")
        async with HTTPClient(Connection(connection.url)) as nobody:
            with pytest.raises(Forbidden, match='User "system:anonymous" cannot list resource "pods"'):
                await nobody.list(PODS)
        async with HTTPClient(Connection(connection.url, credentials=Credentials("wrong"))) as wrong:
            with pytest.raises(Unauthorized):
                await wrong.list(PODS)
    async with HTTPClient(connection) as late:
        with pytest.raises(ServiceUnavailable):
            await late.list(PODS)


async def test_watch():
    async with served() as (client, _, _):
        await client.create(CONFIGMAPS, make_map("first"), "default")
        watcher = await client.watch(CONFIGMAPS, "default", bookmarks=False)
        seen = [await anext(watcher)]
        for index in range(50):
            await client.create(CONFIGMAPS, make_map(f"m{index}"), "default")
        seen += [await anext(watcher) for _ in range(50)]
        assert [event.object["metadata"]["name"] for event in seen] == [
            "first",
            *(f"m{i}" for i in range(50)),
        ]
        watcher.stop()
        expired = await client.watch(CONFIGMAPS, "default", resource_version="1", timeout_s=1)
        events = [event.type async for event in expired if event.type != "BOOKMARK"]
        assert expired.ended
        assert set(events) <= {"ADDED", "ERROR"}


async def test_a_client_certificate_is_enough():
    async with served(tls=True) as (client, _, connection):
        assert (await client.list(NAMESPACES)).items
        assert client_context(connection).verify_mode.name == "CERT_REQUIRED"


async def test_the_servers_end_ends_watches():
    async with served() as (client, _, _):
        watcher = await client.watch(CONFIGMAPS, "default", bookmarks=False)
    assert [event async for event in watcher] == []


ERRORS = st.sampled_from(
    [
        apierrors.BadRequest("why"),
        apierrors.Unauthorized(),
        apierrors.Forbidden("no", resource=PODS, name="p"),
        apierrors.NotFound(PODS, "p"),
        apierrors.NotFound.path(),
        apierrors.MethodNotAllowed(),
        apierrors.AlreadyExists(PODS, "p"),
        apierrors.Conflict(PODS, "p", "changed"),
        apierrors.Expired("old"),
        apierrors.TooManyRequests("later", retry_after_s=3),
        apierrors.InternalError("broken"),
        apierrors.Timeout("slow"),
    ]
)


@given(ERRORS)
def test_statuses_are_a_round_trip(error):
    back = apierrors.from_status(error.status())
    assert type(back) is type(error)
    assert back.status() == error.status()


@pytest.mark.parametrize("line", [b"null", b"[]", b"{}", b'{"type": "ADDED"}', b"no json"])
async def test_lines_that_are_no_events_end_a_watch(line):
    async def answer(_request):
        return web.Response(body=b'{"type": "ADDED", "object": {"metadata": {"name": "a"}}}\n' + line + b"\n")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with HTTPClient(Connection(url)) as client:
            watcher = await client.watch(CONFIGMAPS, "default")
            assert [event.object["metadata"]["name"] async for event in watcher] == ["a"]


async def test_credentials_that_cannot_be_renewed_are_an_answer_not_a_crash():
    async def refuse(_request):
        return web.json_response({"kind": "Status", "code": 401, "reason": "Unauthorized"}, status=401)

    def renew():
        raise ValueError("aws, which makes the credentials, is not installed")

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with HTTPClient(Connection(url, renew=renew)) as client:
            with pytest.raises(apierrors.Unauthorized, match="is not installed"):
                await client.list(NAMESPACES)


@pytest.mark.parametrize(("code", "error"), [(200, apierrors.InternalError), (404, NotFound)])
async def test_an_answer_that_breaks_off_is_an_error_of_the_api(code, error):
    async def break_off(request):
        response = web.StreamResponse(status=code, headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", break_off)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with HTTPClient(Connection(url)) as client:
            with pytest.raises(error):
                await client.get(CONFIGMAPS, "c", "default")
            with pytest.raises(error):
                await client.text("/logs", {})
