"""Flags and durations of agnhost, and what its small subcommands make of them."""

from __future__ import annotations

import pytest

from kubelite.images.agnhost.options import duration_s, flag, is_set


def test_flags_are_read_as_go_reads_them():
    args = ["--port=1", "-port", "2", "-t", "5", "--udp", "--http=false"]
    assert flag(args, "port", "9") == "2"
    assert flag(args, "total", "0", short="t") == "5"
    assert flag(args, "none", "x") == "x"
    assert is_set(args, "udp")
    assert not is_set(args, "tcp")
    assert not is_set(args, "http", default=True)


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25), ("0", 0), ("-2s", -2)]
)
def test_durations(text, seconds):
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "1x", "1s2"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="invalid duration"):
        duration_s(text)
