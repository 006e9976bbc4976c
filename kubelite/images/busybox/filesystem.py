"""Applets about files: ls, mkdir, rm, cp, mv, touch, ln, stat, find, ….

Source: POSIX.1-2017, Utilities; BusyBox 1.36's help texts.
"""

from __future__ import annotations

import posixpath
import re
import stat as modes
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

from kubelite.images.busybox.accounts import groups, users
from kubelite.images.busybox.dates import moment
from kubelite.images.busybox.modes import changed_mode
from kubelite.images.busybox.options import UsageError, parse_options
from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory, Stat
from kubelite.images.shell.process import Applet, Process

_Body = Callable[[Process, dict[str, str], list[str]], Awaitable[int]]
_TYPES = {
    "file": modes.S_IFREG,
    "directory": modes.S_IFDIR,
    "symlink": modes.S_IFLNK,
    "device": modes.S_IFCHR,
}

BLOCK_BYTES = 4096
_KINDS = {"file": "regular file", "symlink": "symbolic link", "device": "character special file"}


def applet(
    flags: str, valued: str = "", long: dict[str, str] | None = None, *, least: int = 0
) -> Callable[[_Body], Applet]:
    """Parses the options of an applet; what the file system refuses becomes the applet's complaint."""

    def wrap(body: _Body) -> Applet:
        async def applet(process: Process) -> int:
            try:
                options, operands = parse_options(process.argv[1:], flags, valued, long)
                if len(operands) < least:
                    return await process.fail("missing operand")
                return await body(process, options, operands)
            except UsageError as error:
                return await process.fail(str(error))
            except OSError as error:
                return await process.fail(f"can't access '{error.filename}': {error.strerror}")

        applet.__doc__ = body.__doc__
        return applet

    return wrap


def _mode_text(stat: Stat) -> str:
    return modes.filemode(_TYPES[stat.kind] | stat.mode)


def _long_line(files: FileSystem, path: str, name: str) -> str:
    stat = files.stat(path, follow=False)
    when = time.strftime("%b %e %H:%M", time.gmtime(stat.mtime))
    target = f" -> {files.readlink(path)}" if stat.kind == "symlink" else ""
    user, group = users(files).get(stat.uid, stat.uid), groups(files).get(stat.gid, stat.gid)
    return f"{_mode_text(stat)}    1 {user!s:<8} {group!s:<8} {stat.size:9d} {when} {name}{target}\n"


