# ruff: noqa: SIM117 - one connection inside one session reads better nested
"""The canary of aiohttp over pipes: what its client and server do with our transports."""

import asyncio
import contextlib
import io

import aiohttp
import pytest
from aiohttp import web

from kubelite.network import (
    AddressBlock,
    Fabric,
    NetworkNamespace,
    Translator,
    client_session,
    current_namespace,
)
from kubelite.network.tls import serve_tls

SERVER, CLIENT, VIRTUAL = "127.240.64.2", "127.240.64.3", "127.240.32.9"


@pytest.fixture
async def fabric():
    block = AddressBlock.claim(virtual=True)
    yield Fabric(block, reaches_outside=False)
    block.release()


@pytest.fixture
def client(fabric):
    return NetworkNamespace("default/client", CLIENT, fabric)


@contextlib.asynccontextmanager
async def served(fabric, routes, *, ssl=None, port=80, **options):
    app = web.Application(**options)
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    factory = runner.server if ssl is None else serve_tls(runner.server, ssl)
    listener = fabric.listen(SERVER, port, factory)
    yield listener
    listener.close()
    await runner.cleanup()


async def hello(request):
    return web.Response(text=f"hello {request.remote}")


async def test_get_and_keep_alive(fabric, client):
    async with served(fabric, [("GET", "/", hello)]) as listener, client_session(client) as http:
        for _ in range(3):
            async with http.get(f"http://{SERVER}/") as answer:
                assert (answer.status, await answer.text()) == (200, f"hello {CLIENT}")
        assert fabric.connections == 1
        async with http.get(f"http://{SERVER}/", headers={"Connection": "close"}) as answer:
            await answer.read()
        assert fabric.connections <= 2
        assert listener.address == SERVER


async def test_streaming_with_a_slow_reader(fabric, client):
    written = 0

    async def stream(request):
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b"x" * 65536)
            written += 65536
        return response

    async with served(fabric, [("GET", "/", stream)]), client_session(client) as http:
        async with http.get(f"http://{SERVER}/") as answer:
            for _ in range(50):
                await asyncio.sleep(0)
            assert written < 20 * 65536  # the writer waits for the reader
            assert len(await answer.read()) == 200 * 65536


async def test_upload_and_expect_100(fabric, client):
    async def upload(request):
        total = 0
        async for chunk in request.content.iter_chunked(10_000):
            total += len(chunk)
            await asyncio.sleep(0)
        return web.json_response(total)

    async with served(fabric, [("POST", "/", upload)], client_max_size=2**26), client_session(client) as http:
        async with http.post(
            f"http://{SERVER}/", data=io.BytesIO(b"y" * 3_000_000), expect100=True
        ) as answer:
            assert await answer.json() == 3_000_000


async def test_websocket(fabric, client):
    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data + "!")
        return socket

    async with served(fabric, [("GET", "/", echo)]), client_session(client) as http:
        async with http.ws_connect(f"http://{SERVER}/") as socket:
            await socket.send_str("x" * 200_000)
            assert (await socket.receive_str()) == "x" * 200_000 + "!"


async def test_abort_gives_an_error(fabric, client):
    async def abort(request):
        request.transport.abort()
        return web.Response()

    async with served(fabric, [("GET", "/", abort)]), client_session(client) as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(f"http://{SERVER}/")


async def test_truncated_body(fabric, client):
    async def truncate(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"short")
        request.transport.close()
        return response

    async with served(fabric, [("GET", "/", truncate)]), client_session(client) as http:
        async with http.get(f"http://{SERVER}/") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()


async def test_time_out(fabric, client):
    answer = asyncio.Event()

    async def wait(request):
        await answer.wait()
        return web.Response()

    async with served(fabric, [("GET", "/", wait)]), client_session(client) as http:
        with pytest.raises(asyncio.TimeoutError):
            await http.get(f"http://{SERVER}/", timeout=aiohttp.ClientTimeout(total=0.01))
        answer.set()


