"""In which form answers come: JSON, YAML, protobuf, indented; errors, too."""

import orjson
import pytest
import yaml

from kubelite.api import facts
from kubelite.apimachinery import protobuf
from tests.unit.master.rest.door import opened

MAPS = "/api/v1/namespaces/default/configmaps"
PROTOBUF = "application/vnd.kubernetes.protobuf"
YAML = "application/yaml"
META = "g=meta.k8s.io"


def decoded(body):
    return protobuf.decode(body, facts.protobuf())[2]


async def get(door, path, accept="*/*", **headers):
    async with door.http.get(path, headers={"Accept": accept, **headers}) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.read()


async def test_protobuf_for_clients_that_take_nothing_else():
    async with opened() as door:
        body = {"metadata": {"name": "a", "labels": {"x": "y"}}, "data": {"k": "v"}}
        async with door.http.post(MAPS, json=body, headers={"Accept": PROTOBUF}) as answer:
            assert decoded(await answer.read())["data"] == {"k": "v"}
        status, type_, body = await get(door, f"{MAPS}/a", PROTOBUF)
        assert (status, type_, decoded(body)["metadata"]["labels"]) == (200, PROTOBUF, {"x": "y"})
        listed = decoded((await get(door, MAPS, PROTOBUF))[2])
        assert (listed["kind"], [each["data"] for each in listed["items"]]) == ("ConfigMapList", [{"k": "v"}])
        for accept in (f"{PROTOBUF},application/json", f"{PROTOBUF};q=0.9,*/*;q=0.1"):
            assert (await get(door, f"{MAPS}/a", accept))[1] == "application/json"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_metadata_alone_in_all_forms(version):
    async with opened() as door:
        async with door.http.post(MAPS, json={"metadata": {"name": "a"}, "data": {"k": "v"}}):
            pass
        one, many = (f"as=PartialObjectMetadata{end};{META};v={version}" for end in ("", "List"))
        obj = orjson.loads((await get(door, f"{MAPS}/a", f"application/json;{one}"))[2])
        assert (obj["kind"], obj["apiVersion"]) == ("PartialObjectMetadata", f"meta.k8s.io/{version}")
        assert sorted(obj) == ["apiVersion", "kind", "metadata"]
        obj = decoded((await get(door, f"{MAPS}/a", f"{PROTOBUF};{one}"))[2])
        assert obj["metadata"]["name"] == "a"
        obj = decoded((await get(door, MAPS, f"{PROTOBUF};{many}"))[2])
        assert (obj["kind"], obj["items"][0]["metadata"]["name"]) == ("PartialObjectMetadataList", "a")
        obj = yaml.safe_load((await get(door, MAPS, f"{YAML};{many}"))[2])
        assert obj["items"][0]["metadata"]["name"] == "a"


async def test_tables_are_not_had_in_protobuf():
    async with opened() as door:
        accept = f"{PROTOBUF};as=Table;{META};v=v1"
        assert (await get(door, MAPS, accept))[0] == 406
        status, type_, _ = await get(door, MAPS, f"{accept},application/json;as=Table;{META};v=v1")
        assert (status, type_) == (200, "application/json")


async def test_reviews_are_no_tables():
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    table = f"application/json;as=Table;{META};v=v1"
    async with opened() as door:
        for accept, status in ((table, 406), (f"{table},application/json", 201)):
            async with door.http.post(path, json=review, headers={"Accept": accept}) as answer:
                assert answer.status == status
                said = await answer.json()
                assert (said.get("reason") == "NotAcceptable") is (status == 406)


@pytest.mark.parametrize(
    ("accept", "type_", "read"),
    [
        ("application/json", "application/json", orjson.loads),
        (YAML, YAML, yaml.safe_load),
        (PROTOBUF, PROTOBUF, decoded),
        (f"application/json;as=Table;{META};v=v1", "application/json", orjson.loads),
        ("text/html", "application/json", orjson.loads),
    ],
)
async def test_errors_come_in_the_form_that_was_asked_for(accept, type_, read):
    async with opened() as door:
        expected = 406 if accept == "text/html" else 404
        status, found, body = await get(door, f"{MAPS}/none", accept)
        assert (status, found) == (expected, type_)
        assert read(body)["kind"] == "Status"
        assert read(body)["code"] == expected


async def test_discovery_and_version_in_other_forms():
    async with opened() as door:
        assert decoded((await get(door, "/api", PROTOBUF))[2])["versions"] == ["v1"]
        assert decoded((await get(door, "/apis", PROTOBUF))[2])["kind"] == "APIGroupList"
        found = decoded((await get(door, "/api/v1", PROTOBUF))[2])
        assert "pods" in {each["name"] for each in found["resources"]}
        assert yaml.safe_load((await get(door, "/apis/apps", YAML))[2])["name"] == "apps"


