"""Warnings about IP addresses and networks in a form that is not the usual one.

Source: k8s.io/apimachinery/pkg/util/validation/ip.go (GetWarningsForIP, GetWarningsForCIDR).
"""

from __future__ import annotations

import ipaddress


def _sloppy(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as Go's old parser read it: parts of IPv4 may begin with zeros."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    try:
        return ipaddress.IPv4Address(".".join(str(int(part)) for part in parts))
    except ValueError:
        return None


def _is_standard(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def ip_warnings(path: str, text: str) -> list[str]:
    """The warning about an address; none about what is no address at all."""
    address = _sloppy(text)
    if address is None:
        return []
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped is not None or not _is_standard(text):
        return [
            (
                f'{path}: non-standard IP address "{text}" will be considered invalid in a future Kubernetes '
                f'release: use "{mapped or address}"'
            )
        ]
    if address.version == 6 and str(address) != text:
        return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']
    return []


def cidr_warnings(path: str, text: str) -> list[str]:
    """The warning about a network."""
    host, slash, length = text.partition("/")
    address = _sloppy(host)
    if address is None or not slash or not length.isdigit():
        return []
    try:
        network = ipaddress.ip_network(f"{address}/{int(length)}", strict=False)
    except ValueError:
        return []
    if not _is_standard(host) or length != str(int(length)):
        return [
            (
                f'{path}: non-standard CIDR value "{text}" will be considered invalid in a future Kubernetes '
                f'release: use "{network}"'
            )
        ]
    if network.network_address != address:
        return [
            (
                f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{network}" or '
                f'"{address}/{address.max_prefixlen}"?)'
            )
        ]
    if address.version == 6 and str(network) != text:
        return [f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{network}")']
    return []
