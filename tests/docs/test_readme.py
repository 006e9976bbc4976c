"""The Python blocks of the README run."""

import asyncio
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = "kubelite.pytest_plugin"
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_python_blocks_run(block, capsys):
    names = {"__name__": "readme"}
    exec(compile(block, "README.md", "exec"), names)
    if "main" in names:
        asyncio.run(names["main"]())
    assert capsys.readouterr().out


def test_two_commands_do_all_the_set_up():
    commands = re.search(r"^```sh setup\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert commands is not None
    assert len(commands[1].splitlines()) == 2


def test_the_tests_of_the_readme_pass(tmp_path):
    (block,) = re.findall(r"^```python pytest\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "test_readme_block.py").write_text(block)
    installed = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *(() if installed else ("-p", PLUGIN)), "-p", "no:schemathesis"]
        + ["-W", "error", "-o", "asyncio_default_fixture_loop_scope=function", "--rootdir", str(tmp_path)]
        + [str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