async def test_pipelined_requests(fabric, client):
    got = bytearray()

    class Raw(asyncio.Protocol):
        def data_received(self, data):
            got.extend(data)

    async with served(fabric, [("GET", "/", hello)]):
        transport, _ = await fabric.connect(client, SERVER, 80, Raw)
        transport.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        while got.count(b"hello") < 3:
            await asyncio.sleep(0)
        transport.close()


async def test_refused_and_translated(fabric, client):
    async with served(fabric, [("GET", "/", hello)], port=8080), client_session(client) as http:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await http.get(f"http://{SERVER}/")
        assert isinstance(refused.value.os_error, ConnectionRefusedError)

        class One:
            def pick(self, source_ip):
                return (SERVER, 8080) if source_ip == CLIENT else None

        client.translator = Translator()
        client.translator.rules = {(VIRTUAL, 80, "TCP"): One()}
        async with http.get(f"http://{VIRTUAL}/") as answer:
            assert await answer.text() == f"hello {CLIENT}"


async def test_the_handler_runs_in_the_network_of_the_server(fabric, client):
    seen = []

    async def look(request):
        seen.append(current_namespace.get())
        return web.Response()

    server = NetworkNamespace("default/server", SERVER, fabric)
    token = current_namespace.set(server)
    async with served(fabric, [("GET", "/", look)]):
        current_namespace.reset(token)
        async with client_session(client) as http, http.get(f"http://{SERVER}/"):
            pass
    assert seen == [server]


async def test_cut_hangs_and_restore_lets_new_ones_in(fabric, client):
    async with served(fabric, [("GET", "/", hello)]), client_session(client) as http:
        fabric.cut(SERVER)
        with pytest.raises(asyncio.TimeoutError):
            await http.get(f"http://{SERVER}/", timeout=aiohttp.ClientTimeout(total=0.01))
        fabric.restore(SERVER)
        async with http.get(f"http://{SERVER}/") as answer:
            assert answer.status == 200


async def test_tls(fabric, client):
    import ssl

    import trustme

    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(SERVER, "web.test").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    async def secure(request):
        return web.Response(body=b"z" * 500_000, headers={"Scheme": request.scheme})

    async with served(fabric, [("GET", "/", secure)], ssl=server, port=443), client_session(client) as http:
        async with http.get(f"https://{SERVER}/", ssl=trust) as answer:
            assert len(await answer.read()) == 500_000
            assert answer.headers["Scheme"] == "https"
        async with http.get(f"https://{SERVER}/", ssl=False) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "parts", [[b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], [b"P", b"O", b"S", b"T", b" /x HTTP/1.1\r\n"]]
)
async def test_who_speaks_plain_http_to_tls_is_told_so(parts):
    import ssl

    factory = serve_tls(asyncio.Protocol, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    async with await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
    assert answer == (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")


async def test_what_is_neither_http_nor_tls_is_hung_up_on():
    import ssl

    factory = serve_tls(asyncio.Protocol, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    async with await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello there\r\n")
        assert b"HTTP" not in await reader.read()
        writer.close()


async def test_all_that_comes_before_the_good_bye_of_tls_is_read():
    import ssl

    import trustme

    authority, settings = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(settings)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    received, ended = bytearray(), asyncio.get_running_loop().create_future()

    class Reading(asyncio.Protocol):
        def data_received(self, data):
            received.extend(data)

        def eof_received(self):
            ended.set_result(len(received))

    sent = bytes(range(256)) * 1000  # many records
    async with await asyncio.get_running_loop().create_server(
        serve_tls(Reading, settings), "127.0.0.1", 0
    ) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=trusting)
        for part in (sent[:100], sent[100:20_000], sent[20_000:]):
            writer.write(part)
        writer.close()
        assert await ended == len(sent)
    assert bytes(received) == sent


async def test_tls_with_a_certificate_that_is_not_trusted(fabric, client):
    import ssl

    import trustme

    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(SERVER).configure_cert(server)
    async with served(fabric, [("GET", "/", hello)], ssl=server, port=443), client_session(client) as http:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"https://{SERVER}/", timeout=aiohttp.ClientTimeout(total=1))
