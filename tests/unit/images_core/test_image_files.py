"""The file layer, against a dict as a dumb oracle where it pays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.images.files import FileSystem
from kubelite.images.inodes import Device, Directory


def test_reading_and_writing():
    files = FileSystem(now=lambda: 5.0)
    files.mkdir("/a/b")
    files.write("/a/b/c", "one")
    files.write("/a/b/c", b" two", append=True)
    assert files.read_text("/a/b/c") == "one two"
    assert files.list("/a") == ["b"]
    assert files.stat("/a/b/c").size == 7
    assert files.stat("/a/b/c").mtime == 5.0
    assert files.at("/a").read_text("b/../b/c") == "one two"
    files.rename("/a/b/c", "/a/d")
    assert files.exists("/a/d")
    assert not files.exists("/a/b/c")
    with pytest.raises(FileNotFoundError):
        files.read("/nothing")
    with pytest.raises(FileNotFoundError):
        files.write("/no/dir", "x")
    with pytest.raises(IsADirectoryError):
        files.read("/a")
    with pytest.raises(NotADirectoryError):
        files.read("/a/d/x")
    with pytest.raises(OSError, match="not empty"):
        files.remove("/a")
    files.remove("/a", recursive=True)
    assert files.list("/") == []


def test_links():
    files = FileSystem()
    files.mkdir("/v/one")
    files.write("/v/one/key", "1")
    files.symlink("one", "/v/..data")
    files.symlink("..data/key", "/v/key")
    assert files.read("/v/key") == b"1"
    assert files.readlink("/v/key") == "..data/key"
    assert files.stat("/v/key", follow=False).kind == "symlink"
    files.symlink("loop", "/loop")
    with pytest.raises(OSError, match="Too many"):
        files.read("/loop")


def test_mounts_are_shared_and_may_be_read_only():
    shared = Directory()
    one, two = FileSystem(), FileSystem()
    one.mount("/data", shared)
    two.mount("/in/here", shared, read_only=True)
    one.write("/data/x", "hello")
    assert two.read("/in/here/x") == b"hello"
    with pytest.raises(OSError, match="Read-only"):
        two.write("/in/here/x", "no")
    with pytest.raises(OSError, match="busy"):
        one.remove("/data")


def test_devices():
    got = []
    files = FileSystem()
    files.mount("/dev/sink", Device(write=got.append))
    files.write("/dev/sink", "a")
    assert got == [b"a"]
    assert files.read("/dev/sink") == b""


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(st.tuples(st.sampled_from(["write", "mkdir", "remove"]), PATHS)))
def test_like_a_dict(actions):
    files, model = FileSystem(), {"/": None}
    for action, path in actions:
        try:
            match action:
                case "write":
                    files.write(path, path)
                    model[path] = path
                case "mkdir":
                    files.mkdir(path)
                    parts = path.split("/")[1:]
                    for end in range(1, len(parts) + 1):
                        model.setdefault("/" + "/".join(parts[:end]), None)
                case "remove":
                    files.remove(path, recursive=True)
                    model = {
                        key: value
                        for key, value in model.items()
                        if key != path and not key.startswith(path + "/")
                    }
        except OSError:
            pass
    for path, content in model.items():
        assert files.is_dir(path) == (content is None)
        if content is not None:
            assert files.read_text(path) == content
