"""The prompt with a cluster in scope."""

import asyncio
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

import kubelite
from kubelite.repl import console, shell
from kubelite.repl.completion import completer
from kubelite.repl.names import greeting, make_scope


@pytest.fixture(scope="module")
def running():
    with kubelite.start(nodes=2) as cluster:
        yield cluster


@pytest.fixture
def prompt(running):
    return console.Console(running, make_scope(running))


def test_statements_may_await_and_show_what_they_give(prompt, capsys):
    assert not prompt.push("(await get('node', 'node-1'))['metadata']['name']")
    assert not prompt.push("nodes")
    out = capsys.readouterr().out
    assert out.startswith("'node-1'\nNAME")
    assert out.count("Ready") == 2


def test_names_are_kept_and_blocks_go_over_lines(prompt, capsys):
    assert prompt.push("async def names():")
    assert prompt.push("    return nodes.names()")
    assert not prompt.push("")
    assert not prompt.push("found = await names()")
    assert not prompt.push("print(found)")
    assert capsys.readouterr().out == "['node-1', 'node-2']\n"


def test_objects_are_shown_as_kubectl_shows_them_and_other_values_as_they_are(prompt, capsys):
    assert not prompt.push("await wait_for('node/node-1')")
    assert not prompt.push("(await get('sa', 'default'))")
    assert not prompt.push("{'kind': 'Node', 'apiVersion': 'v1', 'metadata': {'name': 'none'}}")
    node, account, other = capsys.readouterr().out.split("NAME")[1:] + [""]
    assert "node-1   Ready" in node
    assert account.splitlines()[1].startswith("default")
    assert "{'kind': 'Node', 'apiVersion': 'v1', 'metadata': {'name': 'none'}}" in account + other
    assert not prompt.push("_['metadata']")


def test_several_objects_are_one_table_for_each_kind(prompt, capsys):
    assert not prompt.push("await get('nodes')")
    assert not prompt.push("[*await get('nodes'), *await get('ns')]")
    nodes, both = capsys.readouterr().out.split("NAME", 2)[1:3]
    assert [line.split()[0] for line in nodes.splitlines()[1:3]] == ["node-1", "node-2"]
    assert "node-2" in both
    assert not prompt.push("await get('nodes', selector='no=node')")
    assert capsys.readouterr().out.endswith("[]\n")


def test_a_forgotten_await_is_told(prompt, capsys):
    assert not prompt.push("get('nodes', 'node-1')")
    assert "nothing is done yet; write `await` before it" in capsys.readouterr().out
    assert not prompt.push("(await _)['metadata']['name']")
    assert capsys.readouterr().out == "'node-1'\n"


def test_tracebacks_begin_with_what_was_typed(prompt, capsys):
    assert not prompt.push("nonsense")
    assert not prompt.push("pods[0]")
    told = capsys.readouterr().err.splitlines()
    assert told[1:3] == [
        '  File "<console>", line 1, in <module>',
        "NameError: name 'nonsense' is not defined",
    ]
    assert told[3].startswith("ValueError: pods are looked up by name, not by 0")


def test_errors_are_shown_and_the_cluster_goes_on(prompt, capsys):
    assert not prompt.push("svc['nope']")
    assert 'services "nope" not found' in capsys.readouterr().err
    assert not prompt.push("1 +")
    assert "SyntaxError" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        prompt.push("exit()")
    assert not prompt.push("len(nodes)")


def test_answers_and_slips_are_told_without_a_traceback(prompt, capsys):
    slips = {
        "svc['nope']": 'NotFound: services "nope" not found',
        "view('crontabs')": "ValueError: there is no kind 'crontabs' (did you mean 'cronjobs'?)",
        "await clock.advance(60)": "RuntimeError: the system's time takes its own course",
        "await svc['kubernetes'].get('/', port=9)": "ClientConnectorError: Cannot connect to host kubernetes",
        "await apply('none.yaml')": "FileNotFoundError: ",
        "await wait_for('node/node-1', 'deleted', timeout=0.01)": "WaitTimeout: node/node-1 was not deleted",
    }
    for typed, told in slips.items():
        assert not prompt.push(typed)
        assert capsys.readouterr().err.startswith(told)
    for typed in ("1 / 0", "int('x')", "raise ValueError('mine')", "open('none.yaml')"):
        assert not prompt.push(typed)
        assert capsys.readouterr().err.startswith("Traceback")


