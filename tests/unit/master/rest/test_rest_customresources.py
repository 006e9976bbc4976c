"""Custom resources over HTTP: forms, paths, discovery, warnings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubelite.api.resources import CUSTOMRESOURCEDEFINITIONS
from tests.unit.master.rest.door import Door, opened

THINGS = "/apis/example.com/v1/namespaces/default/things"
NUMBER = {"type": "integer"}
SCHEMA = {
    "type": "object",
    "properties": {"spec": {"type": "object", "properties": {"n": NUMBER, "f": {"type": "number"}}}},
}


def make_version(name: str, **fields: Any) -> dict[str, Any]:
    """A version that is served."""
    return {"name": name, "served": True, "storage": False, "schema": {"openAPIV3Schema": SCHEMA}, **fields}


def make_definition(plural: str, *versions: dict[str, Any], scope: str = "Namespaced") -> dict[str, Any]:
    """A definition of the group example.com."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": scope,
            "names": {"plural": plural, "kind": plural[:-1].capitalize(), "shortNames": [plural[:2]]},
            "versions": list(versions),
        },
    }


@pytest.fixture
async def door() -> Any:
    columns = [
        {"name": "N", "type": "integer", "jsonPath": ".spec.n"},
        {"name": "Spec", "type": "string", "jsonPath": ".spec", "priority": 1},
        {"name": "Made", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "None", "type": "boolean", "jsonPath": ".spec.no"},
    ]
    main = make_version(
        "v1",
        storage=True,
        additionalPrinterColumns=columns,
        subresources={
            "status": {},
            "scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"},
        },
    )
    old = make_version("v1beta1", deprecated=True)
    older = make_version("v1alpha1", deprecated=True, deprecationWarning="too old")
    async with opened() as door:
        for definition in (
            make_definition("things", older, old, main, make_version("v2")),
            make_definition("nodes", make_version("v1", storage=True), scope="Cluster"),
        ):
            await door.inside.create(CUSTOMRESOURCEDEFINITIONS, definition)  # type: ignore[attr-defined]
        yield door


async def made(door: Door, name: str = "a", **spec: Any) -> dict[str, Any]:
    """Create an object over HTTP."""
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, "spec": spec}
    async with door.http.post(THINGS, json=body) as response:
        assert response.status == 201
        found: dict[str, Any] = await response.json()
        return found


async def get(door: Door, path: str, accept: str = "application/json") -> tuple[int, Any, list[str]]:
    """Status, body and warnings."""
    async with door.http.get(path, headers={"Accept": accept}) as response:
        is_json = response.content_type == "application/json"
        body = await response.json() if is_json else await response.text(errors="replace")
        return response.status, body, response.headers.getall("Warning", [])


async def test_a_group_prefers_its_stable_and_newest_version(door: Door) -> None:
    _, group, _ = await get(door, "/apis/example.com")
    assert [each["version"] for each in group["versions"]] == ["v2", "v1", "v1beta1", "v1alpha1"]
    assert group["preferredVersion"]["version"] == "v2"


async def test_discovery_knows_the_subresources_of_each_version(door: Door) -> None:
    _, listed, _ = await get(door, "/apis/example.com/v1")
    assert [each["name"] for each in listed["resources"]] == [
        "nodes",
        "things",
        "things/status",
        "things/scale",
    ]
    assert listed["resources"][1]["shortNames"] == ["th"]
    assert listed["resources"][3]["kind"] == "Scale"
    _, listed, _ = await get(door, "/apis/example.com/v2")
    assert [each["name"] for each in listed["resources"]] == ["things"]


async def test_a_definition_that_is_going_tells_only_of_verbs_that_help(door: Door) -> None:
    held = {"name": "held", "namespace": "default", "finalizers": ["example.com/held"]}
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": held, "spec": {}}
    async with door.http.post(THINGS, json=body) as response:
        assert response.status == 201
    await door.inside.delete(CUSTOMRESOURCEDEFINITIONS, "things.example.com")  # type: ignore[attr-defined]
    _, listed, _ = await get(door, "/apis/example.com/v1")
    assert listed["resources"][1]["verbs"] == ["delete", "deletecollection", "get", "list", "watch"]
    patch = {"metadata": {"finalizers": None}}
    content_type = {"Content-Type": "application/merge-patch+json"}
    async with door.http.patch(f"{THINGS}/held", data=json.dumps(patch), headers=content_type) as response:
        assert response.status == 200
    assert (await get(door, THINGS))[0] == 404