@pytest.mark.parametrize(
    ("query", "agent", "pretty"),
    [
        ("", "go-client", False),
        ("?pretty=true", "go-client", True),
        ("?pretty=1", "go-client", True),
        ("?pretty=false", "curl/8.0", False),
        ("?pretty=nonsense", "curl/8.0", False),
        ("", "curl/8.0", True),
        ("", "Wget/1.2", True),
        ("", "Mozilla/5.0 (X11)", True),
    ],
)
async def test_json_is_indented_for_people(query, agent, pretty):
    async with opened() as door:
        for path in (f"{MAPS}{query}", f"{MAPS}/none{query}", f"/apis{query}"):
            body = (await get(door, path, **{"User-Agent": agent}))[2]
            assert body.startswith(b'{\n  "kind"' if pretty else b'{"kind"')
        assert (await get(door, f"/openapi/v3{query}", **{"User-Agent": agent}))[2].startswith(b'{"')


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        ("resourceVersionMatch=Exact", 422, "forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Near&resourceVersion=1", 422, 'Unsupported value: "Near"'),
        ("resourceVersionMatch=Exact&resourceVersion=0", 422, 'forbidden for resourceVersion "0"'),
        ("sendInitialEvents=false", 422, "sendInitialEvents is forbidden for list"),
        ("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("timeoutSeconds=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("limit=99999999999999999999", 400, "value out of range"),
        ("limit=-3", 200, None),
        ("resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x"'),
        ("resourceVersion=99999999999999999999", 400, "value out of range"),
        (
            "continue=!",
            400,
            "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
        ),
        ("continue=AAAAA", 400, "illegal base64 data at input byte 4"),
        ("continue=AAAA", 400, "invalid continue token: continue key is not valid: invalid character"),
        ("continue=e30", 400, 'server does not recognize this encoded version ""'),
        ("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", 400, "incorrect encoded start resourceVersion"),
        ("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MX0", 400, "encoded start key empty"),
    ],
)
async def test_what_lists_are_told_of_their_options(query, code, text):
    async with opened() as door:
        status, _, body = await get(door, f"{MAPS}?{query}")
        assert status == code, body
        assert text is None or text in orjson.loads(body)["message"]


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("application/json;profile=nopeer", 200),
        ("application/json;whatever=1", 200),
        ("application/json;stream=watch", 200),
        ("application/json;stream=other", 406),
        (f"{YAML};stream=watch", 406),
        (f"{YAML};stream=watch,application/json", 200),
        ("application/json;g=meta.k8s.io", 406),
        ("text/*,application/*;q=0.1", 200),
    ],
)
async def test_parameters_of_media_types(accept, code):
    async with opened() as door:
        assert (await get(door, MAPS, accept))[0] == code


@pytest.mark.parametrize(
    ("path", "code", "lines"),
    [
        ("/livez/etcd", 200, ["ok"]),
        ("/readyz/informer-sync", 200, ["ok"]),
        ("/readyz/etcd", 404, ["404 page not found", ""]),
        (
            "/livez?verbose&exclude=ping&exclude=zz&exclude=aa",
            200,
            [
                "[+]ping excluded: ok",
                "[+]log ok",
                "[+]etcd ok",
                'warn: some health checks cannot be excluded: no matches for "aa","zz"',
                "livez check passed",
                "",
            ],
        ),
    ],
)
async def test_health(path, code, lines):
    async with opened() as door:
        status, _, body = await get(door, path)
        assert (status, body.decode().split("\n")) == (code, lines)


async def test_a_patch_is_told_of_unknown_fields_in_their_order():
    async with opened() as door:
        async with door.http.post(MAPS, json={"metadata": {"name": "a"}}):
            pass
        headers = {"Content-Type": "application/merge-patch+json"}
        patch = orjson.dumps({"metadata": {"hue": 1}, "extra": 1})
        async with door.http.patch(f"{MAPS}/a?fieldValidation=Strict", data=patch, headers=headers) as answer:
            assert (await answer.json())["message"].endswith(
                'unknown field "extra", unknown field "metadata.hue"'
            )
        async with door.http.patch(f"{MAPS}/a", data=patch, headers=headers) as answer:
            assert [each[6:] for each in answer.headers.getall("Warning")] == [
                '"unknown field \\"extra\\""',
                '"unknown field \\"metadata.hue\\""',
            ]
