"""`curl`, as far as people and scripts use it in pods.

Source: curl(1) of curl 8.
"""

from __future__ import annotations

import posixpath
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

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
}
_VALUED: Final = {
    "X": "request",
    "d": "data",
    "H": "header",
    "o": "output",
    "m": "max-time",
    "w": "write-out",
    "A": "user-agent",
    "u": "user",
}
_LONG_VALUED: Final = frozenset({"connect-timeout", "interface", *_VALUED.values()})
_UNKNOWN_OPTION, _NO_HOST, _NO_CONNECTION, _HTTP_ERROR, _WRITE_ERROR, _TIMED_OUT, _NO_ANSWER = (
    2, 6, 7, 22, 23, 28, 52,
)  # fmt: skip
_FORM: Final = "application/x-www-form-urlencoded"


class UsageError(Exception):
    """An option is unknown or lacks its argument; the text is curl's."""


class Failure(Exception):  # noqa: N818 - it is what curl says
    """No answer came.

    Attributes:
        status: The exit status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"curl: ({status}) {text}")
        self.status = status


@attrs.define
class Command:
    """The command line, read."""

    flags: set[str] = attrs.field(factory=set)
    values: dict[str, str] = attrs.field(factory=dict)
    headers: dict[str, str] = attrs.field(factory=dict)
    urls: list[str] = attrs.field(factory=list)

    @property
    def method(self) -> str:
        """Of the request."""
        usual = "HEAD" if "head" in self.flags else "POST" if "data" in self.values else "GET"
        return self.values.get("request", usual)

    def set(self, name: str, value: str) -> None:
        """One option with an argument."""
        if name == "header":
            field, _, text = value.partition(":")
            self.headers[field.strip()] = text.strip()
        elif name == "data" and "data" in self.values:
            self.values["data"] += f"&{value}"
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
            if name in _FLAGS.values():
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
        try:
            await _fetch(process, command, url if "://" in url else f"http://{url}")
        except Failure as failure:
            status = failure.status
            if "silent" not in command.flags or "show-error" in command.flags:
                await process.err(f"{failure}\n")
    return status


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
    data = command.values.get("data")
    if data is not None:
        headers.setdefault("Content-Type", _FORM)
    user, _, password = command.values.get("user", "").partition(":")
    verify: ssl.SSLContext | bool = "insecure" not in command.flags
    try:
        async with (
            process.container.clock.timeout(seconds),
            process.container.http() as session,
            session.request(
                command.method,
                url,
                data=None if data is None else data.encode(),
                headers=headers,
                ssl=verify,
                auth=aiohttp.BasicAuth(user, password) if user else None,
                allow_redirects="location" in command.flags,
            ) as answer,
        ):
            await _show(process, command, url, answer)
    except TimeoutError as error:
        text = f"Connection timed out after {int(seconds * 1000)} milliseconds"
        raise Failure(_TIMED_OUT, text) from error
    except aiohttp.ClientConnectorDNSError as error:
        raise Failure(_NO_HOST, f"Could not resolve host: {host}") from error
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
        raise Failure(_HTTP_ERROR, f"The requested URL returned error: {answer.status}")
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


def _written_out(form: str, url: str, answer: aiohttp.ClientResponse) -> str:
    facts: Mapping[str, str] = {
        "%{http_code}": f"{answer.status:03}",
        "%{response_code}": f"{answer.status:03}",
        "%{content_type}": answer.headers.get("Content-Type", ""),
        "%{url}": url,
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