async def test_a_table_has_the_columns_of_the_version(door: Door) -> None:
    await made(door, n=1, f=1.5)
    _, table, _ = await get(door, THINGS, "application/json;as=Table;g=meta.k8s.io;v=v1")
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "N", "Spec", "Made", "None"]
    (row,) = table["rows"]
    assert row["cells"][:3] == ["a", 1, '{"f":1.5,"n":1}']
    assert row["cells"][4] is None
    _, table, _ = await get(door, THINGS.replace("v1", "v2"), "application/json;as=Table;g=meta.k8s.io;v=v1")
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Age"]


async def test_users_of_deprecated_versions_are_told(door: Door) -> None:
    _, _, warnings = await get(door, THINGS.replace("v1", "v1beta1"))
    assert warnings == ['299 - "example.com/v1beta1 Thing is deprecated; use example.com/v2 Thing"']
    _, _, warnings = await get(door, THINGS.replace("v1", "v1alpha1"))
    assert warnings == ['299 - "too old"']
    assert (await get(door, THINGS))[2] == []


async def test_custom_resources_are_told_in_yaml_but_not_in_protobuf(door: Door) -> None:
    await made(door, n=1)
    status, body, _ = await get(door, f"{THINGS}/a", "application/yaml")
    assert (status, body.splitlines()[0]) == (200, "apiVersion: example.com/v1")
    for path in (THINGS, f"{THINGS}/a"):
        assert (await get(door, path, "application/vnd.kubernetes.protobuf"))[0] == 406


@pytest.mark.parametrize(
    "path",
    [
        "/apis/example.com/v9",
        "/apis/example.com/v9/namespaces/default/things",
        "/apis/example.com/v1/others",
        "/apis/example.com/v1/namespaces/default/nodes",
    ],
)
async def test_what_is_not_served_is_just_not_found(door: Door, path: str) -> None:
    assert (await get(door, path))[:2] == (404, "404 page not found\n")


async def test_a_subresource_that_the_version_lacks_is_not_found_as_an_object(door: Door) -> None:
    await made(door, n=1)
    status, body, _ = await get(door, THINGS.replace("v1", "v2") + "/a/scale")
    assert (status, body["message"]) == (404, 'things.example.com "a" not found')


async def test_a_write_to_a_collection_needs_a_name_or_a_namespace(door: Door) -> None:
    async with door.http.put(THINGS, json={}) as response:
        assert (response.status, (await response.json())["message"]) == (400, "name must be provided")
    async with door.http.post("/apis/example.com/v1/things", json={}) as response:
        assert (response.status, await response.text()) == (404, "404 page not found\n")


async def test_an_object_is_scaled(door: Door) -> None:
    await made(door, n=1)
    async with door.http.patch(
        f"{THINGS}/a/scale",
        data=b'{"spec": {"replicas": 3}}',
        headers={"Content-Type": "application/merge-patch+json"},
    ) as response:
        assert (await response.json())["spec"] == {"replicas": 3}
    assert (await get(door, f"{THINGS}/a"))[1]["spec"] == {"n": 3}


async def test_unknown_fields_are_warned_of_refused_or_ignored(door: Door) -> None:
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"x": 1}}
    async with door.http.post(f"{THINGS}?dryRun=All", json=body) as response:
        assert response.headers.getall("Warning") == ['299 - "unknown field \\"spec.x\\""']
        assert (await response.json())["spec"] == {}
    async with door.http.post(f"{THINGS}?fieldValidation=Strict", json=body) as response:
        assert response.status == 400
        assert 'strict decoding error: unknown field "spec.x"' in (await response.json())["message"]
    async with door.http.post(f"{THINGS}?fieldValidation=Ignore", json=body) as response:
        assert response.status == 201
        assert "Warning" not in response.headers


async def test_openapi_follows_the_definitions(door: Door) -> None:
    _, index, _ = await get(door, "/openapi/v3")
    index = index if isinstance(index, dict) else json.loads(index)
    assert "apis/example.com/v1" in index["paths"]
    assert "apis/example.com" not in index["paths"]
    _, document, _ = await get(door, "/openapi/v3/apis/example.com/v1")
    schema = document["components"]["schemas"]["com.example.v1.Thing"]
    assert schema["properties"]["spec"] == SCHEMA["properties"]["spec"]  # type: ignore[index]
    await door.inside.delete(CUSTOMRESOURCEDEFINITIONS, "things.example.com")  # type: ignore[attr-defined]
    _, document, _ = await get(door, "/openapi/v3/apis/example.com/v1")
    assert "com.example.v1.Thing" not in document["components"]["schemas"]
