"""Modules that stand in for those of the host: sys, os, time, datetime, socket, signal.

They have what small programs use, and tell of the container: arguments, environment, files, clock, signals.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import io as real_io
import os
import posixpath
import sys as real_sys
import time as real_time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from kubelite.images.python.streams import open_file
from kubelite.images.shell.jobs import signal_name

if TYPE_CHECKING:
    from kubelite.images.python.modules import World

FOREVER_S: Final = 1e9
_OF_IO: Final = (
    *("BytesIO", "StringIO", "TextIOWrapper", "BufferedReader", "BufferedWriter", "IOBase", "RawIOBase"),
    *("BufferedIOBase", "TextIOBase", "UnsupportedOperation", "SEEK_SET", "SEEK_CUR", "SEEK_END"),
)
_OF_SYS: Final = [
    "version",
    "version_info",
    "maxsize",
    "byteorder",
    "exc_info",
    "float_info",
    "int_info",
    "intern",
    "getsizeof",
    "getrecursionlimit",
    "implementation",
    "hexversion",
    "_getframe",
    "flags",
]


def make_module(name: str, /, **contents: Any) -> ModuleType:
    """A module with this content."""
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def _sys(world: World) -> ModuleType:
    return make_module(
        "sys",
        **{name: getattr(real_sys, name) for name in _OF_SYS},
        argv=world.argv,
        exit=world.exit,
        stdin=world.stdin,
        stdout=world.stdout,
        stderr=world.stderr,
        __stdout__=world.stdout,
        __stderr__=world.stderr,
        path=[world.folder],
        modules={},
        platform="linux",
        executable="/usr/local/bin/python3",
    )


def _os(world: World) -> ModuleType:
    container, path, process = world.container, world.process.path, world.process
    files = container.files
    paths = make_module("os.path", **{name: getattr(posixpath, name) for name in posixpath.__all__})
    vars(paths).update(
        exists=lambda name: files.exists(path(name)),
        isfile=lambda name: files.is_file(path(name)),
        isdir=lambda name: files.is_dir(path(name)),
        getsize=lambda name: files.stat(path(name)).size,
        getmtime=lambda name: files.stat(path(name)).mtime,
        abspath=path,
        realpath=path,
    )
    environ = dict(process.env)
    return make_module(
        "os",
        path=paths,
        environ=environ,
        getenv=environ.get,
        name="posix",
        sep="/",
        linesep="\n",
        error=OSError,
        getcwd=lambda: process.cwd,
        getpid=lambda: 1,
        getppid=lambda: 0,
        getuid=lambda: 0,
        listdir=lambda name=".": files.list(path(name)),
        mkdir=lambda name, mode=0o777: files.mkdir(path(name), parents=False, mode=mode),
        makedirs=lambda name, mode=0o777, **_: files.mkdir(path(name), mode=mode),
        remove=lambda name: files.remove(path(name)),
        unlink=lambda name: files.remove(path(name)),
        rmdir=lambda name: files.remove(path(name), recursive=True),
        rename=lambda old, new: files.rename(path(old), path(new)),
        stat=lambda name: files.stat(path(name)),
        uname=lambda: ("Linux", container.hostname, "6.6.0-kubelite", "#1 SMP", "x86_64"),
        cpu_count=lambda: 1,
        urandom=lambda count: bytes(int(container.random.uniform(0, 256)) for _ in range(count)),
        fspath=str,
        system=lambda command: world.wait(partial(container.exec, ("sh", "-c", command))),
        kill=partial(_kill, world),
    )


def _time(world: World) -> ModuleType:
    now, monotonic = world.now, world.monotonic

    def moment(convert: Callable[..., Any]) -> Callable[..., Any]:
        return lambda seconds=None: convert(now() if seconds is None else seconds)

    return make_module(
        "time",
        time=now,
        time_ns=lambda: int(now() * 1e9),
        monotonic=monotonic,
        perf_counter=monotonic,
        process_time=monotonic,
        sleep=partial(sleep, world),
        gmtime=moment(real_time.gmtime),
        localtime=moment(real_time.gmtime),
        ctime=moment(lambda seconds: real_time.asctime(real_time.gmtime(seconds))),
        strftime=lambda layout, given=None: real_time.strftime(
            layout, real_time.gmtime(now()) if given is None else given
        ),
        strptime=real_time.strptime,
        asctime=lambda given=None: real_time.asctime(given or real_time.gmtime(now())),
        mktime=lambda given: float(calendar.timegm(given)),
        struct_time=real_time.struct_time,
        timezone=0,
        tzname=("UTC", "UTC"),
    )


def _datetime(world: World) -> ModuleType:
    now = world.now

    class datetime(dt.datetime):  # noqa: N801 - as it is called
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            found = cls.fromtimestamp(now(), tz or dt.UTC)
            return found if tz else found.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now()

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    class date(dt.date):  # noqa: N801
        @classmethod
        def today(cls) -> Any:
            return cls(*real_time.gmtime(now())[:3])

    same = {name: getattr(dt, name) for name in dt.__all__}
    return make_module("datetime", **{**same, "datetime": datetime, "date": date})


def _socket(world: World) -> ModuleType:
    def address_of(name: str) -> str:
        found = world.wait(partial(world.container.resolve, name))
        return str(found[0])

    return make_module(
        "socket",
        gethostname=lambda: world.container.hostname,
        getfqdn=lambda name="": name or world.container.hostname,
        gethostbyname=address_of,
        error=OSError,
        timeout=TimeoutError,
    )


def _signal(world: World) -> ModuleType:
    def handle(number: int, handler: Any) -> Any:
        before = world.handlers.get(number)
        world.handlers[number] = handler
        return before

    numbers = {"SIGTERM": 15, "SIGINT": 2, "SIGHUP": 1, "SIGUSR1": 10, "SIGUSR2": 12}
    return make_module(
        "signal",
        **numbers,
        SIG_DFL=0,
        SIG_IGN=1,
        signal=handle,
        getsignal=world.handlers.get,
        pause=lambda: sleep(world, float("inf")),
    )


def _kill(world: World, pid: int, number: int) -> None:
    if pid == 1 and signal_name(str(int(number))) == "TERM":
        world.container.terminating.set()
        sleep(world, 0)


def sleep(world: World, seconds: float) -> None:
    """Wait; SIGTERM runs the program's handler meanwhile, as in Python."""
    left: float | None = seconds
    while left is not None:
        left = world.wait(partial(_slept, world, left))
        if left is not None:
            world.handlers.pop(15)(15, None)


