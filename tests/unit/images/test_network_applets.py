"""wget and nslookup: what they print and how they end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, make_files, sh  # noqa: E402

from kubelite.images.busybox import APPLETS, network, run_applets  # noqa: E402


def wget(*args):
    async def page(request):
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/echo":
            return web.Response(text=" ".join(request.headers[name] for name in "AB"))
        if request.path == "/begun":
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"begun\n")
            await asyncio.sleep(5)
            return answer
        return web.Response(status=200 if request.path == "/index.html" else 404, text="hello\n")

    async def run():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", page)
        async with TestServer(app) as server:
            address = f"127.0.0.1:{server.port}"
            container = FakeContainer(
                ["wget", *(arg.replace("HOST", address) for arg in args)], working_dir="/tmp"
            )
            container.files.mkdir("/tmp/in")
            container.http = aiohttp.ClientSession
            status = await run_applets(container, APPLETS)
        err = container.stderr.data.decode().replace(address, "HOST").replace(str(server.port), "PORT")
        return status, container.stdout.data.decode(), err, container.files

    return asyncio.run(run())


def test_wget_writes_a_file_and_says_so():
    status, out, err, files = wget("http://HOST/index.html")
    assert (status, out) == (0, "")
    assert files.read("/tmp/index.html") == b"hello\n"
    assert err.startswith("Connecting to HOST (HOST)\n")
    assert "saving to 'index.html'" in err
    assert err.endswith("'index.html' saved\n")


def test_wget_quietly_to_standard_output():
    assert wget("-qO-", "HOST/index.html")[:3] == (0, "hello\n", "")
    assert wget("-q", "-O", "-", "HOST/index.html")[:3] == (0, "hello\n", "")


def test_wget_errors():
    assert wget("-qO-", "http://HOST/none")[:3] == (
        1,
        "",
        "wget: server returned error: HTTP/1.1 404 Not Found\n",
    )
    assert wget("-q", "--spider", "http://HOST/index.html")[:3] == (0, "", "")
    assert wget("-q", "-T", "0.05", "http://HOST/slow")[2] == "wget: download timed out\n"
    assert wget("-q", "http://127.0.0.1:1/")[:3] == (
        1,
        "",
        "wget: can't connect to remote host (127.0.0.1): Connection refused\n",
    )
    assert wget("http://nowhere.test/")[:3] == (1, "", "wget: bad address 'nowhere.test'\n")


def test_wget_sends_every_header_and_shows_those_of_the_answer():
    status, out, err, files = wget("-q", "-S", "-P", "in", "--header", "A: 1", "--header=B: 2", "HOST/echo")
    assert (status, out) == (0, "")
    assert files.read("/tmp/in/echo") == b"1 2"
    assert err.startswith("  HTTP/1.1 200 OK\n  Content-Type: ")


def test_wget_writes_what_comes_before_the_answer_ends():
    assert wget("-q", "-T", "0.5", "-O", "-", "HOST/begun")[:3] == (
        1,
        "begun\n",
        "wget: download timed out\n",
    )


def nslookup(monkeypatch, *args):
    dnslib = pytest.importorskip("dnslib")

    async def query(server, name, kind):
        answer = dnslib.DNSRecord.question(name, kind).reply()
        if name.rstrip(".") == "web.default.svc.cluster.local":
            if kind == "A":
                answer.add_answer(*dnslib.RR.fromZone("web.default.svc.cluster.local 5 A 10.96.0.9"))
        else:
            answer.header.rcode = dnslib.RCODE.NXDOMAIN
        return answer

    monkeypatch.setattr(network, "query_dns", query)

    async def run():
        container = FakeContainer(["nslookup", *args])
        text = "search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
        container.files.write("/etc/resolv.conf", text)
        return await run_applets(container, APPLETS), container.stdout.data.decode()

    return asyncio.run(run())


def test_nslookup(monkeypatch):
    found = (
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
        "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.9\n\n"
    )
    assert nslookup(monkeypatch, "web") == (0, found)
    assert nslookup(monkeypatch, "web.default.svc.cluster.local") == (0, found)
    status, out = nslookup(monkeypatch, "nope")
    assert status == 1
    assert out.endswith("** server can't find nope: NXDOMAIN\n\n")


def test_the_full_name_of_the_host_is_that_of_its_hosts_file():
    files = make_files()
    assert sh("hostname; hostname -f", files=files).out == "pod-0\npod-0\n"
    files.write("/etc/hosts", "127.0.0.1\tlocalhost\n10.0.0.1\tpod-0.web.default.svc.cluster.local\tpod-0\n")
    assert sh("hostname -f; hostname -d; hostname -s", files=files).out == (
        "pod-0.web.default.svc.cluster.local\nweb.default.svc.cluster.local\npod-0\n"
    )


async def talk_with_nc(answer, script, *, stops=False):
    """What a client prints whose server is given each connection; `stops` it when it has printed."""

    served = []

    async def serve(reader, writer):
        served.append(asyncio.current_task())
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        container = FakeContainer(("sh", "-c", script.replace("PORT", str(port))))

        async def resolve(name):
            return [name]

        container.resolve = resolve
        running = asyncio.ensure_future(run_applets(container, APPLETS))
        async with asyncio.timeout(10):
            while not container.stdout.data and not running.done():
                await asyncio.sleep(0)
        if stops:
            running.cancel()
        await asyncio.wait([running])
        for task in served:
            task.cancel()
        await asyncio.wait(served)
        await asyncio.sleep(0)  # for the transports to be closed
    return container.stdout.data.decode()


async def test_nc_sends_its_input_as_it_comes():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())

    script = "{ echo hello; sleep 1000; } | nc 127.0.0.1 PORT"
    assert await talk_with_nc(answer, script, stops=True) == "HELLO\n"


async def test_nc_waits_for_no_more_than_it_is_told():
    async def answer(reader, writer):
        writer.write(b"first\n")
        await asyncio.sleep(1000)

    assert await talk_with_nc(answer, "nc -w 0.1 127.0.0.1 PORT </dev/null") == "first\n"
