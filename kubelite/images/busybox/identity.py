"""Applets about users and groups: id, whoami, groups, chown, chgrp.

Source: POSIX.1-2017, Utilities, id and chown; BusyBox 1.36's help texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubelite.images.busybox.accounts import groups, users
from kubelite.images.busybox.filesystem import applet, walk
from kubelite.images.shell.process import Applet, Process


async def whoami(process: Process) -> int:
    """The name of the user."""
    files = process.container.files
    name = users(files).get(files.user.uid)
    if name is None:
        return await process.fail(f"unknown uid {files.user.uid}")
    await process.out(f"{name}\n")
    return 0


@applet("ugGnr")
async def identity(process: Process, options: dict[str, str], _: list[str]) -> int:
    """`id [-u|-g|-G] [-n]`."""
    files, user = process.container.files, process.container.files.user
    by_uid, by_gid = users(files), groups(files)
    mine = user.groups or (user.gid,)
    if not {"u", "g", "G"} & set(options):
        all_of = ",".join(_told(gid, by_gid) for gid in mine)
        await process.out(f"uid={_told(user.uid, by_uid)} gid={_told(user.gid, by_gid)} groups={all_of}\n")
        return 0
    names = by_uid if "u" in options else by_gid
    numbers = mine if "G" in options else (user.uid if "u" in options else user.gid,)
    words = [names.get(number, str(number)) if "n" in options else str(number) for number in numbers]
    await process.out(" ".join(words) + "\n")
    return 0


async def groups_of(process: Process) -> int:
    """The names of the user's groups."""
    files, user = process.container.files, process.container.files.user
    known = groups(files)
    await process.out(" ".join(known.get(gid, str(gid)) for gid in user.groups or (user.gid,)) + "\n")
    return 0


def _told(number: int, names: Mapping[int, str]) -> str:
    return f"{number}({names[number]})" if number in names else str(number)


@applet("Rvhcf", least=2)
async def chown(process: Process, options: dict[str, str], operands: list[str]) -> int:
    """`chown [-R] USER[:GROUP] FILE...`."""
    files, (owner, *paths) = process.container.files, operands
    user, colon, group = owner.partition(":")
    try:
        uid = _number(user, users(files)) if user else None
        gid = _number(group, groups(files)) if colon and group else None
    except KeyError as error:
        return await process.fail(f"unknown user/group {error.args[0]}")
    return await _change(process, paths, uid, gid, recursive="R" in options)


@applet("Rvhcf", least=2)
async def chgrp(process: Process, options: dict[str, str], operands: list[str]) -> int:
    """`chgrp [-R] GROUP FILE...`."""
    group, *paths = operands
    try:
        gid = _number(group, groups(process.container.files))
    except KeyError:
        return await process.fail(f"unknown group {group}")
    return await _change(process, paths, None, gid, recursive="R" in options)


def _number(name: str, names: Mapping[int, str]) -> int:
    """The number of a user or group.

    Raises:
        KeyError: Nobody has the name.
    """
    if name.isdecimal():
        return int(name)
    return {known: number for number, known in names.items()}[name]


async def _change(
    process: Process, paths: list[str], uid: int | None, gid: int | None, *, recursive: bool
) -> int:
    files, status = process.container.files, 0
    for name in paths:
        top = process.path(name)
        for path in list(walk(files, top)) if recursive else [top]:
            try:
                files.chown(path, uid, gid)
            except OSError as error:
                status = await process.fail(f"{name if path == top else path}: {error.strerror}")
    return status


APPLETS: Mapping[str, Applet] = {
    "id": identity,
    "whoami": whoami,
    "groups": groups_of,
    "chown": chown,
    "chgrp": chgrp,
}
