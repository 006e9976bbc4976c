"""`agnhost mounttest`: what a container sees of its mounts.

Source: the mounttest section of agnhost's README.
"""

from __future__ import annotations

import stat as modes

from kubelite.images.container import Container

_TYPES = {
    "file": modes.S_IFREG,
    "directory": modes.S_IFDIR,
    "symlink": modes.S_IFLNK,
    "device": modes.S_IFCHR,
}


def _go_mode(kind: str, mode: int) -> str:
    """Permissions as Go prints an os.FileMode: `-rw-r--r--`, `dtrwxrwxrwx`."""
    text = modes.filemode(_TYPES[kind] | mode & 0o777)[1:]
    return {"directory": "d", "symlink": "L", "device": "Dc"}.get(kind, "-") + text


async def mounttest(container: Container, args: list[str]) -> int:
    """Carries out `--fs_type`, `--file_mode`, `--file_content`, `--new_file_0644` … in their order."""
    status = 0
    for arg in args:
        name, _, path = arg.lstrip("-").partition("=")
        files = container.files
        try:
            match name:
                case "file_content" | "file_content_in_loop":
                    container.log(f'content of file "{path}": {files.read_text(path)}')
                case "file_mode":
                    found = files.stat(path)
                    container.log(f'mode of file "{path}": {_go_mode(found.kind, found.mode)}')
                case "file_perm":
                    found = files.stat(path)
                    container.log(f'perms of file "{path}": {_go_mode("file", found.mode)}')
                case "fs_type":
                    container.log(f'mount type of "{path}": tmpfs')
                case "file_owner":
                    container.log(f'owner UID of "{path}": 0')
                    container.log(f'owner GID of "{path}": 0')
                case "new_file_0644" | "new_file_0660" | "new_file_0666" | "new_file_0777":
                    files.write(path, "mount-tester new file\n", mode=int(name[-4:], 8))
                case _:
                    continue
        except OSError as error:
            container.log(
                f'error reading file content for "{path}": open {path}: {(error.strerror or "").lower()}'
            )
            status = 1
    return status