@applet("laA1dhRrtSFLpCxingosckTuwX")
async def ls(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`ls [-laA1dFpRrtS] [FILE]...`: files first, then directories."""
    files, status = process.container.files, 0
    single, directories = list[tuple[str, str]](), list[tuple[str, str]]()
    for name in names or ["."]:
        path = process.path(name)
        try:
            files.stat(path, follow=False)
        except OSError:
            status = await process.fail(f"{name}: No such file or directory")
            continue
        (directories if files.is_dir(path) and "d" not in options else single).append((path, name))
    await _listed(process, options, single)
    headed, first = len(names) > 1 or "R" in options, not single
    while directories:
        path, name = directories.pop(0)
        if headed:
            await process.out(f"{'' if first else chr(10)}{name}:\n")
        first = False
        inner = [each for each in files.list(path) if each[0] != "." or {"a", "A"} & set(options)]
        entries = [(posixpath.join(path, each), each) for each in inner]
        if "R" in options:
            below = [(at, posixpath.join(name, each)) for at, each in entries if files.is_dir(at)]
            directories[:0] = below
        if "a" in options:
            entries = [(path, "."), (posixpath.dirname(path), ".."), *entries]
        if "l" in options:
            sizes = [files.stat(at, follow=False).size for at, _ in entries]
            await process.out(
                f"total {sum(-(-size // BLOCK_BYTES) * BLOCK_BYTES // 1024 for size in sizes)}\n"
            )
        await _listed(process, options, entries)
    return status


async def _listed(process: Process, options: dict[str, str], entries: list[tuple[str, str]]) -> None:
    files = process.container.files
    if "S" in options:
        entries.sort(key=lambda entry: -files.stat(entry[0], follow=False).size)
    elif "t" in options:
        entries.sort(key=lambda entry: -files.stat(entry[0], follow=False).mtime)
    for path, name in reversed(entries) if "r" in options else entries:
        shown = name + _mark(files, path, options)
        await process.out(_long_line(files, path, shown) if "l" in options else f"{shown}\n")


def _mark(files: FileSystem, path: str, options: dict[str, str]) -> str:
    """The sign by which `-F` and `-p` tell what a name is of."""
    stat = files.stat(path, follow=False)
    if stat.kind == "directory" and {"F", "p"} & set(options):
        return "/"
    if "F" not in options:
        return ""
    if stat.kind == "symlink":
        return "" if "l" in options else "@"
    return "*" if stat.kind == "file" and stat.mode & 0o111 else ""


@applet("pv", "m", {"parents": "p"})
async def mkdir(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`mkdir [-p] [-m MODE] DIRECTORY...`."""
    for name in names:
        try:
            mode = changed_mode(options["m"], 0o777) if "m" in options else None
            process.container.files.mkdir(process.path(name), parents="p" in options, mode=mode)
        except FileExistsError:
            return await process.fail(f"can't create directory '{name}': File exists")
        except FileNotFoundError:
            return await process.fail(f"can't create directory '{name}': No such file or directory")
    return 0


@applet("rRfiv")
async def rm(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`rm [-rf] FILE...`."""
    files, status = process.container.files, 0
    recursive = bool({"r", "R"} & set(options))
    for name in names:
        path = process.path(name)
        try:
            if files.stat(path, follow=False).kind == "directory" and not recursive:
                status = await process.fail(f"'{name}' is a directory")
                continue
            files.remove(path, recursive=recursive)
        except FileNotFoundError:
            if "f" not in options:
                status = await process.fail(f"can't remove '{name}': No such file or directory")
    return status


@applet("p")
async def rmdir(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`rmdir DIRECTORY...`."""
    for name in names:
        process.container.files.remove(process.path(name))
    return 0


def _copy(files: FileSystem, source: str, target: str, *, recursive: bool) -> None:
    if files.is_dir(source):
        if not recursive:
            raise UsageError(f"omitting directory '{source}'")
        files.mkdir(target)
        for name in files.list(source):
            _copy(files, posixpath.join(source, name), posixpath.join(target, name), recursive=True)
    else:
        files.write(target, files.read(source), mode=files.stat(source).mode)


@applet("rRafpLvT")
async def cp(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`cp [-ra] SOURCE... TARGET`."""
    if len(names) < 2:
        return await process.fail("missing file operand")
    files, target = process.container.files, process.path(names[-1])
    for name in names[:-1]:
        source = process.path(name)
        if not files.exists(source):
            return await process.fail(f"can't stat '{name}': No such file or directory")
        goal = posixpath.join(target, posixpath.basename(source)) if files.is_dir(target) else target
        _copy(files, source, goal, recursive=bool({"r", "R", "a"} & set(options)))
    return 0


@applet("fivT")
async def mv(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`mv SOURCE... TARGET`."""
    if len(names) < 2:
        return await process.fail("missing file operand")
    for name in names[:-1]:
        try:
            process.container.files.rename(process.path(name), process.path(names[-1]))
        except FileNotFoundError:
            return await process.fail(f"can't rename '{name}': No such file or directory")
    return 0


@applet("cam", "drt")
async def touch(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`touch [-c] [-d DATE | -t STAMP | -r FILE] FILE...`."""
    files, when = process.container.files, None
    if "r" in options:
        when = files.stat(process.path(options["r"])).mtime
    elif text := options.get("d") or options.get("t"):
        when = moment(text, process.container.clock.now())
        if when is None:
            return await process.fail(f"invalid date '{text}'")
    for name in names:
        if "c" not in options or files.exists(process.path(name)):
            try:
                files.touch(process.path(name), when)
            except OSError as error:
                return await process.fail(f"{name}: {error.strerror}")
    return 0


@applet("sfnvT", least=1)
async def ln(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`ln -s TARGET NAME`."""
    files = process.container.files
    target = names[0]
    path = process.path(names[1] if len(names) > 1 else posixpath.basename(target))
    if files.is_dir(path):
        path = posixpath.join(path, posixpath.basename(target))
    if "f" in options and files.exists(path):
        files.remove(path)
    if "s" in options:
        files.symlink(target, path)
    else:
        files.link(process.path(target), path)
    return 0


@applet("Rvcf", least=2)
async def chmod(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`chmod [-R] MODE FILE...`, octal or as `u=rwx,go+x`."""
    (mode, *rest), files, status = names, process.container.files, 0
    for name in rest:
        top = process.path(name)
        for path in list(walk(files, top)) if "R" in options else [top]:
            try:
                found = files.stat(path)
                files.chmod(path, changed_mode(mode, found.mode, directory=found.kind == "directory"))
            except OSError as error:
                status = await process.fail(f"{name if path == top else path}: {error.strerror}")
            except ValueError:
                return await process.fail(f"invalid mode '{mode}'")
    return status


@applet("Ltf", "c")
async def stat(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`stat [-L] [-c FORMAT] FILE...`: %a %A %s %n %F %Y %u %g %U %G."""
    files = process.container.files
    for name in names:
        found = files.stat(process.path(name), follow="L" in options)
        user, group = users(files).get(found.uid, "UNKNOWN"), groups(files).get(found.gid, "UNKNOWN")
        values = {
            "%a": f"{found.mode:o}",
            "%A": _mode_text(found),
            "%s": str(found.size),
            "%n": name,
            "%F": "regular empty file"
            if found.kind == "file" and not found.size
            else _KINDS.get(found.kind, found.kind),
            "%Y": str(int(found.mtime)),
            "%U": user,
            "%G": group,
            "%u": str(found.uid),
            "%g": str(found.gid),
        }
        text = options.get("c") or (
            "  File: %n\n  Size: %s\t%F\nAccess: (0%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)"
        )
        await process.out(re.sub("%[a-zA-Z]", lambda match: values.get(match[0], match[0]), text) + "\n")  # noqa: B023
    return 0


def _canonical(files: FileSystem, path: str) -> str:
    """A path without links, of which only the last part may not be there.

    Raises:
        OSError: Something on the way is missing.
    """
    if files.exists(path):
        return files.real_path(path)
    try:
        target = posixpath.join(posixpath.dirname(path), files.readlink(path))
    except OSError:
        target = path
    parent = files.real_path(posixpath.dirname(posixpath.normpath(target)))
    return posixpath.join(parent, posixpath.basename(target))


@applet("emqsz", least=1)
async def realpath(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`realpath FILE...`."""
    status = 0
    for name in names:
        try:
            await process.out(_canonical(process.container.files, process.path(name)) + "\n")
        except OSError as error:
            status = await process.fail(f"{name}: {error.strerror}")
    return status


@applet("fnve", least=1)
async def readlink(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`readlink [-fn] FILE`."""
    path = process.path(names[0])
    try:
        if "f" in options or "e" in options:
            await process.out(_canonical(process.container.files, path) + "\n" * ("n" not in options))
            return 0
        await process.out(process.container.files.readlink(path) + "\n")
    except OSError:
        return 1
    return 0


@applet("a", "s")
async def basename(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`basename PATH [SUFFIX]`."""
    name = (posixpath.basename(names[0].rstrip("/")) or names[0][:1]) if names else ""
    if "s" in options:
        name = name.removesuffix(options["s"])
    await process.out((name.removesuffix(names[1]) if len(names) > 1 else name) + "\n")
    return 0


@applet("", least=1)
async def dirname(process: Process, _: dict[str, str], names: list[str]) -> int:
    """`dirname PATH`."""
    name = names[0].rstrip("/")
    await process.out((posixpath.dirname(name) or ("." if name or not names[0] else "/")) + "\n")
    return 0


@applet("dqut", "p")
async def mktemp(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`mktemp [-dt] [-p FOLDER] [TEMPLATE]`."""
    template = names[0] if names else "tmp.XXXXXX"
    if not names or {"p", "t"} & options.keys():
        folder = options.get("p") or process.env.get("TMPDIR") or "/tmp"  # noqa: S108 - inside the container
        template = posixpath.join(folder, template)
    stem = template.rstrip("X")
    name = stem + process.container.random.suffix(len(template) - len(stem))
    path = process.path(name)
    if "d" in options:
        process.container.files.mkdir(path)
    else:
        process.container.files.mkdir(posixpath.dirname(path))
        process.container.files.write(path, b"")
    await process.out(name + "\n")
    return 0


def walk(files: FileSystem, path: str) -> Iterator[str]:
    """A path and all below it."""
    yield path
    if files.is_dir(path) and files.stat(path, follow=False).kind == "directory":
        for name in files.list(path):
            yield from walk(files, posixpath.join(path, name))


def _human(size: int) -> str:
    """A size in the largest unit of which there is at least one."""
    amount, unit = float(size), ""
    for unit in ("", "K", "M", "G", "T"):  # noqa: B007 - the last one stays
        if amount < 1024:
            break
        amount /= 1024
    return f"{amount:.1f}{unit}" if unit else str(size)


@applet("hkmTaPi")
async def df(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`df [-hmP] [PATH]...`: the file systems in memory, of those that have a size."""
    files = process.container.files
    rows = [("overlay", "/", 10 * 1024**3)]
    for path, mount in files.mounts.items():
        if isinstance(mount.target, Directory) and mount.target.size_limit:
            rows.append((mount.target.medium, path, mount.target.size_limit))
    wanted = {max((row for row in rows if _is_on(process.path(name), row[1])), key=_depth) for name in names}
    unit, title = (
        (1024**2, "1M-blocks") if "m" in options else (1024, "1024-blocks" if "P" in options else "1K-blocks")
    )
    title = "Size" if "h" in options else title
    capacity = "Capacity" if "P" in options else "Use%"
    await process.out(f"{'Filesystem':20} {title:>9}      Used Available {capacity} Mounted on\n")
    for medium, path, size in sorted(wanted, key=_depth) if names else rows:
        shown = _human(size) if "h" in options else str(size // unit)
        await process.out(f"{medium:<20} {shown:>9} {0:>9} {shown:>9}   0% {path}\n")
    return 0


def _is_on(path: str, mount: str) -> bool:
    return mount in {"/", path} or path.startswith(f"{mount}/")


def _depth(row: tuple[str, str, int]) -> int:
    return len(row[1])


@applet("shkmacxlHL", "d")
async def du(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`du [-sahkm] [-d DEPTH] [PATH]...`: each directory with all below it, in KiB."""
    files = process.container.files
    deepest = 0 if "s" in options else int(options.get("d", 10**9))

    async def measure(path: str, shown: str, depth: int) -> int:
        stat = files.stat(path, follow=False)
        size = -(-stat.size // BLOCK_BYTES) * BLOCK_BYTES
        is_directory = stat.kind == "directory"
        for each in files.list(path) if is_directory else ():
            size += await measure(posixpath.join(path, each), posixpath.join(shown, each), depth + 1)
        if depth <= deepest and (is_directory or "a" in options or depth == 0):
            unit = 1024**2 if "m" in options else 1024
            await process.out(f"{_human(size) if 'h' in options else -(-size // unit)}\t{shown}\n")
        return size

    for name in names or ["."]:
        await measure(process.path(name), name, 0)
    return 0


@applet("c", "s", least=1)
async def truncate(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`truncate [-c] -s [+|-]SIZE FILE...`."""
    files, text = process.container.files, options.get("s", "")
    units = {"k": 1024, "K": 1024, "m": 1024**2, "M": 1024**2, "G": 1024**3}
    digits = text.lstrip("+-").rstrip("".join(units))
    if not digits.isdigit():
        return await process.fail(f"invalid number '{text}'")
    size = int(digits) * units.get(text[-1:], 1)
    for name in names:
        path = process.path(name)
        if not files.exists(path) and "c" in options:
            continue
        data = files.read(path) if files.exists(path) else b""
        wanted = {"+": len(data) + size, "-": max(0, len(data) - size)}.get(text[0], size)
        files.write(path, data[:wanted].ljust(wanted, b"\0"))
    return 0


@applet("dDcpsv", "mogt", least=1)
async def install(process: Process, options: dict[str, str], names: list[str]) -> int:
    """`install [-d | -D] [-m MODE] [SOURCE]... TARGET`."""
    files, mode = process.container.files, int(options.get("m", "755"), 8)
    if "d" in options:
        for name in names:
            files.mkdir(process.path(name))
            files.chmod(process.path(name), mode)
        return 0
    *sources, target = names
    directory = options.get("t") or (target if files.is_dir(process.path(target)) else "")
    for source in [*sources, target] if "t" in options else sources:
        name = posixpath.join(directory, posixpath.basename(source)) if directory else target
        path = process.path(name)
        if "D" in options:
            files.mkdir(posixpath.dirname(path))
        files.write(path, files.read(process.path(source)))
        files.chmod(path, mode)
    return 0


APPLETS: Mapping[str, Applet] = {
    "truncate": truncate,
    "install": install,
    "ls": ls,
    "mkdir": mkdir,
    "rm": rm,
    "rmdir": rmdir,
    "cp": cp,
    "mv": mv,
    "touch": touch,
    "ln": ln,
    "chmod": chmod,
    "stat": stat,
    "readlink": readlink,
    "realpath": realpath,
    "basename": basename,
    "dirname": dirname,
    "mktemp": mktemp,
    "df": df,
    "du": du,
}
