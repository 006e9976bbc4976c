"""The shell and the applets against the real ones of this machine: same script, same output and status."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import make_files, sh  # noqa: E402

REAL = shutil.which("dash") or shutil.which("sh")
BASH = shutil.which("bash")
SCRIPTS = [Path(__file__).with_name(name) for name in ("scripts.txt", "bash.txt", "applets.txt")]
NEEDED = {"awk": "awk", "bytes": "xxd"}
pytestmark = pytest.mark.skipif(REAL is None, reason="no shell on this machine")


def scripts():
    """Sections of text files: a line `### name` (`bash:` for those only bash knows), then the script."""
    found = []
    for section in "".join(path.read_text() for path in SCRIPTS).split("### ")[1:]:
        name, _, script = section.partition("\n")
        needed = NEEDED.get(name.split()[0], "sh")
        skip = pytest.mark.skipif(shutil.which(needed) is None, reason=f"no {needed} on this machine")
        found.append(pytest.param(name.startswith("bash:"), script, id=name.replace(" ", "_"), marks=skip))
    return found


@pytest.mark.parametrize(("bash", "script"), scripts())
def test_same_as_the_real_shell(bash, script, tmp_path):
    real = subprocess.run(
        [BASH if bash and BASH else REAL, "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": "/root", "LC_ALL": "C"},
        input=b"first line\nsecond line\n",
        capture_output=True,
        timeout=10,
        check=False,
    )
    own = "bash" if bash else "sh"
    ours = sh(script, stdin=b"first line\nsecond line\n", files=make_files(), shell=own)
    assert (ours.out, ours.status) == (real.stdout.decode(errors="replace"), real.returncode), ours.err
