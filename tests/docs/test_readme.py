"""The Python blocks of the README run."""

import asyncio
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
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
