"""Permission bits, owners, groups, sticky and set-group-ID directories, read-only roots."""

from __future__ import annotations

import pytest

from kubelite.images.files import FileSystem
from kubelite.images.inodes import Directory
from kubelite.images.permissions import User


def seen_by(files, uid=1000, gid=1000, groups=()):
    files.user = User(uid, gid, groups)
    return files


def test_bits_of_owner_group_and_others_count_for_all_but_root():
    files = FileSystem()
    files.write("/own", "o", mode=0o600)
    files.chown("/own", 1000, None)
    files.write("/group", "g", mode=0o640)
    files.chown("/group", None, 50)
    files.write("/none", "n", mode=0o600)
    files.write("/other", "x", mode=0o604)
    assert files.read("/none") == b"n"
    seen_by(files, groups=(50,))
    assert files.read("/own") + files.read("/group") + files.read("/other") == b"ogx"
    for path in ("/group", "/other"):
        with pytest.raises(PermissionError):
            files.write(path, "")
    with pytest.raises(PermissionError):
        files.read("/none")
    files.write("/own", "new")
    files.user = User()
    assert files.read("/own") == b"new"


def test_the_bits_of_an_owner_count_even_if_those_of_others_allow_more():
    files = FileSystem()
    files.write("/f", "x", mode=0o077)
    files.chown("/f", 1000, None)
    with pytest.raises(PermissionError):
        seen_by(files).read("/f")


def test_directories_are_walked_with_x_read_with_r_and_changed_with_w():
    files = FileSystem()
    files.mkdir("/closed", mode=0o700)
    files.write("/closed/f", "x")
    files.mkdir("/seen", mode=0o711)
    files.write("/seen/f", "x")
    seen_by(files)
    assert not files.exists("/closed/f")
    assert files.read("/seen/f") == b"x"
    for act in (
        lambda: files.list("/seen"),
        lambda: files.write("/seen/new", ""),
        lambda: files.mkdir("/seen/new"),
        lambda: files.remove("/seen/f"),
        lambda: files.rename("/seen/f", "/seen/g"),
        lambda: files.symlink("f", "/seen/l"),
    ):
        with pytest.raises(PermissionError):
            act()


def test_only_owners_take_away_what_is_in_a_sticky_directory():
    files = FileSystem()
    files.mkdir("/tmp", mode=0o1777)
    files.write("/tmp/roots", "")
    seen_by(files).write("/tmp/mine", "")
    files.remove("/tmp/mine")
    with pytest.raises(PermissionError):
        files.remove("/tmp/roots")


def test_what_is_made_belongs_to_its_maker_or_to_the_group_of_a_set_group_directory():
    files = FileSystem()
    files.mkdir("/plain", mode=0o777)
    files.mkdir("/shared", mode=0o2777)
    files.chown("/shared", None, 123)
    seen_by(files, 1001, 0)
    for path in ("/plain", "/shared"):
        files.write(f"{path}/f", "")
        files.mkdir(f"{path}/d")
    assert (files.stat("/plain/f").uid, files.stat("/plain/f").gid) == (1001, 0)
    assert (files.stat("/shared/f").uid, files.stat("/shared/f").gid) == (1001, 123)
    assert (files.stat("/shared/d").gid, files.stat("/shared/d").mode) == (123, 0o2755)
    assert files.stat("/plain/d").mode == 0o755


def test_only_owners_change_bits_and_only_root_gives_away():
    files = FileSystem()
    files.write("/roots", "")
    files.write("/mine", "")
    files.chown("/mine", 1000, 1000)
    seen_by(files, groups=(7,))
    files.chmod("/mine", 0o600)
    files.chown("/mine", None, 7)
    for act in (
        lambda: files.chmod("/roots", 0o777),
        lambda: files.chown("/roots", None, 1000),
        lambda: files.chown("/mine", 0, None),
        lambda: files.chown("/mine", None, 8),
    ):
        with pytest.raises(PermissionError):
            act()


def test_a_read_only_root_lets_mounts_be_written_to():
    files = FileSystem()
    files.mkdir("/etc")
    files.mount("/data", Directory())
    files.mount("/fixed", Directory(), read_only=True)
    files.read_only = True
    files.at("/data").write("f", "x")
    for path in ("/f", "/etc/f", "/fixed/f"):
        with pytest.raises(OSError, match="Read-only"):
            files.write(path, "")


def test_the_medium_of_a_path_is_that_of_the_nearest_mount():
    files = FileSystem(Directory(medium="overlay"))
    files.mount("/v", Directory(medium="tmpfs"))
    files.mount("/v/deep", Directory())
    assert [files.medium(path) for path in ("/", "/etc", "/v", "/v/x", "/v/deep/x", "/vv")] == [
        "overlay",
        "overlay",
        "tmpfs",
        "tmpfs",
        "",
        "overlay",
    ]
