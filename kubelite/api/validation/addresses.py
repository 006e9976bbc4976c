"""IP addresses and CIDRs: how Go reads them, sloppily and strictly.

Go programs once took leading zeros, IPv4 addresses in IPv6 clothes and bits beyond the prefix; Kubernetes
takes these only where they stand already. Some fields take nothing but the canonical form.

Source: k8s.io/apimachinery/pkg/util/validation/ip.go, k8s.io/utils/net/parse.go; KEP-4858.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Final, TypeAlias

from kubelite.api.validation.problems import Errors, invalid, invalid_each

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_AN_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_A_CIDR: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_PREFIX_LENGTH: Final = re.compile("[0-9]{1,3}")


def parse_address(text: str) -> Address | None:
    """The address that a text means, leading zeros and all; None if it means none (or has a zone)."""
    plain = ".".join(part.lstrip("0") or "0" for part in text.split(".")) if _is_dotted(text) else text
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return None
        return address.ipv4_mapped or address
    return address


def _is_dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdecimal() and part.isascii() for part in parts)


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """The address and the network that a CIDR means; None if it means none."""
    host, slash, length = text.partition("/")
    address = parse_address(host)
    if not slash or address is None or not _PREFIX_LENGTH.fullmatch(length):
        return None
    bits = int(length) - 96 if is_mapped(host) else int(length)
    if not 0 <= bits <= address.max_prefixlen:
        return None
    return address, ipaddress.ip_network(f"{address}/{bits}", strict=False)


def is_mapped(text: str) -> bool:
    """Whether it is an IPv4 address written as IPv6: `::ffff:1.2.3.4`."""
    return ":" in text and isinstance(parse_address(text), ipaddress.IPv4Address)


def has_leading_zeros(text: str) -> bool:
    """Whether a number of an IPv4 address, or a prefix length, has zeros before it."""
    return any(len(part) > 1 and part.startswith("0") for part in re.split(r"[./]", text) if part.isdecimal())


def _address_messages(text: str) -> list[str]:
    if parse_address(text) is None:
        return [NOT_AN_ADDRESS]
    if has_leading_zeros(text):
        return ["must not have leading 0s"]
    return ["must not be an IPv4-mapped IPv6 address"] if is_mapped(text) else []


def validate_address(path: str, text: str, old: Collection[str] = ()) -> Errors:
    """An address that may be written in several ways; anything that `old` has stays allowed."""
    return [] if text in old else invalid_each(path, text, _address_messages(text))


def canonical_address(text: str) -> list[str]:
    """What is said against an address that must be in the canonical form."""
    messages = _address_messages(text)
    if messages:
        return messages
    canonical = str(parse_address(text))
    return [] if canonical == text else [f'must be in canonical form ("{canonical}")']


def _cidr_messages(text: str) -> list[str]:
    parsed = parse_cidr(text)
    if parsed is None:
        return [NOT_A_CIDR]
    address, network = parsed
    if has_leading_zeros(text):
        return ["must not have leading 0s in IP or prefix length"]
    if is_mapped(text.partition("/")[0]):
        return ["must not have an IPv4-mapped IPv6 address"]
    return [] if address == network.network_address else ["must not have bits set beyond the prefix length"]


def validate_cidr(path: str, text: str, old: Collection[str] = ()) -> Errors:
    """A CIDR that may be written in several ways; anything that `old` has stays allowed."""
    return [] if text in old else invalid_each(path, text, _cidr_messages(text))


def validate_canonical_cidr(path: str, text: str) -> Errors:
    """A CIDR in the canonical form."""
    errors = invalid_each(path, text, _cidr_messages(text))
    parsed = parse_cidr(text)
    if not errors and parsed is not None and str(parsed[1]) != text:
        errors.append(invalid(path, text, f'must be in canonical form ("{parsed[1]}")'))
    return errors
