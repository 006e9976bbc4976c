"""A temporary folder that does not outlive its process for long, even if that is killed.

Who makes a folder keeps a lock on a file in it, which ends with the process. The first folder that a process
makes clears away those whose locks nobody holds any more.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows has no such locks: what a killed process leaves stays there
    fcntl = None  # type: ignore[assignment]

PREFIX: Final = "kubelite-"
LOCK: Final = ".lock"


class ScratchFolder:
    """A temporary folder.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        _clear_once(tempfile.gettempdir())
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock: int | None = _locked(self.path / LOCK, os.O_CREAT)

    def __repr__(self) -> str:
        return f"<ScratchFolder {self.path}>"

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def clear(folder: str) -> None:
    """Remove the folders in `folder` whose makers are dead."""
    for found in Path(folder).glob(f"{PREFIX}*"):
        lock = _locked(found / LOCK, 0)
        if lock is not None:
            shutil.rmtree(found, ignore_errors=True)
            os.close(lock)


@cache
def _clear_once(folder: str) -> None:
    clear(folder)


def _locked(path: Path, flags: int) -> int | None:
    """A descriptor that holds the lock; None if another does, or there is none."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
