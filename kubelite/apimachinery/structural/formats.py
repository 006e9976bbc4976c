"""The formats of texts that a custom resource's schema may ask for; others are taken as said and not checked.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go (which there are);
k8s.io/kube-openapi/pkg/validation/strfmt (what they mean).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

_UUID: Final = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_HEX: Final = "[0-9a-f]"
_VARIANT: Final = "[89ab]"
_LABEL_LENGTH_MAX: Final = 63
_HOSTNAME_LENGTH_MAX: Final = 255
_NAME_LENGTH_MAX: Final = 253
_PORT_DIGITS: Final = re.compile(r":[0-9]*")

_DNS_LABEL: Final = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_EMAIL_LOCAL: Final = re.compile(r"""[^\s@<>()\[\]\\,;:"]+|"([^"\\]|\\.)*\"""")
_TIME: Final = re.compile(
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})"
)
_GO_DURATION: Final = re.compile(r"[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)")
_WORDY_DURATION: Final = re.compile(r"(\d+)\s*([A-Za-zµ]+)")
_UNITS: Final = (
    ("ns", "nano"),
    ("us", "µs", "micro"),
    ("ms", "milli"),
    ("s", "sec"),
    ("m", "min"),
    ("h", "hr", "hour"),
    ("d", "day"),
    ("w", "wk", "week"),
)
_CREDIT_CARD: Final = re.compile(
    r"4[0-9]{12}([0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|6(011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(0[0-5]|[68][0-9])[0-9]{11}|(2131|1800|35\d{3})\d{11}"
    r"|6[27][0-9]{14}"
)


def _matches(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags | re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _anything(_: str) -> bool:
    return True


def _uuid(version: str = _HEX, variant: str = _HEX) -> Callable[[str], bool]:
    return _matches(_UUID % (version, variant), re.IGNORECASE)


def is_uri(text: str) -> bool:
    """An absolute URI, or an absolute path."""
    if not text or any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return False
    if text.startswith("/") or text == "*":
        return _has_good_escapes(text.partition("?")[0])
    scheme, colon, rest = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z][-+.A-Za-z0-9]*", scheme):
        return False
    if not rest.startswith("/"):
        return rest != ""
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return False
    name, port = (host.partition("]")[0::2]) if host.startswith("[") else (host.partition(":")[0], "")
    if not host.startswith("["):
        port = host[len(name) :]
    if " " in host or (port and not _PORT_DIGITS.fullmatch(port)):
        return False
    return _has_good_escapes(host) and _has_good_escapes(parts.path)


def _has_good_escapes(text: str) -> bool:
    return re.search(r"%(?![0-9A-Fa-f]{2})", text) is None


def is_email(text: str) -> bool:
    """An address as RFC 5322 has it, with a name or without."""
    stripped = text.strip()
    address = parseaddr(stripped)[1] if stripped.endswith(">") else stripped
    local, at, domain = address.rpartition("@")
    if not at or not _EMAIL_LOCAL.fullmatch(local) or local.startswith(".") or local.endswith("."):
        return False
    return ".." not in local and re.fullmatch(r"[^\s@<>()\\,;:\"]+", domain) is not None


def is_hostname(text: str) -> bool:
    """The name of an Internet host; international ones too."""
    if not text or len(text.encode()) > _HOSTNAME_LENGTH_MAX:
        return False
    parts = text.split(".")
    for part in parts:
        if not part or len(part) > _LABEL_LENGTH_MAX or part.startswith("-") or part.endswith("-"):
            return False
        if not all(character.isalnum() or character == "-" or not character.isascii() for character in part):
            return False
    return len(parts) == 1 or len(parts[-1]) > 1


def is_ipv4(text: str) -> bool:
    """An IPv4 address."""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_ipv6(text: str) -> bool:
    """An IPv6 address, without a zone."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def is_cidr(text: str) -> bool:
    """A network in the notation ADDRESS/BITS."""
    address, slash, bits = text.partition("/")
    if not slash or not bits.isdecimal() or not bits.isascii() or (len(bits) > 1 and bits[0] == "0"):
        return False
    return (is_ipv4(address) and int(bits) <= 32) or (is_ipv6(address) and int(bits) <= 128)


def is_date(text: str) -> bool:
    """A full-date of RFC 3339."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return text.startswith("0000-") and is_date("2000" + text[4:])
    return True


