"""The names of users and groups, as a container's /etc/passwd and /etc/group have them."""

from __future__ import annotations

from kubelite.images.files import FileSystem


def names_in(files: FileSystem, path: str) -> dict[int, str]:
    """Names by numbers, of /etc/passwd or /etc/group."""
    try:
        lines = files.read_text(path).splitlines()
    except OSError:
        return {}
    found: dict[int, str] = {}
    for line in lines:
        name, *fields = line.split(":")
        if len(fields) > 1 and fields[1].isdecimal():
            found.setdefault(int(fields[1]), name)
    return found


def users(files: FileSystem) -> dict[int, str]:
    """The names of users."""
    return names_in(files, "/etc/passwd") or {0: "root"}


def groups(files: FileSystem) -> dict[int, str]:
    """The names of groups."""
    return names_in(files, "/etc/group") or {0: "root"}
