"""Programs of the python images: what they see, how they wait, how they end."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from pathlib import Path

import pytest

from kubelite.images.busybox import run_applets
from kubelite.images.python import _APPLETS
from kubelite.runtime import VirtualClock
from kubelite.runtime.handoff import Cancelled, Handoff

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, make_files  # noqa: E402


def threads_of_programs():
    return [each for each in threading.enumerate() if each.name.startswith("python ")]


def python(*argv, files=None, env=None, stdin=b"", shell=False):
    """Runs `python ARGV` in virtual time; (status, output, errors)."""

    async def main():
        clock = VirtualClock()
        clock.attach()
        command = argv if shell else ("python3", *argv)
        container = FakeContainer(
            command, files=files or make_files(), env=env, stdin=stdin, clock=clock, working_dir="/tmp"
        )
        try:
            status = await run_applets(container, _APPLETS)
        finally:
            clock.detach()
        return status, container.stdout.data.decode(), container.stderr.data.decode()

    found = asyncio.run(main())
    assert not threads_of_programs()
    return found


def test_a_script_of_a_volume_sees_its_container():
    files = make_files()
    files.mkdir("/scripts")
    files.write("/scripts/helper.py", "def double(x):\n    return 2 * x\n")
    files.write(
        "/scripts/main.py",
        """
import json, os, sys, socket
from helper import double
with open("/tmp/out.txt", "w") as out:
    out.write("written\\n")
    print("more", file=out)
print(json.dumps({"argv": sys.argv, "who": os.environ["WHO"], "host": socket.gethostname()}))
print(double(21), os.path.exists("/tmp/out.txt"), os.listdir("/scripts"), __name__)
print("lost", file=sys.stderr)
sys.exit(3)
""",
    )
    status, out, err = python("/scripts/main.py", "a", "b", files=files, env={"WHO": "me"})
    assert (status, err) == (3, "lost\n")
    assert out.splitlines() == [
        '{"argv": ["/scripts/main.py", "a", "b"], "who": "me", "host": "pod-0"}',
        "42 True ['helper.py', 'main.py'] __main__",
    ]
    assert files.read_text("/tmp/out.txt") == "written\nmore\n"


@pytest.mark.parametrize(
    ("argv", "status", "out"),
    [
        (("-c", "print(6 * 7)"), 0, "42\n"),
        (("-u", "-c", "import sys; print(sys.argv)", "x"), 0, "['-c', 'x']\n"),
        (("-c", "raise SystemExit"), 0, ""),
        (("-c", "exit(300)"), 44, ""),
        (("--version",), 0, f"Python {sys.version.split()[0]}\n"),
        (("-m", "nothing"), 1, ""),
        (("/no/such.py",), 2, ""),
    ],
)
def test_the_command_line(argv, status, out):
    assert python(*argv)[:2] == (status, out)


def test_the_program_may_come_from_standard_input_or_a_pipe():
    assert python(stdin=b"print('in')")[1] == "in\n"
    reads = 'for line in iter(input, "b"): print(line)'
    script = f"printf 'print(1)' | python3; echo 'a\nb' | python -c '{reads}'; python3 -"
    assert python("sh", "-c", script, stdin=b"import sys\nprint(2)", shell=True)[1] == "1\na\n2\n"


def test_an_error_shows_as_python_shows_it():
    files = make_files()
    files.write("/tmp/bad.py", "def f(x):\n    return 1 / x\n\nf(0)\n")
    status, _, err = python("/tmp/bad.py", files=files)
    assert status == 1
    assert err.splitlines()[:5] == [
        "Traceback (most recent call last):",
        '  File "/tmp/bad.py", line 4, in <module>',
        "    f(0)",
        '  File "/tmp/bad.py", line 2, in f',
        "    return 1 / x",
    ]
    assert err.endswith("ZeroDivisionError: division by zero\n")
    assert "SyntaxError" in python("-c", "1 +")[2]


def test_time_is_the_clusters():
    status, out, _ = python(
        "-c", "import time; t = time.time(); time.sleep(3600); print(round(time.time() - t))"
    )
    assert (status, out) == (0, "3600\n")


@pytest.mark.parametrize(
    "code", ["import http.server; http.server.socketserver", "import io; io.FileIO", "import os; os.fork"]
)
def test_nor_is_it_there_by_way_of_other_modules(code):
    assert "AttributeError" in python("-c", code)[2]


@pytest.mark.parametrize("name", ["subprocess", "ctypes", "threading", "asyncio", "requests", "kubelite"])
def test_what_would_reach_the_host_is_not_there(name):
    assert f"ModuleNotFoundError: No module named '{name}'" in python("-c", f"import {name}")[2]


def test_modules_that_keep_something_are_the_programs_own():
    before = random.getstate()
    code = """
import argparse, atexit, datetime, logging, random
atexit.register(print, 'last')
random.seed(1)
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
logging.info("hello")
parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int)
print(parser.parse_args().n, 0 <= random.random() < 1, datetime.datetime.now().year)
"""
    status, out, err = python("-c", code, "--n", "5")
    assert (status, err) == (0, "INFO hello\n"), err
    assert out.startswith("5 True ")
    assert out.endswith("\nlast\n")
    assert random.getstate() == before


def test_sigterm_runs_the_handler_while_the_program_sleeps():
    code = """
import signal, sys, time
def stop(number, frame):
    print("stopping", number)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready")
while True:
    time.sleep(60)
"""

    async def main():
        container = FakeContainer(("python3", "-c", code))
        task = asyncio.ensure_future(run_applets(container, _APPLETS))
        while b"ready" not in container.stdout.data:
            await asyncio.sleep(0)
        container.terminating.set()
        return await task, container.stdout.data

    assert asyncio.run(main()) == (0, b"ready\nstopping 15\n")


@pytest.mark.parametrize("code", ["import time\nprint(1)\ntime.sleep(1e6)", "print(1)\nwhile True: pass"])
def test_a_killed_program_leaves_no_thread(code):
    async def main():
        container = FakeContainer(("python3", "-c", code))
        task = asyncio.ensure_future(run_applets(container, _APPLETS))
        while not container.stdout.data:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(main())
    assert not threads_of_programs()


def test_a_function_is_told_what_its_waits_raise_and_that_it_is_cancelled():
    seen = []

    async def fails():
        raise LookupError("no")

    def function(handoff):
        try:
            handoff.wait(fails)
        except LookupError as error:
            seen.append(str(error))
        try:
            handoff.wait(lambda: asyncio.sleep(1000))
        except Cancelled:
            seen.append("cancelled")
            raise

    async def main():
        task = asyncio.ensure_future(Handoff(function, "test").run())
        while not seen:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(main())
    assert seen == ["no", "cancelled"]
