"""Discovery and the small endpoints."""

import orjson

from kubelite.api.resources import PODS
from kubelite.api.scheme import new_scheme
from kubelite.apimachinery.scheme import Resource
from kubelite.master.rest.discovery import Discovery, storage_version_hash
from kubelite.master.rest.nonresource import health_text, version_document
from kubelite.master.rest.requestinfo import parse_query


def test_plain_lists():
    discovery = Discovery(new_scheme())
    core = orjson.loads(discovery.resource_list("", "v1"))
    assert "apiVersion" not in core
    names = [each["name"] for each in core["resources"]]
    assert names == sorted(names)
    assert {"pods", "pods/binding", "pods/eviction", "pods/exec", "pods/log", "pods/status"} <= set(names)
    eviction = next(each for each in core["resources"] if each["name"] == "pods/eviction")
    assert eviction == {
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": True,
        "group": "policy",
        "version": "v1",
        "kind": "Eviction",
        "verbs": ["create"],
    }
    assert discovery.resource_list("apps", "v9") is None
    assert discovery.group("none") is None
    assert [group["name"] for group in orjson.loads(discovery.group_list())["groups"]][:2] == [
        "apiregistration.k8s.io",
        "apps",
    ]


def test_both_shapes_tell_the_same():
    discovery = Discovery(new_scheme())
    document = orjson.loads(discovery.aggregated(core=True).body)
    told = {
        each["resource"]: sorted(sub["subresource"] for sub in each.get("subresources", ()))
        for each in document["items"][0]["versions"][0]["resources"]
    }
    plain: dict[str, list[str]] = {}
    for each in orjson.loads(discovery.resource_list("", "v1"))["resources"]:
        plural, _, subresource = each["name"].partition("/")
        plain.setdefault(plural, [])
        if subresource:
            plain[plural].append(subresource)
    assert told == plain


def test_a_new_kind_shows_at_once():
    scheme = new_scheme()
    discovery = Discovery(scheme)
    before = discovery.aggregated(core=False)
    assert discovery.aggregated(core=False) is before
    scheme.register(
        Resource("example.com", "v1", "things", "Thing", namespaced=True, subresources=("status",))
    )
    assert discovery.aggregated(core=False).etag != before.etag
    assert b'"things/status"' in discovery.resource_list("example.com", "v1")


def test_hash_and_health():
    assert storage_version_hash(PODS) == "xPOwRZ+Yhw8="
    assert health_text("/healthz", parse_query("")) == "ok"
    assert "[+]etcd excluded: ok" in health_text("/livez", parse_query("exclude=etcd&verbose"))
    assert health_text("/readyz", parse_query("verbose")).endswith("readyz check passed\n")
    assert health_text("/readyz/none", parse_query("")) is None
    assert health_text("/other", parse_query("")) is None
    assert orjson.loads(version_document())["gitVersion"] == "v1.36.3+kubelite"
