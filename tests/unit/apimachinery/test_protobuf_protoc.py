"""What the codec writes, read by Google's own decoder, which knows nothing of Kubernetes."""

import base64
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from kubelite.api import facts
from kubelite.api.resources import SERVED
from kubelite.apimachinery import protobuf

FACTS = facts.protobuf()
DEPTH = 4
SPECIAL = {
    "Time": ("2026-01-02T03:04:05Z", [(1, 1767323045)]),
    "MicroTime": ("2026-01-02T03:04:05.000007Z", [(1, 1767323045), (2, 7000)]),
    "Quantity": ("500m", [(1, "500m")]),
    "IntOrString": (8080, [(1, 0), (2, 8080), (3, "")]),
    "Duration": ("1m0s", [(1, 60_000_000_000)]),
    "RawExtension": ({"x": 1}, [(1, '{"x":1}')]),
    "FieldsV1": ({"f:x": {}}, [(1, '{"f:x":{}}')]),
    "JSON": ([1], [(1, "[1]")]),
    "Verbs": (["get", "list"], [(1, "get"), (1, "list")]),
    "ExtraValue": (["a"], [(1, "a")]),
}
"""A JSON value of each message that is no object, and its fields."""


def find_protoc():
    if find_spec("grpc_tools") is not None:
        return [sys.executable, "-m", "grpc_tools.protoc"]
    return [shutil.which("protoc")] if shutil.which("protoc") else None


PROTOC = find_protoc()


def sample(type_, number, depth):
    """A JSON value with every field set, and what its field in a message is: a scalar, or fields."""
    if type_ == "string":
        return f"text-{number}", f"text-{number}"
    if type_ == "bool":
        return True, 1
    if type_ in {"int32", "int64", "uint32", "uint64"}:
        return number + 300, number + 300
    if type_ == "double":
        return 0.5, 0x3FE0000000000000
    if type_ == "bytes":
        return base64.b64encode(b"\xff\xfe").decode(), "\\377\\376"
    name = type_.rpartition(".")[2]
    if name in SPECIAL and (name != "JSON" or "apiextensions" in type_):
        return SPECIAL[name]
    return message(type_, depth + 1)


def message(type_, depth=0):
    """The same for a whole message; deep down only a few fields."""
    obj, fields = {}, []
    for number, name, field_type, *flags in sorted(FACTS[type_]):
        if "inline" not in flags and depth >= DEPTH and ("." in field_type or field_type.startswith("map<")):
            continue
        if "inline" in flags:
            inner, found = message(field_type, depth)
            obj |= inner
            fields.append((number, found))
        elif field_type.startswith("map<"):
            value_type = field_type[4:-1].partition(",")[2].strip()
            if not (value_type in {"string", "bytes"} or "." in value_type):
                value_type = f"{type_.rpartition('.')[0]}.{value_type}"
            if "." in value_type and value_type not in FACTS and value_type.rpartition(".")[2] not in SPECIAL:
                continue  # a message that the facts lack
            value, found = sample(value_type, number, depth)
            obj[name] = {"key": value}
            fields.append((number, [(1, "key"), (2, found)]))
        elif "repeated" in flags:
            value, found = sample(field_type, number, depth)
            obj[name] = [value, value]
            fields += [(number, found), (number, found)]
        else:
            value, found = sample(field_type, number, depth)
            obj[name] = value
            fields.append((number, found))
    return obj, fields


def read_raw(text):
    """The output of `protoc --decode_raw` as a list of fields."""
    stack = [[]]
    for line in text.splitlines():
        line = line.strip()
        if line == "}":
            stack.pop()
        elif line.endswith("{"):
            inner = []
            stack[-1].append((int(line[:-1]), inner))
            stack.append(inner)
        else:
            number, _, value = line.partition(": ")
            stack[-1].append((int(number), value))
    return stack[0]


def unquoted(value):
    text = value[1:-1]
    return re.sub(r"\\([\"'\\])", r"\1", text)


def same(expected, found):
    """Whether fields are those expected; a text may happen to look like a message, which proves nothing."""
    if isinstance(expected, list):
        if isinstance(found, str):
            return found == '""' and not expected
        return len(expected) == len(found) and all(
            wanted[0] == got[0] and same(wanted[1], got[1])
            for wanted, got in zip(expected, found, strict=True)
        )
    if isinstance(expected, int):
        return not isinstance(found, list) and int(found, 0) == expected
    return isinstance(found, list) or unquoted(found) == expected


KINDS = {
    resource.kind: protobuf.message_name(resource.api_version, resource.kind, FACTS) for resource in SERVED
}


@pytest.mark.skipif(PROTOC is None, reason="neither grpcio-tools nor protoc is installed")
def test_what_is_written_of_every_kind_is_read_alike_by_protoc():
    messages = [message(type_) for type_ in KINDS.values()]
    wrapped = b"".join(
        protobuf.length_delimited(index, protobuf.encode_message(obj, type_, FACTS))
        for index, (type_, (obj, _)) in enumerate(zip(KINDS.values(), messages, strict=True), 1)
    )
    text = subprocess.run(
        [*PROTOC, "--decode_raw"], input=wrapped, capture_output=True, check=True, timeout=60
    )
    found = read_raw(text.stdout.decode())
    assert len(found) == len(messages)
    for (kind, (_, expected)), (_, fields) in zip(zip(KINDS, messages, strict=True), found, strict=True):
        assert same(expected, fields), kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_survives(kind):
    obj, _ = message(KINDS[kind])
    assert (
        protobuf.decode_message(protobuf.encode_message(obj, KINDS[kind], FACTS), KINDS[kind], FACTS) == obj
    )
