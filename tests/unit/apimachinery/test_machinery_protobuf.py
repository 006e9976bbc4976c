"""Kubernetes' protobuf: known bytes, round trips of all kinds, hostile bodies."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.api import facts
from kubelite.api.resources import SERVED
from kubelite.apimachinery import protobuf

FACTS = facts.protobuf()
META = "k8s.io.apimachinery.pkg.apis.meta.v1."
CORE = "k8s.io.api.core.v1."


def through(obj, type_):
    return protobuf.decode_message(protobuf.encode_message(obj, type_, FACTS), type_, FACTS)


def test_known_bytes_of_a_body():
    """Written by hand: Unknown{typeMeta{v1, Namespace}, raw{metadata{name: "n"}}}."""
    meta = b"\x0a\x02v1\x12\x09Namespace"
    raw = b"\x0a\x03\x0a\x01n"
    body = b"k8s\x00" + b"\x0a\x0f" + meta + b"\x12\x05" + raw + b"\x1a\x00\x22\x00"
    assert protobuf.decode(body, FACTS) == (
        "v1",
        "Namespace",
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}},
    )
    assert (
        protobuf.encode({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, FACTS) == body
    )
    assert protobuf.is_protobuf(body)
    assert not protobuf.is_protobuf(b"{}")


OBJECTS = [
    {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "c", "labels": {"a": "b"}, "annotations": {"x": ""}},
        "data": {"k": "v"},
        "binaryData": {"b": base64.b64encode(b"\x00\xff").decode()},
        "immutable": True,
    },
    {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "p",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "deletionGracePeriodSeconds": 30,
        },
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "ports": [{"containerPort": 80}],
                    "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
                    "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
                    "livenessProbe": {"tcpSocket": {"port": 80}},
                }
            ],
            "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 1}],
            "activeDeadlineSeconds": 5,
            "priority": -10,
        },
    },
    {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 3,
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
            "selector": {"matchLabels": {"a": "b"}},
        },
    },
    {
        "kind": "Lease",
        "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"name": "l"},
        "spec": {"renewTime": "2026-01-02T03:04:05.123456Z", "leaseDurationSeconds": 40},
    },
    {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u"},
        "gracePeriodSeconds": 5,
    },
    {
        "kind": "SubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {"user": "u", "extra": {"e": ["1", "2"]}},
    },
]


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj["kind"])
def test_objects_survive(obj):
    _, _, back = protobuf.decode(protobuf.encode(obj, FACTS), FACTS)
    assert _drop_empty(back) == obj


def _drop_empty(value):
    """Go writes empty structs that are no pointers; JSON leaves them out."""
    if isinstance(value, dict):
        made = {key: _drop_empty(inner) for key, inner in value.items()}
        return {key: inner for key, inner in made.items() if inner != {}}
    return [_drop_empty(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("api_version", "kind", "message"),
    [
        ("v1", "Pod", CORE + "Pod"),
        ("v1", "DeleteOptions", META + "DeleteOptions"),
        ("v1", "Status", META + "Status"),
        ("apps/v1", "Deployment", "k8s.io.api.apps.v1.Deployment"),
        ("events.k8s.io/v1", "Event", "k8s.io.api.events.v1.Event"),
        ("rbac.authorization.k8s.io/v1", "Role", "k8s.io.api.rbac.v1.Role"),
        ("policy/v1", "Eviction", "k8s.io.api.policy.v1.Eviction"),
        ("authentication.k8s.io/v1", "TokenRequest", "k8s.io.api.authentication.v1.TokenRequest"),
        ("v1", "Nothing", None),
    ],
)
def test_messages_of_kinds(api_version, kind, message):
    assert protobuf.message_name(api_version, kind, FACTS) == message


def test_a_zero_that_was_sent_is_told():
    spec = {"replicas": 0, "minReadySeconds": 0}
    assert through(spec, CORE + "ReplicationControllerSpec") == spec


def test_later_values_win_and_unknown_fields_are_skipped():
    name = b"\x0a\x01a\x0a\x01b"
    unknown = b"\xfa\x7f\x03xyz"
    assert protobuf.decode_message(name + unknown, META + "ObjectMeta", FACTS) == {"name": "b"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\x00\xff",
        b"k8s\x00\x08\x22",
        b"k8s\x00\x0a\x02\x08\x12",
        b"k8s\x00\x0a\x05ab",
        b"k8s\x00" + b"\xff" * 12,
    ],
)
def test_hostile_bodies(body):
    with pytest.raises(protobuf.ProtobufError):
        protobuf.decode(body, FACTS)


def test_a_wrong_wire_type():
    with pytest.raises(protobuf.ProtobufError):
        protobuf.decode_message(b"\x08\x22", CORE + "ConfigMapProjection", FACTS)


def test_a_time_beyond_the_years():
    time = b"\x42\x0a\x08" + b"\xff" * 8 + b"\x7f"
    with pytest.raises(protobuf.ProtobufError):
        protobuf.decode_message(time, META + "ObjectMeta", FACTS)


def test_values_that_do_not_fit():
    with pytest.raises(protobuf.ProtobufError):
        protobuf.encode_message({"name": 5}, META + "ObjectMeta", FACTS)
    with pytest.raises(protobuf.ProtobufError):
        protobuf.encode({"kind": "Nothing", "apiVersion": "v1"}, FACTS)


MESSAGES = st.sampled_from(sorted(name for name in FACTS if name.startswith("k8s.")))


@given(MESSAGES, st.lists(st.sampled_from([8, 10, 18, 26, 34, 0, 1, 2, 3, 4, 255]), max_size=20).map(bytes))
def test_no_bytes_break_out(message, data):
    for read in (
        lambda: protobuf.decode_message(data, message, FACTS),
        lambda: protobuf.decode(b"k8s\x00" + data, FACTS),
    ):
        with suppress(protobuf.ProtobufError):
            assert read() is not None


TEXT = st.text(max_size=5)
WHOLE = {"int32": st.integers(-(2**31), 2**31 - 1), "int64": st.integers(-(2**63), 2**63 - 1)}
SPECIAL = {
    "Time": st.just("2026-01-02T03:04:05Z"),
    "MicroTime": st.integers(0, 999_999).map(lambda micros: f"2026-01-02T03:04:05.{micros:06d}Z"),
    "Quantity": st.sampled_from(["1", "500m", "1Gi"]),
    "IntOrString": st.integers(-5, 5) | st.sampled_from(["http", "25%"]),
    "Duration": st.sampled_from(["1m0s", "1.5s", "2h0m0s", "0s"]),
    "RawExtension": st.fixed_dictionaries({"a": TEXT}),
    "FieldsV1": st.just({"f:metadata": {}}),
    "JSON": st.just({"x": [1, "2"]}),
    "Verbs": st.lists(TEXT, min_size=1, max_size=2),
    "ExtraValue": st.lists(TEXT, min_size=1, max_size=2),
}


@st.composite
def _values(draw, type_, depth):
    if type_ == "string":
        return draw(TEXT.filter(bool))
    if type_ == "bool":
        return True
    if type_ in {"int32", "int64", "uint32", "uint64"}:
        return draw(WHOLE.get(type_, st.integers(1, 1000)).filter(bool))
    if type_ == "double":
        return draw(st.sampled_from([0.5, 1.25, -2.0]))
    if type_ == "bytes":
        return base64.b64encode(draw(st.binary(min_size=1, max_size=4))).decode()
    special = SPECIAL.get(type_.rpartition(".")[2])
    return draw(special if special is not None else _messages(type_, depth + 1))


@st.composite
def _messages(draw, type_, depth=0):
    made = {}
    rows = [row for row in FACTS[type_] if draw(st.booleans())] if depth < 3 else []
    for row in rows[:6]:
        _, name, field_type, *flags = row
        if "inline" in flags:
            made |= draw(_messages(field_type, depth))
        elif field_type.startswith("map<"):
            value_type = field_type[4:-1].partition(",")[2].strip()
            if value_type in {"string", "bytes"} or value_type in FACTS:
                made[name] = {draw(TEXT): draw(_values(value_type, depth))}
        elif "repeated" in flags:
            made[name] = [draw(_values(field_type, depth))]
        else:
            made[name] = draw(_values(field_type, depth))
    return made


KINDS = {protobuf.message_name(each.api_version, each.kind, FACTS) for each in SERVED}
TYPED = st.sampled_from(
    sorted({*KINDS, META + "ObjectMeta", META + "Status", META + "DeleteOptions"})
).flatmap(lambda type_: st.tuples(st.just(type_), _messages(type_)))


@given(TYPED)
def test_messages_of_all_kinds_survive(typed):
    type_, message = typed
    assert through(message, type_) == message
