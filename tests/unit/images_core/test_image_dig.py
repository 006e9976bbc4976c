"""What dig's command line means, and which names a resolver asks for."""

from __future__ import annotations

import pytest

from kubelite.images.agnhost.dig import Question, parse
from kubelite.images.busybox.network import search_names


def test_options_names_and_types():
    line = "+search +short +time=2 +tries=2 web.ns SRV @10.0.0.10"
    assert parse(line.split()) == Question("web.ns", "SRV", "10.0.0.10", search=True, short=True, seconds=2.0)
    assert parse(["-t", "txt", "IN", "a"]) == Question("a", "TXT")
    assert parse(["-x", "10.1.2.3"]) == Question("3.2.1.10.in-addr.arpa", "PTR")
    assert parse(["+search", "+nosearch", "+short", "+noshort", "x"]) == Question("x")
    with pytest.raises(ValueError, match="IPv4"):
        parse(["-x", "nobody"])


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("web", ["web.a.b", "web.b", "web"]),
        ("web.ns", ["web.ns.a.b", "web.ns.b", "web.ns"]),
        ("w.x.y", ["w.x.y", "w.x.y.a.b", "w.x.y.b"]),
        ("web.", ["web."]),
    ],
)
def test_search_names(name, asked):
    assert search_names(name, ["a.b", "b"], 2) == asked
