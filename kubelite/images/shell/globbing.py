"""Path names that match a pattern.

Source: POSIX.1-2017, Shell Command Language, 2.13.3 Patterns Used for Filename Expansion; the Bash Reference
Manual, 4.3.2 The Shopt Builtin (dotglob, globstar).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from kubelite.images.shell.pattern import WILD, matches, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubelite.images.files import FileSystem


def glob_paths(
    files: FileSystem, cwd: str, pattern: str, *, hidden: bool = False, deep: bool = False
) -> list[str]:
    """The path names which match a pattern, sorted.

    Args:
        files: Where they are.
        cwd: Where relative ones begin.
        pattern: What they must match.
        hidden: Whether hidden names match a pattern that does not say the dot.
        deep: Whether `**` means any number of directories.
    """
    found = ["/" if pattern.startswith("/") else ""]
    for part in re.findall(r"/+|[^/]+", pattern.lstrip("/")):
        if part.startswith("/"):
            found = [
                base if not base or base.endswith("/") else base + "/"
                for base in found
                if _is_dir(files, cwd, base)
            ]
        elif deep and part == "**":
            found = [each for base in found for each in (base, *_below(files, cwd, base))]
        elif not WILD.search(part):
            found = [base + unescape(part) for base in found]
        else:
            found = [
                base + name
                for base in found
                for name in _names(files, cwd, base)
                if matches(name, part) and (hidden or part.startswith(".") or not name.startswith("."))
            ]
    return sorted({path for path in found if path and _is_there(files, posixpath.join(cwd, path))})


def _slashed(base: str) -> str:
    """A directory's beginning of a path; where `**` means no directory at all, there is no slash either."""
    return base if not base or base.endswith("/") else base + "/"


def _is_dir(files: FileSystem, cwd: str, base: str) -> bool:
    return files.is_dir(posixpath.join(cwd, base))


def _names(files: FileSystem, cwd: str, base: str) -> list[str]:
    """What is in a directory, if it can be read."""
    try:
        return files.list(posixpath.join(cwd, base))
    except OSError:
        return []


def _below(files: FileSystem, cwd: str, base: str) -> Iterator[str]:
    for name in _names(files, cwd, base):
        if name.startswith("."):
            continue
        path = base + name
        yield path
        if files.stat(posixpath.join(cwd, path), follow=False).kind == "directory":
            yield from _below(files, cwd, path + "/")


def _is_there(files: FileSystem, path: str) -> bool:
    try:
        files.stat(path, follow=False)
    except OSError:
        return False
    return True
