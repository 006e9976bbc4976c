"""Who a process is, and what the permission bits of a file let it do. Pure.

Source: POSIX.1-2017, 4.5 File Access Permissions; inode(7) for the bits beyond rwxrwxrwx.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs

from kubelite.runtime import Shown

READ, WRITE, SEARCH = 4, 2, 1
SET_USER: Final = 0o4000
SET_GROUP: Final = 0o2000
"""On a directory: what is made in it gets its group."""
STICKY: Final = 0o1000
"""On a directory: only owners remove what is in it."""


class Owned(Protocol):
    """What has an owner, a group and permission bits."""

    mode: int
    uid: int
    gid: int


@attrs.frozen(repr=False)
class User(Shown):
    """The numbers of a process.

    Attributes:
        uid: Its user; 0 may do anything.
        gid: Its group; what it makes belongs to both.
        groups: Its supplementary groups, the first one included, in the order in which `id` shows them.
        net_admin: Whether it may change the network.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    net_admin: bool = False

    def is_in(self, gid: int) -> bool:
        """Whether it belongs to a group."""
        return gid == self.gid or gid in self.groups

    def may(self, want: int, node: Owned) -> bool:
        """Whether the bits of `node` allow READ, WRITE or SEARCH: those of owner, group or others."""
        if self.uid == 0:
            return True
        shift = 6 if node.uid == self.uid else 3 if self.is_in(node.gid) else 0
        return bool(node.mode >> shift & want)

    def may_remove(self, node: Owned, directory: Owned) -> bool:
        """Whether a sticky `directory` lets it take `node` away."""
        return not directory.mode & STICKY or self.uid in {0, node.uid, directory.uid}

    def owns(self, node: Owned) -> bool:
        """Whether it may change the bits of `node`."""
        return self.uid in {0, node.uid}


ROOT: Final = User()
