"""Applets that use the pod's network: wget, nslookup, nc, ping.

Source: BusyBox 1.36's wget and nslookup, whose output scripts read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import posixpath
import ssl
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict

from kubelite.images.busybox.netcat import exchange, nc
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.busybox.ping import ping
from kubelite.images.shell.process import Applet, Process

if TYPE_CHECKING:
    from kubelite.network import NetworkNamespace

READ_TIMEOUT_S = 900.0
DNS_TIMEOUT_S = 5.0
_WGET_LONG = {
    "timeout": "T",
    "spider": "s",
    "quiet": "q",
    "output-document": "O",
    "post-data": "D",
    "no-check-certificate": "k",
    "tries": "t",
    "server-response": "S",
}


async def wget(process: Process) -> int:
    """`wget [-qSc] [-O FILE] [-P DIR] [-T SECONDS] [--header H]... [--post-data TEXT] [--spider] URL`."""
    rest, headers = _headers(list(process.argv[1:]))
    try:
        options, urls = parse_options(rest, "qSckns", "OTtDUPYo", _WGET_LONG)
    except UsageError as error:
        return await process.fail(str(error))
    if not urls:
        return await process.fail("missing URL")
    url = urls[0] if "://" in urls[0] else f"http://{urls[0]}"
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    headers.setdefault("User-Agent", options.get("U", "Wget"))
    headers.setdefault("Connection", "close")
    try:
        if "q" not in options:
            address = await _address(process, parts.hostname or "")
            await process.err(
                f"Connecting to {parts.hostname}{f':{parts.port}' if parts.port else ''} ({address}:{port})\n"
            )
        async with process.container.http() as session:
            return await _download(process, session, url, options, headers)
    except TimeoutError:
        return await process.fail("download timed out")
    except OSError as error:
        return await process.fail(_connection_error(error, parts.hostname or "", port))
    except aiohttp.ClientError:
        return await process.fail("error getting response: Connection reset by peer")


def _headers(args: list[str]) -> tuple[list[str], CIMultiDict[str]]:
    """The arguments without `--header`, and what these say: there may be several."""
    rest, headers = list[str](), CIMultiDict[str]()
    while args:
        arg = args.pop(0)
        name, equals, text = arg.partition("=")
        if name != "--header":
            rest.append(arg)
            continue
        key, _, value = (text if equals else args.pop(0) if args else "").partition(":")
        headers.add(key.strip(), value.strip())
    return rest, headers


async def _download(
    process: Process,
    session: aiohttp.ClientSession,
    url: str,
    options: Mapping[str, str],
    headers: CIMultiDict[str],
) -> int:
    """Asks and stores the answer; each wait is as long as `-T` says, not all of them together."""
    clock, seconds = process.container.clock, float(options.get("T", READ_TIMEOUT_S))
    method, data = ("POST", options["D"]) if "D" in options else ("GET", None)
    verify: ssl.SSLContext | bool = "k" not in options
    async with clock.timeout(seconds):
        asked = await session.request(
            method, url, data=data, headers=headers, ssl=verify, timeout=aiohttp.ClientTimeout(total=None)
        )
    async with asked as answer:
        if "S" in options:
            shown = "".join(f"  {name}: {value}\n" for name, value in answer.headers.items())
            await process.err(f"  HTTP/1.1 {answer.status} {answer.reason}\n{shown}")
        if answer.status >= 400:
            return await process.fail(f"server returned error: HTTP/1.1 {answer.status} {answer.reason}")
        if "s" in options:
            return 0
        target = options.get("O") or posixpath.join(
            options.get("P", ""), posixpath.basename(urlsplit(url).path) or "index.html"
        )
        stored = bytearray()
        while True:
            async with clock.timeout(seconds):
                piece = await answer.content.readany()
            if not piece:
                break
            if target == "-":
                await process.out(piece)
            else:
                stored += piece
    if target != "-":
        process.container.files.write(process.path(target), bytes(stored))
        if "q" not in options:
            await process.err(f"saving to '{target}'\n'{target}' saved\n")
    return 0


def _connection_error(error: OSError, host: str, port: int) -> str:
    inner: BaseException = getattr(error, "os_error", None) or error
    if isinstance(inner, ConnectionRefusedError) or "refused" in str(inner).lower():
        return f"can't connect to remote host ({host}): Connection refused"
    if (
        isinstance(error, aiohttp.ClientConnectorDNSError)
        or "resolve" in str(error).lower()
        or "name" in str(inner).lower()
    ):
        return f"bad address '{host}'"
    return f"can't connect to remote host ({host}:{port}): {getattr(inner, 'strerror', None) or inner}"


async def _address(process: Process, host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return (await process.container.resolve(host))[0]
    return host


def nameservers(process: Process) -> tuple[list[str], list[str], int]:
    """The servers, search list and ndots of /etc/resolv.conf."""
    servers, search, dots = [], [], 1
    try:
        text = process.container.files.read("/etc/resolv.conf").decode()
    except OSError:
        text = ""
    for line in text.splitlines():
        match line.split():
            case ["nameserver", server]:
                servers.append(server)
            case ["search", *domains]:
                search = domains
            case ["options", *words]:
                dots = next((int(word[6:]) for word in words if word.startswith("ndots:")), dots)
    return servers, search, dots


def search_names(name: str, search: list[str], dots: int) -> list[str]:
    """What a resolver asks for, in order: the name with each domain and as it is, or the other way round."""
    if name.endswith("."):
        return [name]
    within = [f"{name}.{domain}" for domain in search]
    return [name, *within] if name.count(".") >= dots else [*within, name]


async def query_dns(server: str, name: str, kind: str, *, network: NetworkNamespace | None = None) -> Any:
    """One question; the parsed answer of `dnslib`.

    Args:
        server: Its address.
        name: What is asked for, complete.
        kind: The type of record.
        network: Ask by datagram from here; over TCP if that is cut short, or without it.

    Raises:
        OSError: The server cannot be reached.
    """
    import dnslib  # noqa: PLC0415 - only who looks names up pays for it

    data = dnslib.DNSRecord.question(name, kind).pack()
    if network is not None:
        answer = dnslib.DNSRecord.parse(await exchange(network, (server, 53), data))
        if not answer.header.tc:
            return answer
    reader, writer = await asyncio.open_connection(server, 53)
    try:
        writer.write(struct.pack(">H", len(data)) + data)
        size = struct.unpack(">H", await reader.readexactly(2))[0]
        return dnslib.DNSRecord.parse(await reader.readexactly(size))
    finally:
        writer.close()


def _describe(record: Any) -> str | None:
    import dnslib  # noqa: PLC0415 - as above

    owner, kind, data = str(record.rname).rstrip("."), dnslib.QTYPE[record.rtype], record.rdata
    match kind:
        case "A" | "AAAA":
            return f"Name:\t{owner}\nAddress: {data}"
        case "CNAME":
            return f"{owner}\tcanonical name = {str(data.label).rstrip('.')}"
        case "SRV":
            return (
                f"{owner}\tservice = {data.priority} {data.weight} {data.port} {str(data.target).rstrip('.')}"
            )
        case "PTR":
            return f"{owner}\tname = {str(data.label).rstrip('.')}"
        case "TXT":
            return f'{owner}\ttext = "{b"".join(data.data).decode()}"'
        case "NS":
            return f"{owner}\tnameserver = {str(data.label).rstrip('.')}"
        case _:
            return None


async def nslookup(process: Process) -> int:
    """`nslookup [-type=TYPE] NAME [SERVER]`."""
    kinds, operands = [], []
    for arg in process.argv[1:]:
        name, _, value = arg.lstrip("-").partition("=")
        if arg.startswith("-"):
            kinds += [value.upper()] if name in {"type", "querytype", "q"} else []
        else:
            operands.append(arg)
    if not operands:
        return await process.fail("missing name")
    servers, search, dots = nameservers(process)
    server = operands[1] if len(operands) > 1 else (servers[0] if servers else "")
    if not server:
        return await process.fail("no nameserver in /etc/resolv.conf")
    host = operands[0]
    try:
        host = ipaddress.ip_address(host).reverse_pointer + "."
        kinds = kinds or ["PTR"]
    except ValueError:
        kinds = kinds or ["A", "AAAA"]
    candidates = search_names(host, search, dots)
    try:
        async with process.container.clock.timeout(DNS_TIMEOUT_S):
            shown, code = await _ask(server, candidates, kinds)
    except TimeoutError:
        await process.err(";; connection timed out; no servers could be reached\n\n")
        return 1
    except OSError as error:
        await process.err(f"nslookup: can't connect to {server}: {error.strerror}\n")
        return 1
    await process.out(f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    if code == "NXDOMAIN":
        await process.out(f"** server can't find {operands[0]}: NXDOMAIN\n\n")
        return 1
    if not shown:
        await process.out(f"*** Can't find {operands[0]}: No answer\n\n")
        return 1
    await process.out("\n".join(shown) + "\n\n")
    return 0


async def _ask(server: str, candidates: list[str], kinds: list[str]) -> tuple[list[str], str]:
    import dnslib  # noqa: PLC0415 - as above

    code = "NXDOMAIN"
    for candidate in candidates:
        shown = []
        for kind in kinds:
            answer = await query_dns(server, candidate, kind)
            answered = dnslib.RCODE[answer.header.rcode]
            if answered == "NOERROR":
                code = answered
            shown += [text for record in answer.rr if (text := _describe(record))]
        if shown or code == "NOERROR":
            return list(dict.fromkeys(shown)), code
    return [], code


APPLETS: Mapping[str, Applet] = {"wget": wget, "nslookup": nslookup, "nc": nc, "ping": ping}
