"""Bodies in protobuf, as kubectl and helm send them: objects, subresources, reviews, options of deletes."""

import pytest

from kubelite.api import facts
from kubelite.apimachinery import protobuf
from tests.unit.master.rest.door import opened

TYPE = "application/vnd.kubernetes.protobuf"
ACCEPT = f"{TYPE},application/json"
CORE = "/api/v1/namespaces/default"
POD = {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}


def encoded(api_version, kind, **fields):
    return protobuf.encode({"apiVersion": api_version, "kind": kind, **fields}, facts.protobuf())


async def send(door, method, path, body, code=201):
    headers = {"Content-Type": TYPE, "Accept": ACCEPT}
    async with door.http.request(method, path, data=body, headers=headers) as answer:
        made = await answer.json()
        assert answer.status == code, made
        return made


async def test_an_object_is_made_replaced_and_deleted():
    async with opened() as door:
        body = encoded("v1", "ConfigMap", metadata={"name": "a"}, data={"k": "v"}, binaryData={"b": "AAE="})
        made = await send(door, "POST", f"{CORE}/configmaps", body)
        assert (made["data"], made["binaryData"]) == ({"k": "v"}, {"b": "AAE="})
        body = protobuf.encode({**made, "data": {"k": "w"}}, facts.protobuf())
        assert (await send(door, "PUT", f"{CORE}/configmaps/a", body, 200))["data"] == {"k": "w"}
        wrong = encoded("v1", "DeleteOptions", preconditions={"uid": "other"})
        assert (await send(door, "DELETE", f"{CORE}/configmaps/a", wrong, 409))["reason"] == "Conflict"
        right = encoded("v1", "DeleteOptions", preconditions={"uid": made["metadata"]["uid"]})
        assert (await send(door, "DELETE", f"{CORE}/configmaps/a", right, 200))["status"] == "Success"


async def test_an_options_kind_may_be_of_any_group():
    async with opened() as door:
        body = encoded(
            "apps/v1",
            "Deployment",
            metadata={"name": "d"},
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD},
            },
        )
        path = "/apis/apps/v1/namespaces/default/deployments"
        made = await send(door, "POST", path, body)
        assert made["spec"]["replicas"] == 1
        scale = encoded("autoscaling/v1", "Scale", metadata={"name": "d"}, spec={"replicas": 3})
        assert (await send(door, "PUT", f"{path}/d/scale", scale, 200))["spec"]["replicas"] == 3
        options = encoded("apps/v1", "DeleteOptions", propagationPolicy="Foreground", dryRun=["All"])
        found = await send(door, "DELETE", f"{path}/d", options, 200)
        assert "deletionTimestamp" in found["metadata"]


async def test_subresources_of_pods():
    async with opened() as door:
        body = encoded(
            "v1", "Pod", metadata={"name": "p"}, spec={**POD, "automountServiceAccountToken": False}
        )
        async with door.http.post(f"{CORE}/serviceaccounts", json={"metadata": {"name": "default"}}):
            pass
        await send(door, "POST", f"{CORE}/pods", body)
        binding = encoded("v1", "Binding", metadata={"name": "p"}, target={"kind": "Node", "name": "n"})
        assert (await send(door, "POST", f"{CORE}/pods/p/binding", binding))["status"] == "Success"
        eviction = encoded("policy/v1", "Eviction", metadata={"name": "p", "namespace": "default"})
        assert (await send(door, "POST", f"{CORE}/pods/p/eviction", eviction))["status"] == "Success"


@pytest.mark.parametrize(
    ("group", "kind", "plural", "spec"),
    [
        (
            "authorization.k8s.io",
            "SelfSubjectAccessReview",
            "selfsubjectaccessreviews",
            {"resourceAttributes": {"verb": "get", "resource": "pods"}},
        ),
        (
            "authorization.k8s.io",
            "SelfSubjectRulesReview",
            "selfsubjectrulesreviews",
            {"namespace": "default"},
        ),
        ("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews", None),
    ],
)
async def test_reviews(group, kind, plural, spec):
    async with opened() as door:
        fields = {} if spec is None else {"spec": spec}
        made = await send(door, "POST", f"/apis/{group}/v1/{plural}", encoded(f"{group}/v1", kind, **fields))
        assert (made["kind"], bool(made["status"])) == (kind, True)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ({"a": 1.5}, "number into Go struct field SubjectAccessReviewSpec.spec.extra of type v1.ExtraValue"),
        ({"a": [True]}, "bool into Go struct field SubjectAccessReviewSpec.spec.extra of type string"),
    ],
)
async def test_facts_about_a_subject_are_lists_of_texts(extra, why):
    spec = {"user": "u", "extra": extra, "nonResourceAttributes": {"verb": "get", "path": "/"}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    async with opened() as door, door.http.post(path, json={"spec": spec}) as answer:
        assert answer.status == 400
        assert (await answer.json())["message"].endswith(why)


@pytest.mark.parametrize(
    "options",
    [{"preconditions": 1}, {"dryRun": "All"}, {"orphanDependents": "yes"}, {"propagationPolicy": {}}],
)
async def test_options_of_a_delete_have_their_types(options):
    async with opened() as door, door.http.delete(f"{CORE}/configmaps/none", json=options) as answer:
        assert answer.status == 400
        assert "DeleteOptions" in (await answer.json())["message"]
