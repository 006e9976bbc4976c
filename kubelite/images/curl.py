"""`curl`, as far as people and scripts use it in pods.

Source: curl(1) of curl 8.
"""

from __future__ import annotations

import posixpath
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import aiohttp
import attrs

from kubelite.images import busybox
from kubelite.images.busybox import run_applets
from kubelite.images.container import Container
from kubelite.images.registry import Image
from kubelite.images.shell.process import Applet, Process

ENTRYPOINT: Final = "/entrypoint.sh"
_FLAGS: Final = {
    "s": "silent",
    "S": "show-error",
    "f": "fail",
    "i": "include",
    "I": "head",
    "k": "insecure",
    "L": "location",
    "O": "remote-name",
    "v": "verbose",
    "N": "no-buffer",
    "q": "disable",
    "g": "globoff",
    "4": "ipv4",
    "G": "get",
    "#": "progress-bar",
}
_LONG_FLAGS: Final = frozenset(
    {
        "compressed",
        "fail-with-body",
        "http1.1",
        "location-trusted",
        "no-keepalive",
        "no-progress-meter",
        "retry-all-errors",
        "retry-connrefused",
        "tlsv1.2",
        *_FLAGS.values(),
    }
)
_VALUED: Final = {
    "X": "request",
    "d": "data",
    "H": "header",
    "o": "output",
    "m": "max-time",
    "w": "write-out",
    "A": "user-agent",
    "u": "user",
    "E": "cert",
    "e": "referer",
    "b": "cookie",
}
_DATA: Final = frozenset({"data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json"})
_LONG_VALUED: Final = frozenset(
    {
        "cacert",
        "connect-timeout",
        "interface",
        "key",
        "max-redirs",
        "noproxy",
        "retry",
        "retry-delay",
        "retry-max-time",
        "url",
        *_DATA,
        *_VALUED.values(),
    }
)
_UNKNOWN_OPTION, _NO_HOST, _NO_CONNECTION, _HTTP_ERROR, _WRITE_ERROR, _READ_ERROR, _TIMED_OUT = (
    2, 6, 7, 22, 23, 26, 28,
)  # fmt: skip
_NO_ANSWER, _BAD_KEY, _NOT_TRUSTED, _BAD_AUTHORITY = 52, 58, 60, 77
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_FORM: Final = "application/x-www-form-urlencoded"


class UsageError(Exception):
    """An option is unknown or lacks its argument; the text is curl's."""


class Failure(Exception):  # noqa: N818 - it is what curl says
    """No answer came.

    Attributes:
        status: The exit status.
        code: The status of an answer that is one.
    """

    def __init__(self, status: int, text: str, code: int = 0) -> None:
        super().__init__(f"curl: ({status}) {text}")
        self.status, self.code = status, code


@attrs.define
class Command:
    """The command line, read."""

    flags: set[str] = attrs.field(factory=set)
    values: dict[str, str] = attrs.field(factory=dict)
    headers: dict[str, str] = attrs.field(factory=dict)
    data: list[tuple[str, str]] = attrs.field(factory=list)
    urls: list[str] = attrs.field(factory=list)

    @property
    def method(self) -> str:
        """Of the request."""
        sends = bool(self.data) and "get" not in self.flags
        usual = "HEAD" if "head" in self.flags else "POST" if sends else "GET"
        return self.values.get("request", usual)

    def set(self, name: str, value: str) -> None:
        """One option with an argument."""
        if name == "header":
            field, _, text = value.partition(":")
            self.headers[field.strip()] = text.strip()
        elif name in _DATA:
            self.data.append((name, value))
        elif name == "url":
            self.urls.append(value)
        else:
            self.values[name] = value


