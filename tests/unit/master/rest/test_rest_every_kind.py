"""Every built-in kind over HTTP: verbs, forms and subresources, with an object that says the least."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from kubelite.api import resources as r
from kubelite.api.builtin import BuiltinStrategy
from kubelite.api.scheme import new_scheme
from kubelite.client.requests import ADMIN
from kubelite.master.apiserver.config import APIServerConfig
from kubelite.master.auth.authenticator import Authenticator
from kubelite.master.rest.server import RESTServer
from kubelite.runtime import SystemClock
from tests.harness import api_server
from tests.manifests import FIELDS, make_object

PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
NOT_IN_THE_TABLE = {r.CERTIFICATESIGNINGREQUESTS, r.CUSTOMRESOURCEDEFINITIONS}

KINDS = [pytest.param(each, id=f"{each.plural}-{each.api_version}") for each in FIELDS]


def test_the_manifests_cover_every_kind():
    assert set(FIELDS) == set(r.STORED) - NOT_IN_THE_TABLE


@asynccontextmanager
async def served():
    config = APIServerConfig(settle_after_s=60.0)  # so that nobody but the test writes
    async with api_server(clock=SystemClock(), config=config) as inside:
        rest = RESTServer(
            apiserver=inside._ref,
            scheme=new_scheme(),
            clock=inside.clock,
            random=inside.system.random,
            authenticator=Authenticator({"secret": ADMIN}),
        )
        port = await rest.serve_socket("127.0.0.1")
        headers = {"Authorization": "Bearer secret", "User-Agent": "tester/1"}
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
                yield Caller(session)
        finally:
            await rest.close()


class Caller:
    def __init__(self, session):
        self.session = session

    async def __call__(self, method, path, body=None, *, code=200, headers=None, **params):
        data = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        async with self.session.request(method, path, data=data, headers=sent, params=params) as answer:
            content = await answer.read()
            assert answer.status == code, content
        return content if not content.startswith(b"{") else json.loads(content)


def paths(resource, name):
    namespace = "default" if resource.namespaced else None
    return resource.path(namespace), resource.path(namespace, name)


@pytest.mark.parametrize("resource", KINDS)
async def test_every_verb(resource):
    obj = make_object(resource)
    name = obj["metadata"]["name"]
    collection, path = paths(resource, name)
    async with served() as call:
        dry = await call("POST", collection, obj, code=201, dryRun="All", fieldValidation="Strict")
        await call("GET", path, code=404)
        made = await call("POST", collection, obj, code=201, fieldValidation="Strict")
        assert made["kind"], made["apiVersion"] == (resource.kind, resource.api_version)
        assert {k: v for k, v in made.items() if k not in {"metadata", "status", "spec"}} == {
            k: v for k, v in dry.items() if k not in {"metadata", "status", "spec"}
        }
        await call("POST", collection, obj, code=409)
        read = await call("GET", path)
        assert read == made
        version = read["metadata"]["resourceVersion"]
        assert (await call("PUT", path, read))["metadata"]["resourceVersion"] == version
        labels = {"metadata": {"labels": {"merge": "1"}}}
        assert (await call("PATCH", path, labels, headers=MERGE))["metadata"]["labels"]["merge"] == "1"
        await call("PATCH", path, {"metadata": {"labels": {"s": "2"}}}, headers=STRATEGIC)
        await call(
            "PATCH", path, [{"op": "add", "path": "/metadata/labels/j", "value": "3"}], headers=JSON_PATCH
        )
        listed = await call("GET", collection, labelSelector="merge=1,s=2,j")
        assert [each["metadata"]["name"] for each in listed["items"]] == [name]
        assert listed["kind"] == resource.list_kind
        fields = await call("GET", collection, fieldSelector=f"metadata.name={name}")
        assert len(fields["items"]) == 1
        await call("PUT", path, {**read, "metadata": {**read["metadata"], "resourceVersion": "1"}}, code=409)
        deleted = await call("DELETE", path)
        assert deleted["kind"] in {resource.kind, "Status"}
        if not (resource == r.NAMESPACES or deleted.get("metadata", {}).get("finalizers")):
            await call("GET", path, code=404)


@pytest.mark.parametrize("resource", KINDS)
async def test_every_form(resource):
    obj = make_object(resource)
    collection, path = paths(resource, obj["metadata"]["name"])
    async with served() as call:
        made = await call("POST", collection, obj, code=201)
        table = await call("GET", collection, headers={"Accept": TABLE})
        assert (table["kind"], table["columnDefinitions"][0]["name"]) == ("Table", "Name") or resource in {
            r.EVENTS,
            r.EVENTS_V1,
        }
        for row in table["rows"]:
            assert len(row["cells"]) == len(table["columnDefinitions"])
            assert row["object"]["kind"] == "PartialObjectMetadata"
        metadata = BuiltinStrategy(resource).unversioned(made)["metadata"]
        assert (await call("GET", path, headers={"Accept": METADATA}))["metadata"] == metadata
        yaml = await call("GET", path, headers={"Accept": "application/yaml"})
        assert f"apiVersion: {resource.api_version}\n".encode() in yaml
        encoded = await call("GET", path, headers={"Accept": PROTOBUF})
        assert encoded.startswith(b"k8s\0")


@pytest.mark.parametrize("resource", KINDS)
async def test_a_protobuf_body_is_taken_as_the_same_object(resource):
    obj = make_object(resource)
    collection, path = paths(resource, obj["metadata"]["name"])
    async with served() as call:
        made = await call("POST", collection, obj, code=201)
        encoded = await call("GET", path, headers={"Accept": PROTOBUF})
        headers = {"Content-Type": PROTOBUF, "Accept": "application/json"}
        async with call.session.put(path, data=encoded, headers=headers) as answer:
            again = await answer.json()
            assert answer.status == 200, again
        assert again == made


@pytest.mark.parametrize("resource", KINDS)
async def test_a_watch_sees_every_step(resource):
    obj = make_object(resource)
    name = obj["metadata"]["name"]
    collection, path = paths(resource, name)
    async with served() as call:
        before = (await call("GET", collection))["metadata"]["resourceVersion"]
        await call("POST", collection, obj, code=201)
        await call("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, headers=MERGE)
        await call("PATCH", path, {"metadata": {"finalizers": None}}, headers=MERGE)
        await call("DELETE", path, propagationPolicy="Background")
        params = {"watch": "1", "resourceVersion": before, "fieldSelector": f"metadata.name={name}"}
        seen = []
        async with call.session.get(collection, params=params) as answer, asyncio.timeout(20):
            enough = 3 if resource == r.NAMESPACES else 9  # nobody finishes a namespace here
            while not seen or (seen[-1] != "DELETED" and len(seen) < enough):
                event = json.loads(await answer.content.readline())
                assert event["object"]["apiVersion"] == resource.api_version
                seen.append(event["type"])
        assert seen[0] == "ADDED"
        assert set(seen[1:-1]) <= {"MODIFIED"}


@pytest.mark.parametrize("resource", [each for each in KINDS if "status" in each.values[0].subresources])
async def test_the_status_is_written_apart(resource):
    obj = make_object(resource)
    collection, path = paths(resource, obj["metadata"]["name"])
    async with served() as call:
        made = await call("POST", collection, obj, code=201)
        read = await call("GET", f"{path}/status")
        assert read == made
        await call("PUT", f"{path}/status", read)
        await call("PATCH", f"{path}/status", {"metadata": {"annotations": {"a": "b"}}}, headers=MERGE)
        after = await call("GET", path)
        assert after.get("spec") == made.get("spec")
        assert after["metadata"].get("generation") == made["metadata"].get("generation")
        await call("PATCH", path, {"status": {"noSuchField": 1}}, headers=MERGE)
        assert (await call("GET", path)).get("status") == after.get("status")


@pytest.mark.parametrize("resource", [each for each in KINDS if "deletecollection" in each.values[0].verbs])
async def test_a_collection_is_deleted_by_label(resource):
    obj = make_object(resource)
    obj = {**obj, "metadata": {**obj["metadata"], "labels": {"go": "1"}}}
    collection, path = paths(resource, obj["metadata"]["name"])
    async with served() as call:
        await call("POST", collection, obj, code=201)
        await call("DELETE", collection, labelSelector="go=2")
        await call("GET", path)
        await call("DELETE", collection, labelSelector="go=1")
        left = await call("GET", collection, labelSelector="go=1")
        assert all(each["metadata"].get("finalizers") for each in left["items"])
