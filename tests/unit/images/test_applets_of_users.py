"""Applets about users, modes, interfaces and settings; mounttest."""

from __future__ import annotations

import pytest

from kubelite.images import agnhost
from kubelite.images.agnhost.files import go_mode
from kubelite.images.busybox.modes import changed_mode
from kubelite.images.inodes import Directory
from kubelite.images.permissions import User
from tests.unit.images.fakes import FakeContainer, make_files, run


def files_of(user=None):
    files = make_files()
    files.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/:/bin/sh\n")
    files.write("/etc/group", "root:x:0:\nann:x:1000:\nstaff:x:50:ann\n")
    files.user = user or User()
    return files


@pytest.mark.parametrize(
    ("user", "script", "out"),
    [
        (User(), "id; whoami", "uid=0(root) gid=0(root) groups=0(root)\nroot\n"),
        (User(1000, 1000, (1000, 50)), "id", "uid=1000(ann) gid=1000(ann) groups=1000(ann),50(staff)\n"),
        (User(1000, 1000, (1000, 50)), "groups", "ann staff\n"),
        (
            User(1001, 2002, (2002,)),
            "id; id -u; id -g; id -G",
            "uid=1001 gid=2002 groups=2002\n1001\n2002\n2002\n",
        ),
        (
            User(1000, 1000, (1000, 50, 7)),
            "id -un; id -gn; id -G; id -nG",
            "ann\nann\n1000 50 7\nann staff 7\n",
        ),
    ],
)
async def test_id(user, script, out):
    assert (await run(script, files=files_of(user))).out == out


async def test_nobody_has_no_name():
    result = await run("whoami", files=files_of(User(77)))
    assert (result.status, result.err) == (1, "whoami: unknown uid 77\n")


async def test_owners_and_modes_are_changed_and_shown():
    files = files_of()
    script = """
    mkdir /d; touch /d/f /d/g; chown ann:staff /d/f; chown -R 5:6 /d/g; chgrp staff /d
    stat -c '%n %u:%g %U:%G %a' /d /d/f /d/g
    chmod -R g+w,o= /d; stat -c '%A' /d /d/f
    ls -l /d | grep f$ | cut -c1-30
    """
    result = await run(script, files=files)
    assert result.out.splitlines() == [
        "/d 0:50 root:staff 755",
        "/d/f 1000:50 ann:staff 644",
        "/d/g 5:6 UNKNOWN:UNKNOWN 644",
        "drwxrwx---",
        "-rw-rw----",
        "-rw-rw----    1 ann      staff",
    ]


async def test_what_is_not_allowed_says_so():
    files = files_of(User(1000, 1000))
    result = await run(
        "touch /x; echo a > /y; chmod 777 /etc/passwd; chown ann /etc/group; cat /root/f", files=files
    )
    assert result.err.splitlines() == [
        "touch: /x: Permission denied",
        "sh: can't create /y: Permission denied",
        "chmod: /etc/passwd: Operation not permitted",
        "chown: /etc/group: Operation not permitted",
        "cat: can't open '/root/f': No such file or directory",
    ]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("750", 0o644, 0o750),
        ("u+x", 0o644, 0o744),
        ("+x", 0o644, 0o755),
        ("go-r", 0o644, 0o600),
        ("u=rw,g=r,o=", 0o777, 0o640),
        ("a=rX", 0o644, 0o444),
        ("a=rX", 0o744, 0o555),
        ("g+s,+t", 0o755, 0o3755),
        ("u-s", 0o4755, 0o755),
    ],
)
def test_modes_of_chmod(text, old, new):
    assert changed_mode(text, old) == new


@pytest.mark.parametrize("text", ["8", "q+x", "", "u"])
def test_what_is_no_mode(text):
    with pytest.raises(ValueError):  # noqa: PT011 - its text is the mode
        changed_mode(text, 0o644)


async def test_interfaces_are_shown_and_changed_only_by_who_may():
    assert "inet 10.0.0.7/32" in (await run("ip -4 addr show")).out
    refused = await run("ip link add dummy0 type dummy")
    assert (refused.status, refused.err) == (2, "ip: RTNETLINK answers: Operation not permitted\n")
    allowed = await run("ip link add dummy0 type dummy", files=files_of(User(net_admin=True)))
    assert (allowed.status, allowed.out + allowed.err) == (0, "")