def parse(args: list[str]) -> Command:
    """Read options and URLs, in any order.

    Raises:
        UsageError: An option is unknown or lacks its argument.
    """
    command, rest = Command(), list(args)
    while rest:
        arg = rest.pop(0)
        if arg.startswith("--"):
            name = arg[2:]
            if name in _LONG_FLAGS:
                command.flags.add(name)
            elif name in _LONG_VALUED:
                command.set(name, _argument(arg, "", rest))
            else:
                raise UsageError(f"option {arg}: is unknown")
        elif arg.startswith("-") and len(arg) > 1:
            letters = arg[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                if letter in _VALUED:
                    command.set(_VALUED[letter], _argument(f"-{letter}", letters, rest))
                    break
                if letter not in _FLAGS:
                    raise UsageError(f"option {arg}: is unknown")
                command.flags.add(_FLAGS[letter])
        else:
            command.urls.append(arg)
    return command


def _argument(option: str, joined: str, rest: list[str]) -> str:
    if joined or rest:
        return joined or rest.pop(0)
    raise UsageError(f"option {option}: requires parameter")


async def curl(process: Process) -> int:
    """`curl [-sSfiIkLOv] [-X METHOD] [-d DATA] [-H HEADER] [-o FILE] [-m SECONDS] [-w FORMAT] URL...`."""
    try:
        command = parse(list(process.argv[1:]))
    except UsageError as error:
        await process.err(f"curl: {error}\ncurl: try 'curl --help' for more information\n")
        return _UNKNOWN_OPTION
    if not command.urls:
        await process.err("curl: (2) no URL specified\n")
        return _UNKNOWN_OPTION
    status = 0
    for url in command.urls:
        full = url if "://" in url else f"http://{url}"
        try:
            await _fetch_again_and_again(process, command, full)
        except Failure as failure:
            status = failure.status
            if "write-out" in command.values and status != _HTTP_ERROR:
                await process.out(_written_out(command.values["write-out"], full, None))
            if "silent" not in command.flags or "show-error" in command.flags:
                await process.err(f"{failure}\n")
    return status


async def _fetch_again_and_again(process: Process, command: Command, url: str) -> None:
    """As often as `--retry` says, when the failure is one that may pass.

    Raises:
        Failure: The last one.
    """
    pause_s = float(command.values.get("retry-delay", 0))
    stubborn = "retry-all-errors" in command.flags
    for left in reversed(range(int(command.values.get("retry", 0)) + 1)):
        try:
            await _fetch(process, command, url)
        except Failure as failure:
            passing = failure.status == _TIMED_OUT or failure.code in _RETRIED or stubborn
            refused = failure.status == _NO_CONNECTION and "retry-connrefused" in command.flags
            if not left or not (passing or refused):
                raise
        else:
            return
        await process.container.clock.sleep(pause_s or 1.0)


def _file(process: Process, name: str) -> bytes:
    return process.container.files.read(process.path(name))


async def _body(process: Process, command: Command) -> bytes | None:
    """What is sent; None for nothing.

    Raises:
        Failure: A file that is named cannot be read.
    """
    pieces = []
    for name, value in command.data:
        if value.startswith("@") and name != "data-raw":
            try:
                data = await process.stdin.read() if value == "@-" else _file(process, value[1:])
            except OSError as error:
                raise Failure(_READ_ERROR, f"Failed to open {value[1:]}") from error
            if name not in {"data-binary", "json"}:
                data = data.replace(b"\r", b"").replace(b"\n", b"")
        elif name == "data-urlencode":
            field, equals, text = value.partition("=")
            data = f"{field}={quote(text)}".lstrip("=").encode() if equals else quote(value).encode()
        else:
            data = value.encode()
        pieces.append(data)
    return b"&".join(pieces) if pieces else None


def _tls(process: Process, command: Command) -> ssl.SSLContext | bool:
    """Whom to trust, and who one is.

    Raises:
        Failure: A file that is named cannot be read, or is no certificate.
    """
    if not {"cacert", "cert"}.intersection(command.values):
        return "insecure" not in command.flags
    context = ssl.create_default_context()
    if "insecure" in command.flags:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    authority, certificate = command.values.get("cacert"), command.values.get("cert")
    try:
        if authority is not None:
            context.load_verify_locations(cadata=_file(process, authority).decode())
    except (OSError, ValueError) as error:
        text = f"error setting certificate verify locations:  CAfile: {authority} CApath: none"
        raise Failure(_BAD_AUTHORITY, text) from error
    if certificate is not None:
        key = command.values.get("key", certificate)
        try:
            with tempfile.TemporaryDirectory(prefix="kubelite-") as directory:  # ssl reads nothing but files
                path = Path(directory) / "pair.pem"
                path.touch(mode=0o600)
                path.write_bytes(_file(process, key) + b"\n" + _file(process, certificate))
                context.load_cert_chain(path)
        except OSError as error:
            raise Failure(_BAD_KEY, f"could not load PEM client certificate from {certificate}") from error
    return context


async def _fetch(process: Process, command: Command, url: str) -> None:
    """One request, and what is shown of the answer.

    Raises:
        Failure: There is none, or one of failure with `-f`.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    seconds = float(command.values.get("max-time", command.values.get("connect-timeout", 300)))
    agent = command.values.get("user-agent", "curl/8.5.0")
    headers = {"User-Agent": agent, "Accept": "*/*", "Connection": "close", **command.headers}
    data = await _body(process, command)
    if data is not None and "get" in command.flags:
        url, data = f"{url}{'&' if parts.query else '?'}{data.decode()}", None
    if data is not None:
        as_json = any(name == "json" for name, _ in command.data)
        headers.setdefault("Content-Type", "application/json" if as_json else _FORM)
    for option, header in (("referer", "Referer"), ("cookie", "Cookie")):
        if option in command.values:
            headers.setdefault(header, command.values[option])
    user, _, password = command.values.get("user", "").partition(":")
    verify = _tls(process, command)
    try:
        async with (
            process.container.clock.timeout(seconds),
            process.container.http() as session,
            session.request(
                command.method,
                url,
                data=data,
                headers=headers,
                ssl=verify,
                auth=aiohttp.BasicAuth(user, password) if user else None,
                allow_redirects=bool({"location", "location-trusted"}.intersection(command.flags)),
            ) as answer,
        ):
            await _show(process, command, url, answer)
    except TimeoutError as error:
        text = f"Connection timed out after {int(seconds * 1000)} milliseconds"
        raise Failure(_TIMED_OUT, text) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise Failure(_NO_HOST, f"Could not resolve host: {host}") from error
    except aiohttp.ClientConnectorCertificateError as error:
        text = f"SSL certificate problem: {getattr(error.certificate_error, 'verify_message', '')}"
        raise Failure(_NOT_TRUSTED, text) from error
    except OSError as error:
        raise _unreachable(error, host, port) from error
    except aiohttp.ClientError as error:
        raise Failure(_NO_ANSWER, "Empty reply from server") from error


def _unreachable(error: OSError, host: str, port: int) -> Failure:
    inner = str(getattr(error, "os_error", None) or error).lower()
    if "resolve" in inner or "not known" in inner:
        return Failure(_NO_HOST, f"Could not resolve host: {host}")
    return Failure(
        _NO_CONNECTION, f"Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server"
    )


async def _show(process: Process, command: Command, url: str, answer: aiohttp.ClientResponse) -> None:
    if "fail" in command.flags and answer.status >= 400:
        if "write-out" in command.values:
            await process.out(_written_out(command.values["write-out"], url, answer))
        text = f"The requested URL returned error: {answer.status}"
        raise Failure(_HTTP_ERROR, text, answer.status)
    head = f"HTTP/1.1 {answer.status} {answer.reason or ''}\r\n".encode()
    head += b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers) + b"\r\n"
    body = await answer.read()
    if command.flags.intersection({"include", "head"}):
        body = head + body
    target = command.values.get("output")
    if "remote-name" in command.flags:
        target = posixpath.basename(urlsplit(url).path)
    if target in {None, "-"}:
        await process.out(body)
    elif target:
        try:
            process.container.files.write(process.path(target), body)
        except OSError as error:
            raise Failure(_WRITE_ERROR, "client returned ERROR on write") from error
    if "write-out" in command.values:
        await process.out(_written_out(command.values["write-out"], url, answer))


def _written_out(form: str, url: str, answer: aiohttp.ClientResponse | None) -> str:
    """What `-w` asks to be said of an answer, or of none."""
    code = f"{answer.status if answer is not None else 0:03}"
    facts: Mapping[str, str] = {
        "%{http_code}": code,
        "%{response_code}": code,
        "%{content_type}": answer.headers.get("Content-Type", "") if answer is not None else "",
        "%{url}": url,
        "%{time_total}": "0.000000",
        "\\n": "\n",
        "\\t": "\t",
    }
    for name, value in facts.items():
        form = form.replace(name, value)
    return form


APPLETS: Mapping[str, Applet] = {"curl": curl}
_APPLETS: Final[Mapping[str, Applet]] = {**busybox.APPLETS, **APPLETS}


async def main(container: Container) -> int:
    """Runs curl or another command of the image."""
    argv = container.argv
    if argv[:1] == (ENTRYPOINT,):  # a script, which runs commands, and what else is given as curl's arguments
        argv = argv[1:] if argv[1:2] and argv[1] in _APPLETS else ("curl", *argv[1:])
    return await run_applets(container, _APPLETS, argv)


IMAGE = Image(
    program=main,
    kind="main",
    entrypoint=(ENTRYPOINT,),
    default_args=("curl",),
    exec=main,
    size=9_600_000,
)
