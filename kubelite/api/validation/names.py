"""What names, label keys and the like must look like, with the words in which Kubernetes refuses them.

Each check takes a text and returns the messages against it; none means that it is fine.

Source: k8s.io/apimachinery/pkg/util/validation, pkg/api/validate/content.
"""

from __future__ import annotations

import re
from typing import Final

LABEL_LENGTH_MAX: Final = 63
SUBDOMAIN_LENGTH_MAX: Final = 253
PORT_NAME_LENGTH_MAX: Final = 15
PORT_MAX: Final = 65535

EMPTY: Final = "must be non-empty"
PORT_RANGE: Final = "must be between 1 and 65535, inclusive"
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE: Final = f"({_QUALIFIED})?"
_CONFIG_KEY: Final = "[-._a-zA-Z0-9]+"
_HEADER: Final = "[-A-Za-z0-9]+"

_LABEL_RE: Final = re.compile(_LABEL)
_LABEL_1035_RE: Final = re.compile(_LABEL_1035)
_SUBDOMAIN_RE: Final = re.compile(_SUBDOMAIN)
_SEARCH_LABEL: Final = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCH_DOMAIN: Final = f"{_SEARCH_LABEL}(\\.{_SEARCH_LABEL})*"
_SEARCH_DOMAIN_RE: Final = re.compile(_SEARCH_DOMAIN)
_QUALIFIED_RE: Final = re.compile(_QUALIFIED)
_LABEL_VALUE_RE: Final = re.compile(_LABEL_VALUE)
_CONFIG_KEY_RE: Final = re.compile(_CONFIG_KEY)
_HEADER_RE: Final = re.compile(_HEADER)
_PORT_NAME_RE: Final = re.compile("[-a-z0-9]+")
_ENV_NAME_RE: Final = re.compile("[ -<>-~]+")

_QUALIFIED_TEXT: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    f"'{_LABEL}')"
)
_LABEL_1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    f"validation is '{_LABEL_1035}')"
)
_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')"
)
_SEARCH_DOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SEARCH_DOMAIN}')"
)
_LABEL_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    f"for validation is '{_LABEL_VALUE}')"
)
_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    f"'KEY_NAME',  or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
_HEADER_TEXT: Final = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for"
    f" validation is '{_HEADER}')"
)
_ENV_NAME_TEXT: Final = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)


def too_long(length: int, unit: str = "characters") -> str:
    """The message for a text of more than `length` of `unit`."""
    return f"must be no more than {length} {unit}"


def dns_label(text: str) -> list[str]:
    """A DNS label: container names, port names of Services, namespaces."""
    messages = [too_long(LABEL_LENGTH_MAX)] if len(text) > LABEL_LENGTH_MAX else []
    if not _LABEL_RE.fullmatch(text):
        messages.append("must not contain dots" if _SUBDOMAIN_RE.fullmatch(text) else _LABEL_TEXT)
    return messages


def dns_1035_label(text: str) -> list[str]:
    """A DNS label that begins with a letter: versions, plurals and kinds of custom resources."""
    messages = [too_long(LABEL_LENGTH_MAX)] if len(text) > LABEL_LENGTH_MAX else []
    if not _LABEL_1035_RE.fullmatch(text):
        messages.append(_LABEL_1035_TEXT)
    return messages


def dns_subdomain(text: str) -> list[str]:
    """A DNS subdomain: the names of most objects."""
    messages = [too_long(SUBDOMAIN_LENGTH_MAX)] if len(text) > SUBDOMAIN_LENGTH_MAX else []
    if not _SUBDOMAIN_RE.fullmatch(text):
        messages.append(_SUBDOMAIN_TEXT)
    return messages


def search_domain(text: str) -> list[str]:
    """A DNS subdomain of which parts may begin with an underscore, as in names of services."""
    messages = [too_long(SUBDOMAIN_LENGTH_MAX)] if len(text) > SUBDOMAIN_LENGTH_MAX else []
    if not _SEARCH_DOMAIN_RE.fullmatch(text):
        messages.append(_SEARCH_DOMAIN_TEXT)
    return messages


def path_segment(text: str) -> list[str]:
    """A name that has only to fit into a path: Roles and their bindings."""
    if text in {".", ".."}:
        return [f"may not be '{text}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in text]


def label_key(text: str) -> list[str]:
    """A label key: a qualified name."""
    return _qualified(text, "a valid label key", "bytes")


def qualified_name(text: str) -> list[str]:
    """A name with an optional DNS subdomain before a slash: annotations, taints, finalizers."""
    return _qualified(text, "a qualified name", "characters")


def _qualified(text: str, what: str, unit: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        suffix = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"{what} {_QUALIFIED_TEXT} {suffix}"]
    messages = []
    if slash:
        prefix_messages = dns_subdomain(prefix) if prefix else [EMPTY]
        messages += [f"prefix part {message}" for message in prefix_messages]
    if not name:
        messages.append(f"name part {EMPTY}")
    elif len(name) > LABEL_LENGTH_MAX:
        messages.append(f"name part {too_long(LABEL_LENGTH_MAX, unit)}")
    if not _QUALIFIED_RE.fullmatch(name):
        messages.append(f"name part {_QUALIFIED_TEXT}")
    return messages


def label_value(text: str) -> list[str]:
    """A label value; it may be empty."""
    messages = [too_long(LABEL_LENGTH_MAX, "bytes")] if len(text) > LABEL_LENGTH_MAX else []
    if not _LABEL_VALUE_RE.fullmatch(text):
        messages.append(_LABEL_VALUE_TEXT)
    return messages


def config_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret, which may become a file's name."""
    messages = [too_long(SUBDOMAIN_LENGTH_MAX)] if len(text) > SUBDOMAIN_LENGTH_MAX else []
    if not _CONFIG_KEY_RE.fullmatch(text):
        messages.append(_CONFIG_KEY_TEXT)
    elif text in {".", ".."}:
        messages.append(f"must not be '{text}'")
    elif text.startswith(".."):
        messages.append("must not start with '..'")
    return messages


def port_name(text: str) -> list[str]:
    """An IANA service name: what a container calls a port."""
    messages = [too_long(PORT_NAME_LENGTH_MAX)] if len(text) > PORT_NAME_LENGTH_MAX else []
    if not _PORT_NAME_RE.fullmatch(text):
        messages.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= character <= "z" for character in text):
        messages.append("must contain at least one letter (a-z)")
    if "--" in text:
        messages.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        messages.append("must not begin or end with a hyphen")
    return messages


def port_number(number: int) -> list[str]:
    """A port from 1 to 65535."""
    return [] if 1 <= number <= PORT_MAX else [PORT_RANGE]


def env_name(text: str) -> list[str]:
    """The name of an environment variable: nearly anything without "="."""
    return [] if _ENV_NAME_RE.fullmatch(text) else [_ENV_NAME_TEXT]


def http_header_name(text: str) -> list[str]:
    """The name of an HTTP header."""
    return [] if _HEADER_RE.fullmatch(text) else [_HEADER_TEXT]


def without_trailing_dash(prefix: str) -> str:
    """A generateName as it may look once something is put behind it, so that a name's rule can judge it."""
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
