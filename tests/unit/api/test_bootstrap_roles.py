"""The roles of a fresh cluster."""

from __future__ import annotations

from kubelite.api import bootstraproles
from kubelite.api.fresh import completed
from kubelite.api.resources import CLUSTERROLEBINDINGS, CLUSTERROLES, ROLEBINDINGS, ROLES

OBJECTS = bootstraproles.objects()
BY_NAME = {(resource.plural, obj["metadata"]["name"]): obj for resource, obj in OBJECTS}


def rules(name):
    return BY_NAME["clusterroles", name]["rules"]


def test_every_binding_is_to_a_role_that_is_there():
    roles = {
        (resource.kind, obj["metadata"].get("namespace"), obj["metadata"]["name"])
        for resource, obj in OBJECTS
        if resource in (CLUSTERROLES, ROLES)
    }
    bindings = [
        (obj["roleRef"]["kind"], obj["metadata"].get("namespace"), obj["roleRef"]["name"])
        for resource, obj in OBJECTS
        if resource in (CLUSTERROLEBINDINGS, ROLEBINDINGS)
    ]
    assert len(bindings) == 57
    assert set(bindings) <= roles


def test_rules_are_sorted_and_know_reading_and_writing():
    assert rules("cluster-admin") == [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ]
    (named,) = rules("system:certificates.k8s.io:legacy-unknown-approver")
    assert named["resourceNames"] == ["kubernetes.io/legacy-unknown"]
    for resource, obj in OBJECTS:
        for rule in obj.get("rules") or ():
            assert all(values == sorted(set(values)) for values in rule.values()), obj["metadata"]["name"]
            assert not {"R", "W", "core"} & {each for values in rule.values() for each in values}
            assert resource in (CLUSTERROLES, ROLES)


def test_admins_may_what_editors_may_and_these_what_viewers_may():
    view, edit, admin = rules("view"), rules("edit"), rules("admin")
    assert view == rules("system:aggregate-to-view")
    assert edit[-len(view) :] == view
    assert admin[: len(edit)] == edit
    assert len(admin) > len(edit) > len(view)


def test_the_server_adds_the_time_to_what_it_owns():
    made = completed(BY_NAME["roles", "system:controller:bootstrap-signer"], uid="u", now="T")
    assert list(made["metadata"]) == [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "labels",
        "annotations",
        "managedFields",
    ]
    (entry,) = made["metadata"]["managedFields"]
    assert entry["time"] == "T"
    assert list(entry["fieldsV1"]) == ["f:metadata", "f:rules"]
