"""OpenAPI documents: what kubectl looks for in them."""

import orjson
import pytest

from kubelite.api.resources import DEPLOYMENTS
from kubelite.api.scheme import new_scheme
from kubelite.master.rest.openapi import OpenAPIDocuments

POD = {"group": "", "version": "v1", "kind": "Pod"}


def test_the_index_names_documents_that_are_there():
    documents = OpenAPIDocuments(new_scheme())
    paths = orjson.loads(documents.find("v3", "").body)["paths"]
    assert "api/v1" in paths
    for path, entry in paths.items():
        assert entry["serverRelativeURL"].startswith(f"/openapi/v3/{path}?hash=")
        document = orjson.loads(documents.find(f"v3/{path}", "").body)
        assert document["openapi"] == "3.0.0"
    for absent in ("v3/apis/none/v1", "v9", "", "api/v1"):
        assert documents.find(absent, "") is None
    assert documents.find("v3/api/v1", "") is documents.find("v3/api/v1", "")


def test_kubectl_finds_what_decides_how_it_validates_and_patches():
    documents = OpenAPIDocuments(new_scheme())
    document = orjson.loads(documents.find("v3/api/v1", "").body)
    create = document["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]
    assert create["x-kubernetes-group-version-kind"] == POD
    assert "fieldValidation" in {each["name"] for each in create["parameters"]}
    patch = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    schemas = document["components"]["schemas"]
    pod = next(each for each in schemas.values() if POD in each.get("x-kubernetes-group-version-kind", ()))
    spec = schemas[pod["properties"]["spec"]["allOf"][0]["$ref"].rpartition("/")[2]]
    containers = spec["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert "merge" in containers["x-kubernetes-patch-strategy"]


def fields(body):
    """The fields of a protobuf message: (number, value)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(body):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        assert key & 7 == 2
        size = varint()
        yield key >> 3, body[at : at + size]
        at += size


def test_version_2_as_protobuf():
    documents = OpenAPIDocuments(new_scheme())
    found = documents.find("v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert "@" not in found.content_type
    plain = orjson.loads(documents.find("v2", "").body)
    top = dict(fields(found.body))
    assert top[1] == b"2.0"
    names = [dict(fields(each))[1].decode() for _, each in fields(top[9])]
    assert sorted(names) == sorted(plain["definitions"])
    paths = [dict(fields(each))[1].decode() for _, each in fields(top[8])]
    assert sorted(paths) == sorted(plain["paths"])


def _empty(value, path=()):
    """Where a document holds a schema that says nothing, on which kubectl explain breaks off."""
    if isinstance(value, dict):
        if not value and path and path[-2:-1] == ("properties",):
            yield path
        for key, inner in value.items():
            yield from _empty(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _empty(inner, (*path, index))


@pytest.mark.parametrize("path", ["v2", "v3/api/v1", "v3/apis/apiextensions.k8s.io/v1", "v3/apis/apps/v1"])
def test_no_field_is_without_a_schema(path):
    document = orjson.loads(OpenAPIDocuments(new_scheme()).find(path, "").body)
    assert list(_empty(document)) == []


def test_documents_stay_until_their_own_kinds_change():
    scheme = new_scheme()
    documents = OpenAPIDocuments(scheme)
    pods = documents.find("v3/api/v1", "")
    apps = documents.find("v3/apis/apps/v1", "")
    scheme.unregister(DEPLOYMENTS)
    assert documents.find("v3/api/v1", "") is pods
    changed = documents.find("v3/apis/apps/v1", "")
    assert changed.hash != apps.hash
    assert b"/deployments" not in changed.body
