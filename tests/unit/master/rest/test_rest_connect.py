"""What the API server does between a client's websocket and the kubelet's."""

import aiohttp
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from kubelite.client.requests import ConnectInfo
from kubelite.master.rest import connect
from kubelite.master.rest.requestinfo import Query

PROTOCOL = "v5.channel.k8s.io"


class Dialer:
    """Reaches one kubelet."""

    def __init__(self, session, server):
        self._session, self._server = session, server

    def session(self, node):
        return self._session

    def url(self, host, port):
        return str(self._server.make_url("")).rstrip("/")


class Clock:
    """Tells what is waited for, and does not wait."""

    def __init__(self, told):
        self._told = told

    async def sleep(self, seconds):
        self._told.append(seconds)


async def test_a_command_says_nothing_before_its_client_has_settled():
    told = []

    async def kubelet(request):
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        await socket.send_bytes(b"\x01out")
        await socket.close()
        return socket

    async def door(request):
        info = ConnectInfo({}, "c", "node-1", "10.0.0.1", 10250, "/exec/default/web/c")
        return await connect.join(request, Query(), info, dialer, Clock(told))

    async with (
        RawTestServer(kubelet) as there,
        RawTestServer(door) as here,
        aiohttp.ClientSession() as http,
    ):
        dialer = Dialer(http, there)
        async with http.ws_connect(here.make_url("/"), protocols=(PROTOCOL,)) as socket:
            told += [message.data async for message in socket]
    assert told == [connect.SETTLE_S, b"\x01out"]
