"""The pure part of creating an object, against recorded answers of a real API server."""

import json
import re
from pathlib import Path

import pytest
import yaml

from kubelite.api import facts
from kubelite.api.defaults import apply_defaults
from kubelite.api.scheme import default_scheme
from kubelite.api.strategy import prepare_for_create
from kubelite.api.validation import validate_create
from kubelite.apimachinery.apierrors import Invalid
from kubelite.apimachinery.decode import DecodeError, decode

UID = "uid-1"  # stands for any
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # every worker reads all scenarios
ORACLE = Path(__file__).parents[2] / "oracle"
# What admission and allocation fill in, and what differs from cluster to cluster.
SERVER_METADATA = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace"}
ADMISSION = {
    "Pod": {"volumes", "serviceAccountName", "serviceAccount", "tolerations", "priority", "preemptionPolicy"},
    "Service": {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"},
    "Node": {"taints"},
    "VolumeAttachment": {"nodeName"},  # a placeholder
}
WAITING = {  # kinds that are served, but lack defaults and validation of their own so far
    *("CustomResourceDefinition", "CertificateSigningRequest", "TokenReview", "SelfSubjectReview"),
}
NOT_HERE = {
    "service-node-port-range",  # allocation
    "service-cluster-ip-outside",
    "cluster-ip-in-use",
    "limitrange-defaults",  # admission
    "bad-expression",  # CEL
    "pod-security-warning",
    "create-as-partial",  # negotiation
    "too-large",  # its body is made by the comparer; test_validation has the like
}


def scenarios():
    for path in sorted((ORACLE / "scenarios").glob("*.yaml")):
        text = path.read_text().replace("${u}", "u1").replace("${ns}", "ns-u1")
        for document in yaml.load_all(text, Loader):
            yield from document if isinstance(document, list) else document.get("scenarios", [document])


def recorded(name):
    text = (ORACLE / "recorded" / f"{name}.jsonl").read_text().replace("${u}", "u1")
    lines = re.sub("<uid(:[^>]*)?>", UID, text).splitlines()
    return {answer["step"]: answer for answer in map(json.loads, lines)}


def creations(status):
    scheme = default_scheme()
    for scenario in scenarios():
        if not (ORACLE / "recorded" / f"{scenario['name']}.jsonl").exists():
            continue
        answers = recorded(scenario["name"])
        for step in scenario["steps"]:
            verb, _, path = step.get("do", "").partition(" ")
            body, answer = step.get("body"), answers.get(step.get("id"))
            if verb != "POST" or not isinstance(body, dict) or answer is None or answer["status"] != status:
                continue
            resource = scheme.by_kind(body.get("apiVersion", ""), body.get("kind", ""))
            kept = step.get("compare", {}).keys() & {"drop", "only_status", "pick"}
            if (
                resource is None
                or resource.kind in WAITING
                or resource.group == "events.k8s.io"
                or "create" not in resource.verbs
                or kept
                or "?" in path.replace("?fieldManager", "").replace("?dryRun", "")
            ):
                continue
            if path.split("?")[0].rpartition("/")[2] != resource.plural or step["id"] in NOT_HERE:
                continue
            yield pytest.param(resource, body, answer, id=f"{scenario['name']}/{step['id']}")


def created(resource, body):
    obj, unknown = decode(body, facts.type_of(resource.api_version, resource.kind))
    assert not unknown
    if resource.namespaced:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": "ns-u1"}}
    obj = {**obj, "metadata": {**obj["metadata"], "uid": UID}}
    return prepare_for_create(resource, apply_defaults(resource, obj))


@pytest.mark.parametrize(("resource", "body", "answer"), list(creations(422)))
def test_refusals_read_as_recorded(resource, body, answer):
    obj = created(resource, body)
    status = Invalid(resource, obj["metadata"].get("name", ""), validate_create(resource, obj)).status()
    expected = answer["body"]
    if "message" in expected:
        assert status["message"] == expected["message"]
        assert status["details"]["causes"] == expected["details"]["causes"]


@pytest.mark.parametrize(("resource", "body", "answer"), list(creations(201)))
def test_what_is_stored_is_as_recorded(resource, body, answer):
    obj = created(resource, body)
    named = {**obj, "metadata": {"name": "x", **obj["metadata"]}}
    assert [str(error) for error in validate_create(resource, named)] == []
    obj, expected = json.loads(json.dumps(obj)), answer["body"]
    for document in (obj, expected):
        document["metadata"] = {k: v for k, v in document["metadata"].items() if k not in SERVER_METADATA}
        if "generateName" in document["metadata"]:
            document["metadata"].pop("name", None)
        if "spec" in document:
            left_out = ADMISSION.get(resource.kind, set())
            document["spec"] = {k: v for k, v in document["spec"].items() if k not in left_out}
        for container in document.get("spec", {}).get("containers", ()) if resource.kind == "Pod" else ():
            container.pop("volumeMounts", None)  # admission mounts a token
        for owner in document["metadata"].get("ownerReferences", ()):
            owner.pop("uid")
        if resource.kind.startswith("PersistentVolume"):
            document["metadata"].pop("finalizers", None)  # admission protects what is in use
        if resource.kind == "Lease":
            document["spec"].pop("renewTime")
    for port in expected.get("spec", {}).get("ports", ()) if resource.kind == "Service" else ():
        port.pop("nodePort", None)
    assert obj == expected


MISTYPED = [param for param in creations(400) if "cannot be handled as" in param.values[2]["body"]["message"]]


@pytest.mark.parametrize(("resource", "body", "answer"), MISTYPED)
def test_bodies_that_do_not_decode(resource, body, answer):
    with pytest.raises(DecodeError) as caught:
        created(resource, body)
    assert answer["body"]["message"].endswith(str(caught.value))
