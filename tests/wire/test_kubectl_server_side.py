"""kubectl applies on the server's side: conflicts, force, ownership, and what a client-side apply left."""

from __future__ import annotations

import json

import pytest

from tests.wire.kubectl import controller

pytestmark = pytest.mark.kubectls(2)


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def owners(kubectl):
    """Manager, operation and fields of the data, of each entry that owns some."""
    shown = json.loads(kubectl("get", "configmap", "c", "-o", "json", "--show-managed-fields"))
    return {
        (each["manager"], each["operation"]): sorted(each["fieldsV1"]["f:data"])
        for each in shown["metadata"]["managedFields"]
        if "f:data" in each["fieldsV1"]
    }


def apply(kubectl, *args, **data):
    return kubectl.run("apply", "--server-side", *args, "-f", "-", stdin=config_map(**data))


def test_apply_conflicts_and_takes_over_by_force(kubectl):
    assert apply(kubectl, a="1", b="1").stdout == "configmap/c serverside-applied\n"
    refused = apply(kubectl, "--field-manager=other", a="2")
    assert 'Apply failed with 1 conflict: conflict with "kubectl": .data.a' in refused.stderr
    assert "--force-conflicts" in refused.stderr
    assert apply(kubectl, "--field-manager=other", "--force-conflicts", a="2").returncode == 0
    assert owners(kubectl) == {("kubectl", "Apply"): ["f:b"], ("other", "Apply"): ["f:a"]}


def test_what_is_applied_no_longer_is_removed(kubectl):
    apply(kubectl, a="1", b="1")
    apply(kubectl, a="1")
    assert json.loads(kubectl("get", "configmap", "c", "-o", "jsonpath={.data}")) == {"a": "1"}


def test_after_a_client_side_apply_there_are_no_conflicts_with_oneself(kubectl):
    kubectl("apply", "-f", "-", stdin=config_map(a="1", b="1"))
    assert apply(kubectl, a="2", b="1").returncode == 0
    assert apply(kubectl, a="3").returncode == 0
    assert json.loads(kubectl("get", "configmap", "c", "-o", "jsonpath={.data}")) == {"a": "3"}
    assert owners(kubectl) == {("kubectl", "Apply"): ["f:a"]}


def test_a_conflict_with_what_scale_set_names_it(kubectl):
    kubectl("apply", "--server-side", "-f", "-", stdin=controller(1))
    kubectl("scale", "rc", "backend", "--replicas=2")
    refused = kubectl.run("apply", "--server-side", "-f", "-", stdin=controller(1))
    assert 'with subresource "scale" using v1: .spec.replicas' in refused.stderr


def test_a_diff_of_a_server_side_apply_changes_nothing(kubectl):
    apply(kubectl, a="1")
    shown = kubectl.run("diff", "--server-side", "-f", "-", stdin=config_map(a="2"))
    assert shown.returncode == 1
    assert '+  a: "2"' in shown.stdout
    assert kubectl("get", "configmap", "c", "-o", "jsonpath={.data.a}") == "1"


def test_a_field_that_the_schema_does_not_have_is_refused(kubectl):
    refused = kubectl.run(
        "apply", "--server-side", "--validate=false", "-f", "-", stdin={**config_map(a="1"), "twist": 1}
    )
    assert ".twist: field not declared in schema" in refused.stderr
