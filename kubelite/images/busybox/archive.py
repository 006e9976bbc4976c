"""Applets that pack: gzip, gunzip, zcat, tar (what `kubectl cp` uses).

Source: BusyBox 1.36's help texts.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
import zlib
from collections.abc import Mapping, Sequence

from kubelite.images.files import FileSystem
from kubelite.images.shell.process import Applet, Process


async def gzip_applet(process: Process) -> int:
    """`gzip [-cd] [FILE]...`, and `gunzip`, `zcat`."""
    flags = {letter for arg in process.argv[1:] if arg.startswith("-") for letter in arg[1:]}
    names = [arg for arg in process.argv[1:] if not arg.startswith("-")]
    name = posixpath.basename(process.argv[0])
    unpacks = "d" in flags or name in {"gunzip", "zcat"}
    files = process.container.files
    try:
        if not names:
            data = await process.stdin.read()
            await process.out(gzip.decompress(data) if unpacks else gzip.compress(data, mtime=0))
        for each in names:
            path = process.path(each)
            data = files.read(path)
            data = gzip.decompress(data) if unpacks else gzip.compress(data, mtime=0)
            if "c" in flags or name == "zcat":
                await process.out(data)
            else:
                files.write(path.removesuffix(".gz") if unpacks else path + ".gz", data)
                if "k" not in flags:
                    files.remove(path)
    except (OSError, EOFError, zlib.error) as error:
        return await process.fail(str(error))
    return 0


async def tar(process: Process) -> int:
    """`tar c|x|t [-hmvz] [-f FILE] [-C DIRECTORY] [FILE]...`: links are kept, but for `-h`."""
    letters, rest, names = "", list(process.argv[1:]), []
    directory, archive = process.cwd, "-"
    if rest and not rest[0].startswith("-"):
        rest[0] = "-" + rest[0]
    while rest:
        arg = rest.pop(0)
        if arg.startswith("-") and len(arg) > 1 and not arg.startswith("--"):
            letters += arg[1:]
            if "f" in arg[1:] and rest:
                archive = rest.pop(0)
            if "C" in arg[1:] and rest:
                directory = process.path(rest.pop(0))
        elif not arg.startswith("--"):
            names.append(arg)
    files = process.container.files
    try:
        if "c" in letters:
            data = _pack(files, directory, names, gzipped="z" in letters, follows="h" in letters)
            if archive == "-":
                await process.out(data)
            else:
                files.write(process.path(archive), data)
            return 0
        data = await process.stdin.read() if archive == "-" else files.read(process.path(archive))
        if "O" in letters:
            await process.out(_contents(data, names))
            return 0
        listed = _unpack(
            files, directory, data, names, extract="x" in letters, keeps_times="m" not in letters
        )
    except (OSError, tarfile.TarError) as error:
        return await process.fail(str(error))
    if "t" in letters or "v" in letters:
        await process.out("".join(name + "\n" for name in listed))
    return 0


def _pack(files: FileSystem, directory: str, names: Sequence[str], *, gzipped: bool, follows: bool) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if gzipped else "w") as archive:

        def add(name: str) -> None:
            path = posixpath.join(directory, name)
            stat = files.stat(path, follow=follows)
            member = tarfile.TarInfo(name.lstrip("/"))
            member.mode, member.mtime = stat.mode, int(stat.mtime)
            if stat.kind == "directory":
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
                for inner in files.list(path):
                    add(posixpath.join(name, inner))
            elif stat.kind == "symlink":
                member.type, member.linkname = tarfile.SYMTYPE, files.readlink(path)
                archive.addfile(member)
            else:
                data = files.read(path)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))

        for name in names:
            add(name)
    return buffer.getvalue()


def _wanted(name: str, names: Sequence[str]) -> bool:
    """Whether a member is one of those asked for, or below one; all are if none is asked for."""
    return not names or any(name == each or name.startswith(each.rstrip("/") + "/") for each in names)


def _contents(data: bytes, names: Sequence[str]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = [archive.extractfile(each) for each in archive if each.isfile() and _wanted(each.name, names)]
        return b"".join(each.read() for each in files if each is not None)


def _unpack(
    files: FileSystem, directory: str, data: bytes, names: Sequence[str], *, extract: bool, keeps_times: bool
) -> list[str]:
    listed = []
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if not _wanted(member.name, names):
                continue
            listed.append(member.name + "/" if member.isdir() else member.name)
            if not extract:
                continue
            path = posixpath.normpath(posixpath.join(directory, member.name.lstrip("/")))
            if member.isdir():
                files.mkdir(path, mode=member.mode)
                continue
            files.mkdir(posixpath.dirname(path))
            if _is_link(files, path):
                files.remove(path)
            if member.issym():
                files.symlink(member.linkname, path)
            elif member.isfile() and (content := archive.extractfile(member)) is not None:
                files.write(path, content.read(), mode=member.mode)
                files.touch(path, float(member.mtime) if keeps_times else None)
    return listed


def _is_link(files: FileSystem, path: str) -> bool:
    try:
        return files.stat(path, follow=False).kind == "symlink"
    except OSError:
        return False


APPLETS: Mapping[str, Applet] = {"gzip": gzip_applet, "gunzip": gzip_applet, "zcat": gzip_applet, "tar": tar}
