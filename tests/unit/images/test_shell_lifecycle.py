"""Signals, jobs and the end of a container: nothing outlives it; and what only BusyBox's shell says."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer, sh  # noqa: E402

from kubelite.images.busybox import APPLETS, run_applets  # noqa: E402
from kubelite.images.container import CommandNotFoundError  # noqa: E402
from kubelite.images.shell.arithmetic import evaluate  # noqa: E402


def others():
    return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def drive(script, act, seconds=5):
    """Runs a script as process 1 and lets `act` do something to it; no task may be left."""

    async def main():
        container = FakeContainer(("sh", "-c", script), working_dir="/tmp")
        task = asyncio.ensure_future(run_applets(container, APPLETS))
        async with asyncio.timeout(seconds):
            for _ in range(20):
                await asyncio.sleep(0)
            await act(container, task)
            try:
                status = await task
            except asyncio.CancelledError:
                status = None
        assert not others(), others()
        return status, container.stdout.data.decode(), container

    return asyncio.run(main())


async def terminate(container, task):
    container.terminating.set()


async def kill(container, task):
    task.cancel()


async def ignored_then_killed(container, task):
    container.terminating.set()
    for _ in range(50):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()


def test_process_1_without_a_trap_ignores_sigterm():
    assert drive("sleep 1000", ignored_then_killed)[0] is None
    assert drive("while :; do sleep 0.001; done", ignored_then_killed)[0] is None


def test_wait_ends_at_once_when_a_trapped_sigterm_comes():
    script = "trap 'echo bye; exit 7' TERM; sleep 1000 & wait $!; echo not reached"
    assert drive(script, terminate)[:2] == (7, "bye\n")


def test_the_trap_runs_between_commands_and_the_script_goes_on():
    script = "trap 'echo got; stop=1' TERM; while [ -z \"$stop\" ]; do sleep 0.001; done; echo end"
    assert drive(script, terminate)[:2] == (0, "got\nend\n")


def test_wait_is_interrupted_only_once():
    script = "trap 'echo got' TERM; sleep 0.05 & wait $!; echo $?; wait $!; echo $?"
    assert drive(script, terminate)[1] == "got\n143\n0\n"


def test_a_killed_container_leaves_no_task():
    for script in (
        "sleep 1000 & sleep 1000 & wait",
        "sleep 1000 | cat | cat",
        "(sleep 1000; echo x) & yes >/dev/null",
        "x=$(sleep 1000 | cat)",
        "sh -c 'sleep 1000 & wait' | tee f",
        "timeout 1000 sleep 900",
        "tail -f /dev/null",
    ):
        assert drive(script, kill)[0] is None, script


def test_background_jobs_end_with_the_main_script():
    assert sh("sleep 1000 & (sleep 1000 | cat) & echo done").out == "done\n"


def test_kill_1_is_sigterm_to_the_container():
    async def nothing(container, task): ...

    status, out, container = drive("trap 'exit 4' TERM; kill $$; sleep 1; echo no", nothing)
    assert (status, out) == (4, "")
    assert container.terminating.is_set()


def test_busybox_words_of_errors():
    assert sh("foo").err == "sh: foo: not found\n"
    assert sh("foo").status == 127
    assert sh("echo 'echo x' >f; ./f").err == "sh: ./f: Permission denied\n"
    assert sh("cat <none").err == "sh: can't open none: no such file\n"
    assert sh("cat none").err == "cat: can't open 'none': No such file or directory\n"
    assert sh('echo "a').status == 2
    assert sh("set -u; echo $x").err == "sh: x: parameter not set\n"
    assert sh("echo ${x:?gone}").err == "sh: x: gone\n"
    assert sh("echo $((1/0))").err == "sh: divide by zero\n"
    assert sh("cd none").status == 2
    assert sh("set -x; x='a b'; echo $x").err == "+ x='a b'\n+ echo a b\n"
    assert sh("ls none").err == "ls: none: No such file or directory\n"


def test_misuse_is_complained_about():
    for script in (
        "dirname",
        "ln",
        "chmod",
        "readlink",
        "test 1 -eq --5",
        "head -x",
        "cut",
        "expr 1 +",
        "timeout",
    ):
        result = sh(script)
        assert result.status in {1, 2}, script
        assert result.err, script
    assert sh("f() { f; }; f").status == 2


def test_a_command_that_the_image_lacks_is_a_start_error():
    async def main():
        for name in ("nosuch", "/usr/local/thing", "/opt/ls"):
            try:
                await run_applets(FakeContainer((name,)), APPLETS)
            except CommandNotFoundError:
                continue
            raise AssertionError(name)

    asyncio.run(main())


def test_timeout_kills_and_says_so_by_its_status():
    assert sh("timeout 0.01 sleep 100; echo $?; timeout -s KILL 0.01 sleep 100; echo $?").out == "143\n137\n"


def test_wc_and_nested_scripts_as_busybox_prints_them():
    assert sh("echo a b | wc").out == "        1         2         4\n"
    script = "printf '#!/bin/sh\\necho \"$0 $1\"; exit 3\\n' >s; chmod +x s; ./s a; echo $?"
    assert sh(script).out == "./s a\n3\n"


def test_date_is_the_cluster_clocks():
    class Clock:
        def now(self):
            return 1_700_000_000.25

    async def main():
        container = FakeContainer(("date", "-u", "+%F %T %s"), files=None)
        container.clock = Clock()
        await run_applets(container, APPLETS)
        return container.stdout.data.decode()

    assert asyncio.run(main()) == "2023-11-14 22:13:20 1700000000\n"


TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=12)


@given(st.lists(TEXT, max_size=4))
def test_quoted_words_come_out_as_they_went_in(words):
    out = sh("printf '<%s>' " + " ".join(map(shlex.quote, words)) if words else ":").out
    assert out == "".join(f"<{word}>" for word in words)


@given(TEXT)
def test_double_quoted_variables_come_out_as_they_went_in(value):
    assert sh('x=$1; y="$x"; printf %s "$y"', value).out == value


NUMBERS = st.integers(-1000, 1000)


def expressions():
    return st.recursive(
        NUMBERS.map(lambda number: f"({number})"),
        lambda inner: st.tuples(
            inner, st.sampled_from(["+", "-", "*", "&", "|", "^", "<", "==", "!="]), inner
        ).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        max_leaves=6,
    )


@given(expressions())
def test_arithmetic_is_pythons_within_64_bits(text):
    assert evaluate(text, {}) == (int(eval(text)) + 2**63) % 2**64 - 2**63


@pytest.mark.parametrize(
    "filter_", ["sed 's/a/x/'", "cut -c 1", "grep a", "tr a x", "awk '{print}'", "cat -n"]
)
def test_filters_pass_lines_on_as_they_come(filter_):
    async def main():
        script = f"{{ echo a; echo ab; sleep 1000; }} | {filter_}"
        container = FakeContainer(("sh", "-c", script))
        running = asyncio.ensure_future(run_applets(container, APPLETS))
        async with asyncio.timeout(10):
            while not container.stdout.data:
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(main())
