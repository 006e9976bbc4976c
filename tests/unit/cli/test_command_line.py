"""Wrong options get one line that says what and how to fix it, and exit status 2."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from kubelite.cli.main import make_parser, run


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "kubelite: the following arguments are required: COMMAND (see kubelite --help)"),
        (["up", "--bogus"], "kubelite up: there is no --bogus (see kubelite up --help)"),
        (
            ["up", "--storage-clas5"],
            "there is no --storage-clas5; is --storage-class meant? (see kubelite up",
        ),
        (["up", "extra"], "kubelite up: there is no extra (see kubelite up --help)"),
        (["demo", "--seed", "x"], "argument --seed: 'x' must be a whole number (see kubelite demo --help)"),
        (["up", "--max-requests-inflight", "-1"], "'-1' must be a whole number, 0 for no bound"),
        (["run"], "kubelite run: say which command to run"),
        (["up", "--scheduler-config", "/no/file"], "--scheduler-config /no/file: No such file or directory"),
        (["up", "--manifest", "/no/file"], "kubelite up: --manifest /no/file: No such file or directory"),
        (
            ["up", "--kubeconfig", "/no/folder/x"],
            "--kubeconfig /no/folder/x: No such file or directory; name",
        ),
        (["run", "--kubeconfig", "/", "--", "true"], "--kubeconfig /: Is a directory; name a file"),
        (["repl", "--kubeconfig", "/no/folder/x"], "--kubeconfig /no/folder/x: No such file or directory"),
        (
            ["up", "--host", "192.0.2.1"],
            "--host 192.0.2.1 --port (a free one): Cannot assign requested address",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(argv, says, capsys):
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
    assert "Errno" not in err


def test_a_port_that_is_taken_is_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["run", "--port", str(port), "--", "true"]) == 2
    assert f"--host 127.0.0.1 --port {port}: Address already in use" in capsys.readouterr().err


KILLED = """
import os, signal, subprocess
from kubelite.cli.run import _die_with
subprocess.Popen(["sleep", "600"], preexec_fn=_die_with(os.getpid()))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_command_ends_with_its_cluster_even_if_that_is_killed():
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False)  # until both have ended
    assert done.returncode == -signal.SIGKILL


def test_zero_is_no_bound():
    assert make_parser().parse_args(["up", "--max-requests-inflight", "0"]).max_requests_inflight == 0
