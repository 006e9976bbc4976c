"""A small POSIX-like file system in memory, as one container sees it: paths, and what may be done there.

What stands there is in `inodes`. A mount may be read-only for one container while another one (or the
kubelet) writes to the directory. Paths are POSIX paths; relative ones start at `working_dir`. Permission
bits count for every user but root. Errors are those of the operating system, with its numbers.
"""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from kubelite.images.inodes import Device, Directory, File, Mount, Node, Stat, Symlink
from kubelite.images.permissions import READ, ROOT, SEARCH, SET_GROUP, WRITE

LINKS_MAX: Final = 40
"""Symbolic links followed in one look-up, as in Linux."""

FILE_MODE_MOST: Final = 0o666
DIRECTORY_MODE_MOST: Final = 0o777
UMASK: Final = 0o022


Names: TypeAlias = list[str]
"""For annotations within `FileSystem`, which has a method of that name."""


class _Place(NamedTuple):
    """Where a path leads: its directory, its last name, and what is there (None: nothing)."""

    directory: Directory
    name: str
    node: Node | None
    read_only: bool


class FileSystem:
    """The files as one container sees them.

    Attributes:
        root: What stands at `/`.
        working_dir: Where relative paths start.
        user: Whose permissions count, and who owns what is made.
        read_only: Nothing can be changed but what is mounted.
        umask: Permission bits that new files and directories do not get.
        mounts: What is mounted, by absolute path.
    """

    def __init__(
        self, root: Directory | None = None, *, working_dir: str = "/", now: Callable[[], float] | None = None
    ) -> None:
        """`now` gives the time for mtimes in Unix seconds; without it they stay 0."""
        self.root = Directory() if root is None else root
        self.working_dir = working_dir or "/"
        self.user = ROOT
        self.read_only = False
        self.umask = UMASK
        self.mounts: dict[str, Mount] = {}
        self._now = now or (lambda: 0.0)

    def __repr__(self) -> str:
        return f"<FileSystem {len(self.root.entries)} entries in />"

    def at(self, working_dir: str) -> FileSystem:
        """The same files seen from another working directory (which need not exist)."""
        there = FileSystem(self.root, working_dir=self.absolute(working_dir), now=self._now)
        there.user, there.read_only, there.mounts = self.user, self.read_only, self.mounts
        there.umask = self.umask
        return there

    def absolute(self, path: str) -> str:
        """`path` made absolute and free of `.` and `..` (by text: links are not looked at)."""
        return posixpath.normpath(posixpath.join("/", self.working_dir, path)).replace("//", "/")

    # --- reading

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: Nothing is there.
            IsADirectoryError: It is a directory.
            NotADirectoryError: A part of the path before the last is a file.
            PermissionError: It is not for this user (as everywhere below).
        """
        node = _target(self._existing(path).node)
        if isinstance(node, File | Device):
            self._check(READ, node, path)
        if isinstance(node, File):
            return node.data
        if isinstance(node, Device):
            return node.read()
        raise _error(errno.EISDIR, path)

    def endless(self, path: str) -> Callable[[int], bytes] | None:
        """What gives bytes of a device that never ends, such as `/dev/zero`; None for everything else.

        Raises:
            FileNotFoundError: Nothing is there.
        """
        node = _target(self._existing(path).node)
        return node.endless if isinstance(node, Device) else None

    def read_text(self, path: str) -> str:
        """The content of a file as UTF-8 text; bytes that are none are replaced. Raises as `read`."""
        return self.read(path).decode(errors="replace")

    def list(self, path: str = ".") -> list[str]:
        """The sorted names in a directory (without `.` and `..`).

        Raises:
            FileNotFoundError: Nothing is there.
            NotADirectoryError: It is a file.
        """
        directory = self._directory(path)
        self._check(READ, directory, path)
        return sorted(directory.entries)

    def node(self, path: str) -> File | Device | Directory:
        """What is there itself, links followed and mounts seen through, to be shown elsewhere.

        Raises:
            OSError: Nothing is there, or it cannot be found out.
        """
        node = _target(self._existing(path).node)
        assert isinstance(node, File | Device | Directory), "links are followed"
        return node

    def real_path(self, path: str) -> str:
        """The path of what is there, without links.

        Raises:
            OSError: It cannot be found out.
        """
        names: Names = []
        place = self._find(path, names=names)
        if place.node is None:
            raise _error(errno.ENOENT, path)
        return "/" + "/".join(names)

    def exists(self, path: str) -> bool:
        """Whether something is there, links followed."""
        try:
            return self._find(path).node is not None
        except OSError:
            return False

    def is_dir(self, path: str) -> bool:
        """Whether a directory is there, links followed."""
        try:
            return isinstance(_target(self._find(path).node), Directory)
        except OSError:
            return False

    def is_file(self, path: str) -> bool:
        """Whether a file or device is there, links followed."""
        try:
            return isinstance(_target(self._find(path).node), File | Device)
        except OSError:
            return False

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """What is there; `follow=False` tells of a link itself.

        Raises:
            FileNotFoundError: Nothing is there.
        """
        match _target(self._existing(path, follow=follow).node):
            case Directory() as node:
                return Stat("directory", node.mode, 4096, node.mtime, node.uid, node.gid)
            case File() as node:
                return Stat("file", node.mode, len(node.data), node.mtime, node.uid, node.gid)
            case Symlink() as node:
                return Stat("symlink", node.mode, len(node.target), node.mtime, node.uid, node.gid)
            case Device() as node:
                return Stat("device", node.mode, 0, node.mtime, node.uid, node.gid)
            case _:
                raise _error(errno.ENOENT, path)

    def readlink(self, path: str) -> str:
        """The target of a symbolic link, as written.

        Raises:
            FileNotFoundError: Nothing is there.
            OSError: It is no link (EINVAL).
        """
        node = self._existing(path, follow=False).node
        if not isinstance(node, Symlink):
            raise _error(errno.EINVAL, path)
        return node.target

    # --- writing

    def write(self, path: str, data: str | bytes, *, append: bool = False, mode: int | None = None) -> None:
        """Make or overwrite a file; its directory must exist.

        `mode` counts only when the file is made; without one it is what the umask lets.

        Raises:
            FileNotFoundError: Its directory is missing.
            IsADirectoryError: It is a directory.
            OSError: The mount is read-only (EROFS).
        """
        content = data.encode() if isinstance(data, str) else data
        place = self._find(path)
        node = _target(place.node)
        if isinstance(node, Device):
            self._check(WRITE, node, path)
            node.write(content)
            return
        if isinstance(node, Directory):
            raise _error(errno.EISDIR, path)
        if isinstance(node, File):
            _check_writable(place, path)
            self._check(WRITE, node, path)
            node.data = node.data + content if append else content
            node.mtime = self._now()
        else:
            mode = FILE_MODE_MOST & ~self.umask if mode is None else mode
            self._add(place, File(content, mode, self._now()), path)

    def touch(self, path: str, mtime: float | None = None) -> None:
        """Make an empty file, or set the mtime of what is there (None: to now). Raises as `write`."""
        place = self._find(path)
        node = _target(place.node)
        if node is None:
            self.write(path, b"")
            node = _target(self._find(path).node)
            assert node is not None
        else:
            _check_writable(place, path)
            if not self.user.owns(node):
                self._check(WRITE, node, path)
        node.mtime = self._now() if mtime is None else mtime

    def mkdir(self, path: str, *, parents: bool = True, mode: int | None = None) -> None:
        """Make a directory. With `parents` missing ones are made too and an existing directory is no error.

        Raises:
            FileExistsError: Something is there already.
            FileNotFoundError: The parent is missing and `parents` is false.
            OSError: The mount is read-only (EROFS).
        """
        if parents:
            parent = posixpath.dirname(self.absolute(path))
            if not self.is_dir(parent):
                self.mkdir(parent)
        place = self._find(path)
        if place.node is not None:
            if parents and isinstance(_target(place.node), Directory):
                return
            raise _error(errno.EEXIST, path)
        mode = DIRECTORY_MODE_MOST & ~self.umask if mode is None else mode
        self._add(place, Directory(mode=mode, mtime=self._now()), path)

    def symlink(self, target: str, path: str) -> None:
        """Make a symbolic link at `path` which leads to `target`.

        Raises:
            FileExistsError: Something is there already.
            OSError: The mount is read-only (EROFS).
        """
        place = self._find(path, follow=False)
        if place.node is not None:
            raise _error(errno.EEXIST, path)
        self._add(place, Symlink(target, mtime=self._now()), path)

    def link(self, old: str, new: str) -> None:
        """Let a file be at another place, too.

        Raises:
            FileNotFoundError: `old` or the directory of `new` is missing.
            FileExistsError: Something is at `new` already.
            OSError: It is a directory (EPERM), or on another file system (EXDEV).
        """
        node = self._existing(old, follow=False).node
        place = self._find(new, follow=False)
        if place.node is not None:
            raise _error(errno.EEXIST, new)
        if isinstance(node, Directory):
            raise _error(errno.EPERM, old)
        if not isinstance(node, File | Symlink):
            raise _error(errno.EXDEV, old)
        self._check_entries(place, new)
        place.directory.entries[place.name] = node

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits.

        Raises:
            FileNotFoundError: Nothing is there.
            OSError: The mount is read-only (EROFS), or it belongs to somebody else (EPERM).
        """
        self._own(path).mode = mode

    def chown(self, path: str, uid: int | None, gid: int | None) -> None:
        """Set owner and group; None leaves one as it is. Raises as `chmod`."""
        node = self._own(path)
        given = (uid is not None and uid != node.uid) or (gid is not None and not self.user.is_in(gid))
        if self.user.uid and given:
            raise _error(errno.EPERM, path)
        node.uid = node.uid if uid is None else uid
        node.gid = node.gid if gid is None else gid

    def rename(self, old: str, new: str) -> None:
        """Move a file or directory; a file at `new` is replaced, a directory at `new` receives it.

        Raises:
            FileNotFoundError: `old` or the directory of `new` is missing.
            OSError: One of the two is on a read-only mount (EROFS) or is a mount point (EBUSY).
        """
        source = self._existing(old, follow=False)
        if isinstance(source.node, Mount):
            raise _error(errno.EBUSY, old)
        if self.is_dir(new):
            new = posixpath.join(new, source.name)
        goal = self._find(new, follow=False)
        self._check_removal(source, old)
        self._check_entries(goal, new)
        assert source.node is not None
        del source.directory.entries[source.name]
        goal.directory.entries[goal.name] = source.node

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, a link, or an empty directory; with `recursive` a full one too.

        Raises:
            FileNotFoundError: Nothing is there.
            OSError: The directory is not empty (ENOTEMPTY), a mount point (EBUSY), or read-only (EROFS).
        """
        place = self._existing(path, follow=False)
        if isinstance(place.node, Mount) or not place.name:
            raise _error(errno.EBUSY, path)
        self._check_removal(place, path)
        if isinstance(place.node, Directory) and place.node.entries and not recursive:
            raise _error(errno.ENOTEMPTY, path)
        del place.directory.entries[place.name]

    def mount(self, path: str, target: Directory | File | Device, *, read_only: bool = False) -> None:
        """Let `target` be seen at `path`; directories on the way are made, what was there is hidden."""
        parent = posixpath.dirname(self.absolute(path))
        if not self.is_dir(parent):
            self.mkdir(parent)
        place = self._find(path)
        if not place.name:
            assert isinstance(target, Directory)
            self.root = target
        else:
            mount = place.directory.entries[place.name] = Mount(target, read_only)
            self.mounts[self.absolute(path)] = mount

    def unmount(self, path: str) -> None:
        """Let what was mounted at `path` be gone."""
        place = self._existing(path, follow=False)
        del place.directory.entries[place.name]
        self.mounts.pop(self.absolute(path), None)

    def medium(self, path: str) -> str:
        """The type of the file system that `path` is on: that of the mount which is nearest above it."""
        parts = self.absolute(path).rstrip("/").split("/")
        for count in range(len(parts), 0, -1):
            mount = self.mounts.get("/".join(parts[:count]))
            if mount is not None and isinstance(mount.target, Directory):
                return mount.target.medium
        return self.root.medium

    # --- what is allowed

    def may(self, want: int, path: str) -> bool:
        """Whether the user may READ, WRITE or SEARCH what is there."""
        try:
            place = self._find(path)
        except OSError:
            return False
        node = _target(place.node)
        writes_where_nobody_may = want == WRITE and place.read_only and not isinstance(node, Device)
        return node is not None and self.user.may(want, node) and not writes_where_nobody_may

    def _check(self, want: int, node: File | Directory | Device | Symlink, path: str) -> None:
        if not self.user.may(want, node):
            raise _error(errno.EACCES, path)

    def _check_entries(self, place: _Place, path: str) -> None:
        """Whether something may come to or go from the directory."""
        _check_writable(place, path)
        self._check(WRITE, place.directory, path)

    def _check_removal(self, place: _Place, path: str) -> None:
        self._check_entries(place, path)
        node = _target(place.node)
        if node is not None and not self.user.may_remove(node, place.directory):
            raise _error(errno.EPERM, path)

    def _add(self, place: _Place, node: File | Directory | Symlink, path: str) -> None:
        """Put something new where nothing is; it belongs to the user, or to the group of the directory."""
        self._check_entries(place, path)
        directory = place.directory
        node.uid, node.gid = self.user.uid, self.user.gid
        if directory.mode & SET_GROUP:
            node.gid = directory.gid
            if isinstance(node, Directory):
                node.mode |= SET_GROUP
        directory.entries[place.name] = node

    def _own(self, path: str) -> File | Directory | Device | Symlink:
        """What is there, if the user may change its bits."""
        place = self._existing(path)
        _check_writable(place, path)
        node = _target(place.node)
        assert node is not None
        if not self.user.owns(node):
            raise _error(errno.EPERM, path)
        return node

    # --- looking up

    def _existing(self, path: str, *, follow: bool = True) -> _Place:
        place = self._find(path, follow=follow)
        if place.node is None:
            raise _error(errno.ENOENT, path)
        return place

    def _directory(self, path: str) -> Directory:
        node = _target(self._existing(path).node)
        if not isinstance(node, Directory):
            raise _error(errno.ENOTDIR, path)
        return node

    def _find(self, path: str, *, follow: bool = True, names: Names | None = None) -> _Place:
        """Walk `path` part by part. Links on the way are always followed, the last one if `follow`.

        Args:
            path: Where to.
            follow: Whether a link at the end is followed.
            names: Gets the names on the way that was really taken.
        """
        if not path:
            raise _error(errno.ENOENT, path)
        trail: list[tuple[Directory, str, bool]] = []
        directory, read_only = self.root, self.read_only
        rest = [
            part for part in posixpath.join("/", self.working_dir, path).split("/") if part not in {"", "."}
        ]
        rest.reverse()
        links = 0
        while rest:
            name = rest.pop()
            if name == "..":
                if trail:
                    directory, _, read_only = trail.pop()
                continue
            self._check(SEARCH, directory, path)
            node = directory.entries.get(name)
            if isinstance(node, Symlink) and (rest or follow):
                links += 1
                if links > LINKS_MAX:
                    raise _error(errno.ELOOP, path)
                if node.target.startswith("/"):
                    trail, directory, read_only = [], self.root, self.read_only
                rest.extend(part for part in reversed(node.target.split("/")) if part not in {"", "."})
                continue
            here_read_only = node.read_only if isinstance(node, Mount) else read_only
            if not rest:
                if names is not None:
                    names += [*(each for _, each, _ in trail), name]
                return _Place(directory, name, node, here_read_only)
            inner = _target(node)
            if inner is None:
                raise _error(errno.ENOENT, path)
            if not isinstance(inner, Directory):
                raise _error(errno.ENOTDIR, path)
            trail.append((directory, name, read_only))
            directory, read_only = inner, here_read_only
        if names is not None:
            names += [each for _, each, _ in trail]
        if trail:
            parent, name, _ = trail[-1]
            return _Place(parent, name, parent.entries.get(name), read_only)
        return _Place(self.root, "", self.root, read_only)


def _target(node: Node | None) -> File | Device | Symlink | Directory | None:
    """What a mount shows; anything else is itself."""
    return node.target if isinstance(node, Mount) else node


def _check_writable(place: _Place, path: str) -> None:
    if place.read_only:
        raise _error(errno.EROFS, path)


def _error(number: int, path: str) -> OSError:
    """The operating system's error: OSError picks its subclass (FileNotFoundError, …) by the number."""
    return OSError(number, os.strerror(number), path)
