"""Redirects and pages of a proxied pod lead back through the proxy."""

from __future__ import annotations

import gzip
import zlib
from functools import partial

import pytest

from kubelite.master.rest.links import rewrite_body, rewrite_page, rewritten

BASE = "/api/v1/namespaces/default/pods/web/proxy"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/a?b=c#d", f"{BASE}/a?b=c#d"),
        ("/dir/", f"{BASE}/dir/"),
        (f"{BASE}/a", f"{BASE}/a"),
        ("http://10.0.0.7:80/a", f"{BASE}/a"),
        ("http://api.example:6443/a", f"http://api.example:6443{BASE}/a"),
        ("http://elsewhere/a", "http://elsewhere/a"),
        ("a/b", "a/b"),
        ("#top", "#top"),
        ("mailto:me@example.com", "mailto:me@example.com"),
        ("http://[broken/a", "http://[broken/a"),
    ],
)
def test_urls_of_the_pod_lead_through_the_proxy(url, found):
    assert rewritten(url, BASE, "10.0.0.7:80", "api.example:6443") == found


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a href="/x">test</a>', '<a href="PROXY/x">test</a>'),
        ("<A HREF='/x' class=big>&amp; more</A>", '<a href="PROXY/x" class="big">&amp; more</A>'),
        ('<img src="/i.png"/>', '<img src="PROXY/i.png"/>'),
        ('<p title="/x">/x</p>', '<p title="/x">/x</p>'),
        ("<!-- <a href='/x'> -->\n<b>é</b>", "<!-- <a href='/x'> -->\n<b>é</b>"),
        (
            "<script>if (a < b) c('<a href=\"/x\">')</script>",
            "<script>if (a < b) c('<a href=\"/x\">')</script>",
        ),
        ('line\n<form\n action="/go">', 'line\n<form action="PROXY/go">'),
        ("no markup", "no markup"),
    ],
)
def test_links_of_pages_are_rewritten_and_nothing_else(page, found):
    rewrite = partial(rewritten, base="PROXY", netloc="10.0.0.7:80")
    assert rewrite_page(page, rewrite) == found


def test_packed_pages_are_packed_again_and_what_cannot_be_read_stays():
    page, rewrite = b'<a href="/x">\xff</a>', partial(rewritten, base="/p", netloc="")
    found = b'<a href="/p/x">\xff</a>'
    assert rewrite_body(page, "", rewrite) == found
    assert gzip.decompress(rewrite_body(gzip.compress(page), "gzip", rewrite)) == found
    packer = zlib.compressobj(wbits=-15)
    flat = packer.compress(page) + packer.flush()
    assert zlib.decompress(rewrite_body(flat, "deflate", rewrite), wbits=-15) == found
    assert rewrite_body(page, "gzip", rewrite) == page
    assert rewrite_body(page, "br", rewrite) == page