def test_causes_are_told(prompt, capsys):
    assert not prompt.push("why('node/node-1')")
    assert not prompt.push("nodes['node-1'].why")
    assert capsys.readouterr().out.count("node/node-1: its last change, and what led to it") == 2


def test_the_greeting_tells_where_the_cluster_is(running):
    assert str(running.kubeconfig) in greeting(running)
    assert repr(make_scope(running)["usage"]) == greeting(running).rstrip()


def test_lines_are_read_from_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "kubelite", "repl", "--nodes", "1", "--virtual-time"],
        input="before = clock.now()\nawait clock.advance(3600)\nprint(round(clock.now() - before))\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.replace(">>> ", "").strip() == "3600"
    assert "1 node at" in done.stderr


def test_a_statement_that_finds_a_task_cancelled_leaves_the_prompt_as_it_is(prompt, capsys):
    assert not prompt.push("import asyncio")
    assert not prompt.push("task = asyncio.ensure_future(asyncio.sleep(9)); task.cancel(); await task")
    assert "CancelledError" in capsys.readouterr().err
    assert not prompt.push("6 * 7")
    assert capsys.readouterr().out == "42\n"


@pytest.mark.parametrize(
    ("line", "text", "found"),
    [
        ('nodes["', "", ['node-1"]', 'node-2"]']),
        ("x = nodes['node-", "", ["1']", "2']"]),
        ('nodes["no', "no", ['node-1"]', 'node-2"]']),
        ('nodes["none', "none", []),
        ('await nodes["node-1"].sc', ".sc", [".scale"]),
        ('nodes["none"].sc', ".sc", []),
        ("nod", "nod", ["plain"]),
        ('other["', "", ["plain"]),
    ],
)
def test_tab_knows_the_objects_that_there_are(running, line, text, found):
    complete = completer(make_scope(running), lambda _text, state: ("plain", None)[state], lambda: line)
    assert [complete(text, state) for state in range(len(found) + 1)] == [*found, None]


class Impatient:
    """A cluster whose user presses Ctrl-C once, when a cell has begun."""

    def __init__(self, running):
        self.begun, self.run, self._submit = threading.Event(), running.run, running.submit
        self._presses = 1

    def submit(self, function):
        self._future = self._submit(function)
        return self

    def result(self):
        if self._presses:
            self._presses -= 1
            assert self.begun.wait(30)
            raise KeyboardInterrupt
        return self._future.result(30)


def test_ctrl_c_cancels_a_cell_of_ipython_and_is_told_in_a_word(running, capsys):
    impatient, shown = Impatient(running), []
    cells = shell.Cells(impatient)
    ipython = SimpleNamespace(showtraceback=lambda error, tb_offset: shown.append(error[0]))

    async def cell():
        impatient.begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            cells.show(ipython, type(error), error, None)
            return "cancelled"

    assert cells.run(cell()) == "cancelled"
    assert capsys.readouterr().out == "\nKeyboardInterrupt\n"
    cells.show(ipython, asyncio.CancelledError, asyncio.CancelledError(), None)
    assert shown == [asyncio.CancelledError]


CELLS = """
import kubelite
from kubelite.repl import shell
from kubelite.repl.names import make_scope

with kubelite.start(nodes=1) as running:
    made = shell.make(running, make_scope(running), "")
    made.run_cell("print((await get('node', 'node-1'))['metadata']['name'])")
    made.run_cell("print(nodes.names())")
"""


def test_ipython_runs_cells_on_the_loop_of_the_cluster(tmp_path):
    pytest.importorskip("IPython", reason="IPython is not installed")
    home = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CELLS], capture_output=True, text=True, timeout=60, check=True, env=home
    )
    assert done.stdout == "node-1\n['node-1']\n"
