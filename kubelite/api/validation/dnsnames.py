"""Names in the style of the DNS that few kinds use, and URLs.

Source: k8s.io/apimachinery/pkg/util/validation, k8s.io/apiserver/pkg/util/webhook/validation.go.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kubelite.api.validation import names
from kubelite.api.validation.problems import Errors, invalid, invalid_each, required

QUALIFIED_SEGMENTS_MIN: Final = 3
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035_RE: Final = re.compile(_LABEL_1035)
_LABEL_1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    f"validation is '{_LABEL_1035}')"
)
_WILDCARD: Final = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_WILDCARD_RE: Final = re.compile(_WILDCARD)
_WILDCARD_TEXT: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
    "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. "
    f"'*.example.com', regex used for validation is '{_WILDCARD}')"
)
_HTTP_PATH: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_HTTP_PATH_RE: Final = re.compile(_HTTP_PATH)
_C_IDENTIFIER: Final = "[A-Za-z_][A-Za-z0-9_]*"
_C_IDENTIFIER_RE: Final = re.compile(_C_IDENTIFIER)
_C_IDENTIFIER_TEXT: Final = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
    f"characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is "
    f"'{_C_IDENTIFIER}')"
)
_URL_FORM: Final = "; desired format: https://host[/path]"


def dns_1035_label(text: str) -> list[str]:
    """A label that begins with a letter."""
    messages = [names.too_long(names.LABEL_LENGTH_MAX)] if len(text) > names.LABEL_LENGTH_MAX else []
    if not _LABEL_1035_RE.fullmatch(text):
        messages.append(_LABEL_1035_TEXT)
    return messages


def wildcard_subdomain(text: str) -> list[str]:
    """`*.example.com`."""
    long = len(text) > names.SUBDOMAIN_LENGTH_MAX
    messages = [names.too_long(names.SUBDOMAIN_LENGTH_MAX)] if long else []
    if not _WILDCARD_RE.fullmatch(text):
        messages.append(_WILDCARD_TEXT)
    return messages


def c_identifier(text: str) -> list[str]:
    """A name in a C program."""
    return [] if _C_IDENTIFIER_RE.fullmatch(text) else [_C_IDENTIFIER_TEXT]


def validate_fully_qualified_name(path: str, name: str) -> Errors:
    """A domain of at least three segments."""
    if not name:
        return [required(path, "")]
    messages = names.dns_subdomain(name)
    if messages:
        return [invalid(path, name, ",".join(messages))]
    if len(name.split(".")) < QUALIFIED_SEGMENTS_MIN:
        return [invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def validate_fully_qualified_domain(path: str, name: str) -> Errors:
    """A domain of at least two segments, with or without a dot at its end."""
    if not name:
        return [required(path, "")]
    plain = name.removesuffix(".")
    if messages := names.dns_subdomain(plain):
        return invalid_each(path, name, messages)
    if "." not in plain:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    label = names.LABEL_LENGTH_MAX
    return [invalid(path, part, names.too_long(label)) for part in plain.split(".") if len(part) > label]


def validate_domain_prefixed_path(path: str, text: str) -> Errors:
    """`acme.io/foo`."""
    if not text:
        return [required(path, "")]
    host, _, rest = text.partition("/")
    if not host or not rest:
        return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = invalid_each(path, host, names.dns_subdomain(host))
    if not _HTTP_PATH_RE.fullmatch(rest):
        errors.append(invalid(path, rest, f"Invalid path (regex used for validation is '{_HTTP_PATH}')"))
    return errors


def validate_webhook_url(path: str, text: str) -> Errors:
    """Where a webhook outside of the cluster is: https, a host, a path."""
    try:
        url = urlsplit(text)
    except ValueError as error:
        return [required(path, f"url must be a valid URL: {error}{_URL_FORM}")]
    errors: Errors = []
    if url.scheme != "https":
        errors.append(invalid(path, url.scheme, f"'https' is the only allowed URL scheme{_URL_FORM}"))
    user, at, host = url.netloc.rpartition("@")
    if not host:
        errors.append(invalid(path, host, f"host must be specified{_URL_FORM}"))
    if at:
        errors.append(invalid(path, user, "user information is not permitted in the URL"))
    return errors + _validate_url_end(path, url)


def _validate_url_end(path: str, url: SplitResult) -> Errors:
    errors: Errors = []
    if url.fragment:
        errors.append(invalid(path, url.fragment, "fragments are not permitted in the URL"))
    if url.query:
        errors.append(invalid(path, url.query, "query parameters are not permitted in the URL"))
    return errors


def validate_webhook_service(path: str, name: str, namespace: str, url_path: str | None, port: int) -> Errors:
    """Where a webhook inside of the cluster is."""
    errors: Errors = []
    if not name:
        errors.append(required(f"{path}.name", "service name is required"))
    if not namespace:
        errors.append(required(f"{path}.namespace", "service namespace is required"))
    messages = names.port_number(port)
    if messages:
        errors.append(invalid(f"{path}.port", port, f"port is not valid: {','.join(messages)}"))
    return errors + (_validate_url_path(f"{path}.path", url_path) if url_path else [])


def _validate_url_path(path: str, text: str) -> Errors:
    if text == "/":
        return []
    if text == "//":
        return [invalid(path, text, "segment[0] may not be empty")]
    errors: Errors = []
    if not text.startswith("/"):
        errors.append(invalid(path, text, "must start with a '/'"))
    for index, step in enumerate(text[1:].removesuffix("/").split("/")):
        messages = names.dns_subdomain(step) if step else ["may not be empty"]
        colon = ": " if step else " "
        errors += [invalid(path, text, f"segment[{index}]{colon}{message}") for message in messages]
    return errors