def is_date_time(text: str) -> bool:
    """A date-time of RFC 3339, in either case."""
    date, separator, time = text.lower().partition("t")
    found = _TIME.fullmatch(time)
    if not separator or found is None or not is_date(date):
        return False
    return found["hour"] <= "23" and found["minute"] <= "59" and found["second"] <= "59"


def is_duration(text: str) -> bool:
    """A duration as Go has it ("1h30m"), or in words ("3 days")."""
    if _GO_DURATION.fullmatch(text):
        return True
    found = _WORDY_DURATION.findall(text)
    return bool(found) and all(_is_unit(unit) for _, unit in found)


def _is_unit(text: str) -> bool:
    lowered = text.lower()
    return any(lowered in unit or text.startswith(unit[-1]) for unit in _UNITS)


def is_base64(text: str) -> bool:
    """Base64 with its padding; empty is none."""
    return bool(text) and _BASE64(text)


def is_isbn10(text: str) -> bool:
    """An ISBN of ten digits."""
    digits = re.sub(r"[\s-]+", "", text)
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    values = [10 if each == "X" else int(each) for each in digits]
    return sum(place * value for place, value in enumerate(values, 1)) % 11 == 0


def is_isbn13(text: str) -> bool:
    """An ISBN of thirteen digits."""
    digits = re.sub(r"[\s-]+", "", text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return sum(int(each) * (3 if place % 2 else 1) for place, each in enumerate(digits)) % 10 == 0


def is_credit_card(text: str) -> bool:
    """A credit card number whose check digit is right."""
    digits = re.sub(r"[^0-9]+", "", text)
    if not _CREDIT_CARD.fullmatch(digits):
        return False
    doubled = [int(each) * (2 if place % 2 else 1) for place, each in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def is_mac(text: str) -> bool:
    """A hardware address of 6, 8 or 20 bytes."""
    for separator, width in ((":", 2), ("-", 2), (".", 4)):
        parts = text.split(separator)
        if len(parts) * width in {12, 16, 40} and all(
            _HEXADECIMAL(part) and len(part) == width for part in parts
        ):
            return True
    return False


def is_short_name(text: str) -> bool:
    """A DNS label."""
    return len(text) <= _LABEL_LENGTH_MAX and _DNS_LABEL.fullmatch(text) is not None


def is_long_name(text: str) -> bool:
    """A DNS subdomain."""
    return len(text) <= _NAME_LENGTH_MAX and all(_DNS_LABEL.fullmatch(part) for part in text.split("."))


_HEXADECIMAL: Final = _matches("[0-9a-fA-F]+")
_BASE64: Final = _matches(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_RGB_PART: Final = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"

FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bsonobjectid": _matches("[0-9a-fA-F]{24}"),
    "uri": is_uri,
    "email": is_email,
    "hostname": is_hostname,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "cidr": is_cidr,
    "mac": is_mac,
    "uuid": _uuid(),
    "uuid3": _uuid(version="3"),
    "uuid4": _uuid("4", _VARIANT),
    "uuid5": _uuid("5", _VARIANT),
    "isbn": lambda text: is_isbn10(text) or is_isbn13(text),
    "isbn10": is_isbn10,
    "isbn13": is_isbn13,
    "creditcard": is_credit_card,
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _matches(rf"rgb\(\s*{_RGB_PART}\s*,\s*{_RGB_PART}\s*,\s*{_RGB_PART}\s*\)"),
    "byte": is_base64,
    "password": _anything,
    "date": is_date,
    "duration": is_duration,
    "datetime": is_date_time,
    "k8sshortname": is_short_name,
    "k8slongname": is_long_name,
}
"""By their names without dashes."""


def checker(name: str) -> Callable[[str], bool] | None:
    """What tells whether a text has a format; None for one that is not known."""
    return FORMATS.get(name.replace("-", ""))
