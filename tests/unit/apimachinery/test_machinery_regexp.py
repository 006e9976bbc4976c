"""Go's regular expressions: what they match, what Go refuses, and that no pattern runs wild."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery.regexp import PatternError, compile_pattern
from kubelite.apimachinery.regexp.matcher import _Automaton
from kubelite.apimachinery.regexp.parser import parse

MATCHES = [
    ("^[a-z]+$", "abc", True),
    ("^[a-z]+$", "abc\n", False),
    ("b", "abc", True),
    (r"^\d{3}$", "123", True),
    (r"^\d{3}$", "\u0661\u0662\u0663", False),
    ("(?i)abc", "xABC", True),
    ("x(?i)abc", "XABC", False),
    ("x(?i)abc", "xABC", True),
    ("(?:x(?i)a)b", "xAB", False),
    ("(?s)a.b", "a\nb", True),
    ("a.b", "a\nb", False),
    ("(?m)^b$", "a\nb\nc", True),
    ("^[[:alpha:]_-]+$", "a_-Z", True),
    ("^[[:^digit:]]$", "1", False),
    (r"^[^\]a-]$", "]", False),
    ("^[]a]$", "]", True),
    (r"^\Qa.b\E$", "a.b", True),
    (r"^\Qa.b\E$", "axb", False),
    (r"^\x{1F600}$", "\U0001f600", True),
    (r"^\pL+$", "äß", True),
    (r"^\p{^L}$", "a", False),
    (r"^\p{Greek}$", "α", True),
    (r"^a{,2}$", "a{,2}", True),
    (r"^(?P<name>a)(?<other>b)$", "ab", True),
    (r"\bfoo\b", "a foo b", True),
    (r"\bfoo\b", "afoo", False),
    (r"^\s$", "\v", False),
    (r"\Aa\z", "a", True),
    ("", "anything", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_a_pattern_matches_as_in_go(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern).search(text) is expected
    assert _Automaton(parse(pattern)).search(text) is expected


REFUSALS = [
    ("a**", "invalid nested repetition operator: `**`"),
    ("a++", "invalid nested repetition operator: `++`"),
    ("x{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
    ("*a", "missing argument to repetition operator: `*`"),
    ("(abc", "missing closing ): `(abc`"),
    ("abc)", "unexpected ): `abc)`"),
    ("[a", "missing closing ]: `[a`"),
    (r"(a)\1", r"invalid escape sequence: `\1`"),
    (r"\y", r"invalid escape sequence: `\y`"),
    ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
    ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
    ("a{1001}", "invalid repeat count: `{1001}`"),
    ("[z-a]", "invalid character class range: `z-a`"),
    (r"\p{Nothing}", r"invalid character class range: `\p{Nothing}`"),
    ("a\\", "trailing backslash at end of expression: ``"),
    ("(?P<n>a)(?P<n>b)", "duplicate capture group name: `n`"),
]


@pytest.mark.parametrize(("pattern", "why"), REFUSALS)
def test_a_pattern_that_go_refuses_is_refused_in_its_words(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert str(refused.value) == f"error parsing regexp: {why}"


def test_a_pattern_that_would_run_wild_is_matched_in_linear_time() -> None:
    assert not compile_pattern("^(a+)+$").search("a" * 20_000 + "!")
    assert compile_pattern("^(a|a)*$").search("a" * 20_000)


_ATOMS = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", "(a|bc)", "(?:ab)?", "a*", "b+", "^", "$", r"\b", "a{1,2}"]
)


@given(st.lists(_ATOMS, max_size=6).map("".join), st.text("abc \n", max_size=8))
def test_automaton_and_python_agree(pattern: str, text: str) -> None:
    python = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    expected = python.search(text) is not None
    assert _Automaton(parse(pattern)).search(text) is expected
    assert compile_pattern(pattern).search(text) is expected
