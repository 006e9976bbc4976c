"""`getent hosts`: names by /etc/hosts, then by DNS.

Source: getent(1) of glibc.
"""

from __future__ import annotations

from kubelite.images.shell.process import Process

NOT_FOUND = 2
_USAGE = 1


async def getent(process: Process) -> int:
    """`getent hosts|ahosts NAME...`."""
    if len(process.argv) < 2:
        return await process.fail("wrong number of arguments", _USAGE)
    database, *keys = process.argv[1:]
    if database not in {"hosts", "ahosts", "ahostsv4"}:
        return await process.fail(f"Unknown database: {database}", _USAGE)
    lines = []
    for key in keys:
        address = _in_file(process, key)
        if not address:
            try:
                address = (await process.container.resolve(key))[0]
            except OSError:
                return NOT_FOUND
        lines.append(f"{address:<15} {key}\n")
    await process.out("".join(lines))
    return 0


def _in_file(process: Process, name: str) -> str:
    """The address of a name in /etc/hosts; "" if it is not there."""
    files = process.container.files
    text = files.read_text("/etc/hosts") if files.exists("/etc/hosts") else ""
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if name in names:
            return address
    return ""
