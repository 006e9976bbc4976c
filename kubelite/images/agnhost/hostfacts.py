"""`agnhost dns-suffix`, `dns-server-list`, `etc-hosts`: how names are looked up here.

Source: the sections of these names in agnhost's README.
"""

from __future__ import annotations

from kubelite.images.container import Container


def _resolv_conf(container: Container, keyword: str) -> list[str]:
    """The words after a keyword of /etc/resolv.conf."""
    words = []
    for line in container.files.read_text("/etc/resolv.conf").splitlines():
        match line.split():
            case [first, *rest] if first == keyword:
                words += rest
    return words


async def dns_suffix(container: Container, _: list[str]) -> int:
    """The search list."""
    container.log(",".join(_resolv_conf(container, "search")))
    return 0


async def dns_server_list(container: Container, _: list[str]) -> int:
    """The name servers."""
    container.log(",".join(_resolv_conf(container, "nameserver")))
    return 0


async def etc_hosts(container: Container, _: list[str]) -> int:
    """The hosts file."""
    container.log(container.files.read_text("/etc/hosts").rstrip("\n"))
    return 0
