"""One-liners of perl, and images of languages."""

from __future__ import annotations

import asyncio
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeContainer  # noqa: E402

from kubelite.images.builtin import make_registry  # noqa: E402
from kubelite.images.perl import pi  # noqa: E402


def run(image, *argv):
    container = FakeContainer(argv)
    status = asyncio.run(make_registry().resolve(image).program(container))
    return status, container.stdout.data.decode(), container.stderr.data.decode()


def test_pi_has_the_digits_that_are_asked_the_last_one_rounded():
    assert [pi(digits) for digits in (1, 2, 5, 16)] == ["3", "3.1", "3.1416", f"{math.pi:.15f}"]
    assert pi(50) == "3.1415926535897932384626433832795028841971693993751"
    assert pi(2000).startswith(pi(1000)[:-1])
    assert len(pi(2000)) == 2001


def test_the_job_of_the_tutorial_prints_pi():
    status, out, _ = run("perl:5.34.0", "perl", "-Mbignum=bpi", "-wle", "print bpi(2000)")
    assert (status, out) == (0, pi(2000) + "\n")


@pytest.mark.parametrize(
    ("argv", "out"),
    [
        (["-e", 'print "hi\\n"'], "hi\n"),
        (["-le", "print 'a b';"], "a b\n"),
        (["-E", "say 42"], "42\n"),
        (["-e", "print(7)"], "7"),
    ],
)
def test_one_liners_print(argv, out):
    assert run("perl", "perl", *argv) == (0, out, "")


def test_what_perl_does_not_know_here_is_said():
    assert run("perl", "perl", "-e", "open(F, 'x')")[0] == 255
    assert "one-liners" in run("perl", "perl", "-e", "print $x")[2]
    assert run("perl", "perl", "-Z")[0] == 29


def test_images_of_languages_have_a_shell():
    for image in (
        "perl:5.34",
        "python:3.7-alpine",
        "python:3.12-slim-bookworm",
        "node:20-alpine",
        "bash:5.2",
    ):
        assert run(image, "sh", "-c", "echo $((6*7))") == (0, "42\n", "")
