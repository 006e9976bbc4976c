"""One limit of nesting for every way in: what is taken can be written in every form, the rest is refused."""

import orjson
import pytest

from kubelite.api import facts
from kubelite.apimachinery import protobuf
from kubelite.apimachinery.depth import DEPTH_MAX
from tests.unit.master.rest.door import opened

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/namespaces/default/things"
MAPS = "/api/v1/namespaces/default/configmaps"
KINDS = {"apiVersion": "example.com/v1", "kind": "Thing"}
PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
    "strategic": "application/strategic-merge-patch+json",
}
FORMS = ("application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io")


def nested(depth, leaf="x", *, lists=False):
    """So many objects or lists around a leaf."""
    for _ in range(depth):
        leaf = [leaf] if lists else {"a": leaf}
    return leaf


@pytest.fixture
async def door():
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": free}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "kind": "Thing"},
            "versions": [version],
        },
    }
    async with opened() as door:
        await send(door, "POST", DEFINITIONS, definition, 201)
        yield door


async def send(door, method, path, body, code, *, type_="application/json"):
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    async with door.http.request(method, path, data=data, headers={"Content-Type": type_}) as answer:
        text = await answer.read()
        assert answer.status == code, text
        return orjson.loads(text)


@pytest.mark.parametrize("lists", [False, True])
async def test_what_is_as_deep_as_it_may_be_can_be_written_and_read_in_every_way(door, lists):
    deep = nested(DEPTH_MAX - 1, lists=lists)
    thing = {**KINDS, "metadata": {"name": "a"}, "spec": deep}
    await send(door, "POST", THINGS, thing, 201)
    await send(door, "PATCH", f"{THINGS}/a", {"other": deep}, 200, type_=PATCHES["merge"])
    applied = {**thing, "metadata": {"name": "b"}}
    for code in (201, 200):
        await send(door, "PATCH", f"{THINGS}/b?fieldManager=me", applied, code, type_=PATCHES["apply"])
    for path in (f"{THINGS}/a", THINGS, f"{THINGS}?watch=1&timeoutSeconds=1&resourceVersion=0"):
        for accept in FORMS:
            if "watch" in path and "yaml" in accept:
                continue
            asked = path + ("&" if "?" in path else "?") + "includeObject=Object"
            async with door.http.get(asked, headers={"Accept": accept}) as answer:
                assert answer.status == 200
                assert len(await answer.text()) > DEPTH_MAX


async def test_what_is_deeper_is_refused_by_every_way_in(door):
    deep, why = nested(DEPTH_MAX), "exceeded max depth"
    thing = {**KINDS, "metadata": {"name": "a"}, "spec": deep}
    refused = [
        await send(door, "POST", THINGS, thing, 400),
        await send(door, "POST", f"{THINGS}?fieldValidation=Ignore", thing, 400),
        await send(door, "POST", THINGS, thing, 400, type_="application/yaml"),
    ]
    await send(door, "POST", THINGS, {**KINDS, "metadata": {"name": "a"}}, 201)
    await send(door, "POST", MAPS, {"metadata": {"name": "a"}}, 201)
    refused += [
        await send(door, "PUT", f"{THINGS}/a", thing, 400),
        await send(door, "PATCH", f"{THINGS}/a", {"spec": deep}, 400, type_=PATCHES["merge"]),
        await send(door, "PATCH", f"{THINGS}/a?fieldManager=me", thing, 400, type_=PATCHES["apply"]),
        await send(door, "PATCH", f"{MAPS}/a", {"data": deep}, 400, type_=PATCHES["strategic"]),
    ]
    added = [{"op": "add", "path": "/spec", "value": deep}]
    refused.append(await send(door, "PATCH", f"{THINGS}/a", added, 400, type_=PATCHES["json"]))
    assert [each["message"] for each in refused if why not in each["message"]] == []


@pytest.mark.parametrize("times", [2, 40])
async def test_a_json_patch_cannot_stack_what_is_shallow(door, times):
    part = DEPTH_MAX // 2 + 1
    await send(door, "POST", THINGS, {**KINDS, "metadata": {"name": "a"}}, 201)
    patch = [
        {"op": "add", "path": "/spec" + "/a" * part * number, "value": nested(part, {})}
        for number in range(times)
    ]
    status = await send(door, "PATCH", f"{THINGS}/a", patch, 422, type_=PATCHES["json"])
    assert "exceeded max depth" in status["message"]
    async with door.http.get(f"{THINGS}/a") as answer:
        assert "spec" not in await answer.json()


async def test_a_schema_in_protobuf_has_the_same_limit(door):
    schema = {"type": "string"}
    for _ in range(DEPTH_MAX // 2):
        schema = {"type": "object", "properties": {"a": schema}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    body = protobuf.encode(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "deeps.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "versions": [version]},
        },
        facts.protobuf(),
    )
    await send(door, "POST", DEFINITIONS, body, 400, type_="application/vnd.kubernetes.protobuf")


async def test_bytes_that_are_no_utf_8_are_replaced_in_texts_as_go_does():
    async with opened() as door:
        data = b'"bytes":"\xff\xe2\x82.","half":"\\ud800x","pair":"\\ud83d\\ude00"'
        body = b'{"metadata":{"name":"a"},"data":{%b}}' % data
        made = await send(door, "POST", MAPS, body, 201)
        assert made["data"] == {"bytes": "\ufffd\ufffd\ufffd.", "half": "\ufffdx", "pair": "\U0001f600"}
        message = protobuf.encode(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"k": "<>"}},
            facts.protobuf(),
        ).replace(b"<>", b"\xff\xfe")
        made = await send(door, "POST", MAPS, message, 201, type_="application/vnd.kubernetes.protobuf")
        assert made["data"] == {"k": "\ufffd\ufffd"}
        status = await send(door, "POST", MAPS, b'{"metadata":{"name":"\xff"}}', 422)
        assert status["details"]["causes"][0]["field"] == "metadata.name"
