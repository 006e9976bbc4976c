"""Completion at the prompt of the standard library: names, attributes, and the objects that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from kubelite.apimachinery.apierrors import APIError
from kubelite.cluster.views import KindView

KEY: Final = re.compile(r"""(\w+)\[(["'])([^"'\]]*)$""")
ATTRIBUTE: Final = re.compile(r"""(\w+)\[(["'])([^"'\]]+)\2\]\.(\w*)$""")

Complete = Callable[[str, int], str | None]


def completions(scope: Mapping[str, Any], line: str) -> tuple[list[str], str] | None:
    """What a line may go on with where it is about a kind's objects, and the part of it which that replaces.

    None if the line is about something else.
    """
    if (key := KEY.search(line)) is not None:
        view, quote, begun = scope.get(key[1]), key[2], key[3]
        if isinstance(view, KindView):
            return [f"{name}{quote}]" for name in view.names() if name.startswith(begun)], begun
    elif (attribute := ATTRIBUTE.search(line)) is not None:
        view, name, begun = scope.get(attribute[1]), attribute[3], attribute[4]
        if isinstance(view, KindView):
            try:
                known = dir(view[name])
            except APIError:
                return [], begun
            shown = [each for each in known if begun.startswith("_") or not each.startswith("_")]
            return [each for each in shown if each.startswith(begun)], begun
    return None


def completer(scope: Mapping[str, Any], plain: Complete, line: Callable[[], str]) -> Complete:
    """For readline: as `plain`, and knows the cluster's objects.

    Args:
        scope: The names at the prompt.
        plain: Completes everything else.
        line: Gives what stands before the cursor.
    """
    found: list[str] | None = None

    def complete(text: str, state: int) -> str | None:
        nonlocal found
        if state == 0:
            known = completions(scope, line())
            # readline replaces `text`, which begins at the last dash or dot of what was begun
            found = None if known is None else [_part(each, known[1], text) for each in known[0]]
        if found is None:
            return plain(text, state)
        return found[state] if state < len(found) else None

    return complete


def _part(whole: str, begun: str, text: str) -> str:
    if len(text) > len(begun):  # readline's own word begins before: `.sc` for `sc`
        return text[: len(text) - len(begun)] + whole
    return whole[len(begun) - len(text) :]