async def _slept(world: World, seconds: float) -> float | None:
    """Wait; what is left of the time if a signal came for which there is a handler, else None."""
    clock, terminating = world.container.clock, world.container.terminating
    end = clock.monotonic() + min(max(seconds, 0.0), FOREVER_S)
    if not callable(world.handlers.get(15)):
        await clock.sleep(end - clock.monotonic())
        return None
    try:
        async with clock.timeout(end - clock.monotonic()):
            await terminating.wait()
    except TimeoutError:
        return None
    return end - clock.monotonic()


def _io(world: World) -> ModuleType:
    opened = partial(open_file, world.container.files, world.process.path)
    return make_module("io", **{name: getattr(real_io, name) for name in _OF_IO}, open=opened)


def _warnings(_: World) -> ModuleType:
    def nothing(*_args: Any, **_options: Any) -> None:
        """Programs here are not warned."""

    names = ("warn", "warn_explicit", "filterwarnings", "simplefilter", "resetwarnings", "showwarning")
    silent = dict.fromkeys(names, nothing)
    return make_module("warnings", **silent, catch_warnings=contextlib.nullcontext)


def _atexit(world: World) -> ModuleType:
    def register(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        world.at_exit.append(partial(function, *args, **kwargs))
        return function

    return make_module("atexit", register=register)


def _plural(one: str, more: str, count: int) -> str:
    return one if count == 1 else more


MAKE: Final[Mapping[str, Callable[[World], ModuleType]]] = {
    "sys": _sys,
    "os": _os,
    "time": _time,
    "datetime": _datetime,
    "socket": _socket,
    "signal": _signal,
    "atexit": _atexit,
    "io": _io,
    "warnings": _warnings,
    "http": lambda _: make_module("http", HTTPStatus=HTTPStatus, __path__=[]),
    "urllib": lambda _: make_module("urllib", __path__=[]),
    "shutil": lambda _: make_module("shutil", get_terminal_size=lambda _=None: os.terminal_size((80, 24))),
    "gettext": lambda _: make_module("gettext", gettext=str, ngettext=_plural),
}
"""By name."""
