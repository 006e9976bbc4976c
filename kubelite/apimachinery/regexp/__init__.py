"""Go's regular expressions: what `regexp.MatchString` says of a pattern and a text.

`compile_pattern` refuses what Go refuses, in Go's words, and matches in time that grows with the text only,
whatever the pattern: Python's own engine serves patterns and texts on which it cannot run wild, an
automaton the rest.

Source: https://pkg.go.dev/regexp/syntax.
"""

from __future__ import annotations

from kubelite.apimachinery.regexp.matcher import Pattern, compile_pattern
from kubelite.apimachinery.regexp.parser import PatternError

__all__ = ["Pattern", "PatternError", "compile_pattern"]