async def test_settings_are_read_and_written():
    files = files_of()
    files.mkdir("/proc/sys/kernel")
    files.write("/proc/sys/kernel/shm_rmid_forced", "1\n")
    result = await run(
        "sysctl kernel.shm_rmid_forced; sysctl -n kernel/shm_rmid_forced; sysctl kernel.no", files=files
    )
    assert result.out == "kernel.shm_rmid_forced = 1\n1\n"
    assert result.err == "sysctl: error accessing key 'kernel.no': No such file or directory\n"
    assert (
        await run("sysctl -w kernel.shm_rmid_forced=0", files=files)
    ).out == "kernel.shm_rmid_forced = 0\n"


async def test_sizes_of_volumes_in_memory():
    files = files_of()
    files.mount("/v", Directory(medium="tmpfs", size_limit=10 * 1024**2))
    assert (
        await run("df | grep /v | awk '{print $1, $2}'; df /v/x | tail -1 | cut -c1-5", files=files)
    ).out == ("tmpfs 10240\ntmpfs\n")


async def test_variables_whose_names_no_shell_knows_reach_commands():
    result = await run("env | grep data", env={"1data-1": "v", "da.ta": "data"})
    assert sorted(result.out.splitlines()) == ["1data-1=v", "da.ta=data"]


async def test_rights_are_tested():
    files = files_of()
    files.write("/own", "", mode=0o700)
    files.chown("/own", 1000, None)
    files.mount("/fixed", Directory(mode=0o777), read_only=True)
    files.user = User(1000)
    script = """
    for f in /own /etc/passwd /root /fixed /none; do
      for t in r w x; do test -$t $f && printf $t; done; echo
    done
    """
    assert (await run(script, files=files)).out.splitlines() == ["rwx", "r", "rx", "rx", ""]


# --- mounttest


async def mounttest(*args, files, clock=None):
    container = FakeContainer(("/agnhost", "mounttest", *args), files=files, clock=clock)
    return await agnhost.main(container), bytes(container.stdout.data).decode().splitlines()


async def test_new_files_have_their_mode_owner_and_content():
    files = files_of(User(1001, 0))
    files.mount("/v", Directory(mode=0o1777, medium="tmpfs"))
    args = ("--fs_type=/v", "--file_owner=/v/f", "--file_perm=/v/f", "--new_file_0660=/v/f", "--file_mode=/v")
    assert await mounttest(*args, files=files) == (0, [
        'mount type of "/v": tmpfs',
        'content of file "/v/f": mount-tester new file',
        "",
        'mode of file "/v": dtrwxrwxrwx',
        'perms of file "/v/f": -rw-rw----',
        'owner UID of "/v/f": 1001',
        'owner GID of "/v/f": 0',
    ])  # fmt: skip


async def test_what_cannot_be_read_is_told_and_fails():
    files = files_of(User(5))
    args = ("--file_content", "/none", "--file_mode=/none", "--new_file_0644=/etc/f", "--fs_type=/none")
    assert await mounttest(*args, files=files) == (1, [
        'error from statfs("/none"): no such file or directory',
        'error writing new file "/etc/f": open /etc/f: permission denied',
        'error from Stat("/none"): stat /none: no such file or directory',
        'error reading file content for "/none": open /none: no such file or directory',
    ])  # fmt: skip


class Steps:
    """A clock that moves when it is slept by; the file comes with the first sleep."""

    def __init__(self, files):
        self.files = files
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds
        self.files.write("/f", "mount-tester new file\n")


@pytest.mark.parametrize(("until", "looks"), [("true", 2), ("false", 5)])
async def test_a_file_is_read_in_a_loop(until, looks):
    files = files_of()
    args = ("--file_content_in_loop=/f", "--retry_time=9", f"--break_on_expected_content={until}")
    status, lines = await mounttest(*args, files=files, clock=Steps(files))
    assert status == 0
    assert lines[0] == "Error reading file /f: open /f: no such file or directory, retrying"
    assert sum(bool(line) for line in lines) == looks


@pytest.mark.parametrize(
    ("kind", "mode", "text"),
    [
        ("file", 0o644, "-rw-r--r--"),
        ("directory", 0o3777, "dgtrwxrwxrwx"),
        ("symlink", 0o777, "Lrwxrwxrwx"),
        ("file", 0o4755, "urwxr-xr-x"),
    ],
)
def test_modes_as_go_prints_them(kind, mode, text):
    assert go_mode(kind, mode) == text
