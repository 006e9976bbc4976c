"""A container that is nothing but a shell's surroundings, and a way to run scripts in it."""

from __future__ import annotations

import asyncio

import anyio
import attrs

from kubelite.images.busybox import APPLETS, run_applets
from kubelite.images.devices import make_devices, mount_devices
from kubelite.images.files import FileSystem
from kubelite.runtime import Randomness, SystemClock


class Sink:
    def __init__(self):
        self.data = bytearray()

    def write(self, data):
        self.data += data.encode() if isinstance(data, str) else data


class Source:
    def __init__(self, data=b""):
        self.data = data

    async def read(self, n=-1):
        end = len(self.data) if n < 0 else n
        taken, self.data = self.data[:end], self.data[end:]
        return taken


class FakeContainer:
    """What the shell, the applets and agnhost use of a container."""

    name, image, hostname, pod_name, namespace = "main", "busybox", "pod-0", "pod-0", "default"
    uid, node_name, ip, ports = "uid", "node-0", "10.0.0.7", ()
    labels = annotations = {}
    network = None

    def __init__(self, argv=(), *, stdin=b"", files=None, env=None, clock=None, working_dir="/"):
        self.argv = tuple(argv)
        self.env = {"HOME": "/root"} | (env or {})
        self.working_dir = working_dir
        self.clock = clock or SystemClock()
        self.random = Randomness(1)
        self.files = files or make_files()
        self.stdin, self.stdout, self.stderr = Source(stdin), Sink(), Sink()
        self.terminating = anyio.Event()
        self.served = []

    def log(self, text):
        self.stdout.write(f"{text}\n")

    async def serve(self, program, port=None, host=None, *, tls=None, drain_after_s=None):
        self.served.append((program, port))
        await self.terminating.wait()

    async def resolve(self, name):
        raise OSError(f"{name} does not resolve")


def make_files(clock=None, image=None):
    files = FileSystem(now=(lambda: 0.0) if clock is None else clock.now)
    for path, text in {} if image is None else image.files.items():
        files.mkdir(path.rpartition("/")[0] or "/")
        files.write(path, text)
    for path in ("/tmp", "/root", "/etc"):
        files.mkdir(path)
    mount_devices(files, make_devices(Randomness(1)))
    return files


@attrs.frozen
class Result:
    status: int
    out: str
    err: str
    files: FileSystem


async def run(script, *args, stdin=b"", files=None, env=None, clock=None, shell="sh"):
    container = FakeContainer(
        (shell, "-c", script, "sh", *args), stdin=stdin, files=files, env=env, clock=clock, working_dir="/tmp"
    )
    status = await run_applets(container, APPLETS)
    return Result(
        status,
        container.stdout.data.decode(errors="replace"),
        container.stderr.data.decode(errors="replace"),
        container.files,
    )


def sh(script, *args, seconds=10, **kwargs):
    """Runs a script to its end; no task may be left then."""

    async def main():
        async with asyncio.timeout(seconds):
            result = await run(script, *args, **kwargs)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, left
        return result

    return asyncio.run(main())
