"""kubectl changes things: create, apply, scale, label, annotate, patch, edit, replace, expose, delete."""

from __future__ import annotations

import json

import pytest

from tests.wire.kubectl import LABELS, as_text, controller, service


def test_create_and_watch_it_become_ready(kubectl):
    with kubectl.following("get", "rc", "-w", "--no-headers") as lines:
        assert kubectl("create", "-f", "-", stdin=[controller(), service()]).splitlines() == [
            "replicationcontroller/backend created",
            "service/backend-service created",
        ]
        last = next(line.split() for line in lines if line.split()[3] == "2")
    assert last[:3] == ["backend", "2", "2"]


def test_watched_events_of_pods(kubectl):
    with kubectl.following("get", "pods", "-w", "--output-watch-events", "--no-headers") as lines:
        kubectl.backend(1)
        kubectl("delete", "rc", "backend", "--wait=false")
        seen = []
        for line in lines:
            seen.append(line.split()[0])
            if seen[-1] == "DELETED":
                break
    assert seen[0] == "ADDED"
    assert set(seen[1:-1]) == {"MODIFIED"}


def test_apply_creates_changes_and_leaves_alone(kubectl, tmp_path):
    manifest = tmp_path / "backend.yaml"
    manifest.write_text(as_text([controller(2), service()]))
    outcomes = ["created", "unchanged"]
    for outcome in outcomes:
        words = [line.split()[1] for line in kubectl("apply", "-f", str(manifest)).splitlines()]
        assert words == [outcome] * 2
    manifest.write_text(as_text([controller(3), service()]))
    difference = kubectl.run("diff", "-f", str(manifest))
    assert difference.returncode == 1
    assert "+  replicas: 3" in difference.stdout
    assert kubectl("apply", "-f", str(manifest)).splitlines() == [
        "replicationcontroller/backend configured",
        "service/backend-service unchanged",
    ]
    assert kubectl("get", "rc", "backend", "-o", "jsonpath={.spec.replicas}") == "3"
    assert kubectl("delete", "-f", str(manifest)).count(" deleted") == 2


def test_a_dry_run_changes_nothing(kubectl):
    assert "created (server dry run)" in kubectl("create", "-f", "-", "--dry-run=server", stdin=controller())
    assert kubectl("get", "rc,pods", "-o", "name") == ""


def test_scale(kubectl):
    kubectl.backend(1)
    assert kubectl("scale", "rc", "backend", "--replicas=3") == "replicationcontroller/backend scaled\n"
    kubectl.await_ready(3)
    kubectl("scale", "rc", "backend", "--replicas=0", "--current-replicas=3")
    kubectl("wait", "--for=delete", "pods", "-l", "tier=backend", "--timeout=20s")
    assert "Expected replicas to be 3, was 0" in kubectl.fails(
        "scale", "rc", "backend", "--replicas=1", "--current-replicas=3"
    )


def test_labels_and_annotations(kubectl):
    kubectl("create", "-f", "-", stdin=controller(0))
    assert kubectl("label", "rc", "backend", "zone=here", "tier=other", "--overwrite").endswith(" labeled\n")
    assert kubectl("label", "rc", "backend", "zone-").endswith(" unlabeled\n")
    kubectl("annotate", "rc", "backend", "note=some words")
    metadata = kubectl.json("get", "rc", "backend")["metadata"]
    assert metadata["labels"] == {"app": "myapp", "tier": "other"}
    assert metadata["annotations"] == {"note": "some words"}


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        (
            "strategic",
            {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}},
        ),
        ("merge", {"spec": {"template": {"metadata": {"labels": {"extra": "yes"}}}}}),
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 0}]),
    ],
)
def test_patches(kubectl, kind, patch):
    kubectl("create", "-f", "-", stdin=controller(0, minReadySeconds=1))
    before = kubectl.json("get", "rc", "backend")["spec"]
    outcome = "patched (no change)\n" if kind == "json" else "patched\n"
    assert kubectl("patch", "rc", "backend", f"--type={kind}", "-p", json.dumps(patch)).endswith(outcome)
    spec = kubectl.json("get", "rc", "backend")["spec"]
    expected = json.loads(json.dumps(before))
    if kind == "strategic":
        expected["template"]["spec"]["containers"][0]["image"] = "nginx:2"
    elif kind == "merge":
        expected["template"]["metadata"]["labels"]["extra"] = "yes"
    assert spec == expected


def test_patches_of_subresources(kubectl):
    kubectl("create", "-f", "-", stdin=controller(0))
    kubectl(
        "patch", "rc", "backend", "--subresource=scale", "--type=merge", "-p", '{"spec": {"replicas": 1}}'
    )
    kubectl.await_ready(1)


def test_edit(kubectl, tmp_path):
    kubectl("create", "-f", "-", stdin=controller(0))
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/replicas: 0/replicas: 1/' \"$1\"\n")
    editor.chmod(0o755)
    assert kubectl("edit", "rc", "backend", KUBE_EDITOR=str(editor)).endswith(" edited\n")
    kubectl.await_ready(1)
    assert "Edit cancelled" in kubectl.run("edit", "rc", "backend", KUBE_EDITOR="true").stderr


def test_replace(kubectl):
    kubectl("create", "-f", "-", stdin=controller(0))
    kubectl("replace", "-f", "-", stdin=controller(1))
    kubectl.await_ready(1)
    before = kubectl("get", "rc", "backend", "-o", "jsonpath={.metadata.uid}")
    kubectl("replace", "--force", "-f", "-", stdin=controller(1))
    assert kubectl("get", "rc", "backend", "-o", "jsonpath={.metadata.uid}") != before


def test_set(kubectl):
    kubectl("create", "-f", "-", stdin=controller(0))
    kubectl("set", "image", "rc/backend", "web=nginx:2")
    kubectl("set", "env", "rc/backend", "COLOUR=green")
    (web,) = kubectl.json("get", "rc", "backend")["spec"]["template"]["spec"]["containers"]
    assert (web["image"], web["env"]) == ("nginx:2", [{"name": "COLOUR", "value": "green"}])


def test_expose(kubectl):
    kubectl.backend(1)
    kubectl("expose", "rc", "backend", "--name=exposed", "--port=8080", "--target-port=80")
    service_spec = kubectl.json("get", "svc", "exposed")["spec"]
    assert service_spec["selector"] == LABELS
    assert service_spec["ports"] == [{"port": 8080, "protocol": "TCP", "targetPort": 80}]
    kubectl("expose", "rc", "backend", "--name=outside", "--port=80", "--type=NodePort")
    assert 30000 <= kubectl.json("get", "svc", "outside")["spec"]["ports"][0]["nodePort"] <= 32767


def test_generators(kubectl):
    """New versions send these as protobuf."""
    name = f"{kubectl.namespace}-more"
    assert kubectl("create", "namespace", name) == f"namespace/{name} created\n"
    kubectl("create", "configmap", "settings", "--from-literal=colour=green")
    assert kubectl.json("get", "cm", "settings")["data"] == {"colour": "green"}
    kubectl("create", "secret", "generic", "key", "--from-literal=password=1234")
    secret = kubectl.json("get", "secret", "key")
    assert (secret["type"], secret["data"]) == ("Opaque", {"password": "MTIzNA=="})
    assert "password:  4 bytes" in kubectl("describe", "secret", "key")
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "service", "clusterip", "made", "--tcp=80:8080")
    assert kubectl.json("get", "svc", "made")["spec"]["ports"][0]["targetPort"] == 8080
    kubectl("create", "poddisruptionbudget", "budget", "--selector=tier=backend", "--min-available=1")
    assert kubectl.json("get", "pdb", "budget")["spec"] == {
        "minAvailable": 1,
        "selector": {"matchLabels": {"tier": "backend"}},
    }
    assert f'namespace "{name}" deleted' in kubectl("delete", "namespace", name)
    assert "NotFound" in kubectl.fails("get", "namespace", name)


@pytest.mark.kubectls(2)
def test_delete_with_dependents(kubectl):
    kubectl.backend(2)
    assert kubectl("delete", "rc", "backend").startswith('replicationcontroller "backend" deleted')
    kubectl("wait", "--for=delete", "pods", "-l", "tier=backend", "--timeout=20s")
    assert kubectl("get", "pods", "-o", "name") == ""


@pytest.mark.kubectls(2)
def test_delete_in_the_foreground(kubectl):
    kubectl.backend(1)
    kubectl("delete", "rc", "backend", "--cascade=foreground")
    assert kubectl("get", "rc,pods", "-o", "name") == ""


@pytest.mark.kubectls(2)
def test_delete_leaving_orphans_and_adoption(kubectl):
    kubectl.backend(2)
    before = set(kubectl("get", "pods", "-o", "name").split())
    kubectl("delete", "rc", "backend", "--cascade=orphan")
    owners = kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.ownerReferences}")
    assert owners == ""
    kubectl("create", "-f", "-", stdin=controller(2))
    kubectl.await_ready(2)
    assert set(kubectl("get", "pods", "-o", "name").split()) == before


def test_delete_by_selector_and_of_all(kubectl):
    kubectl.backend(1)
    kubectl("create", "configmap", "one")
    kubectl("delete", "svc", "--field-selector=metadata.name=backend-service")
    kubectl("delete", "rc,cm", "-l", "app=myapp")
    assert kubectl("get", "rc,svc", "-o", "name") == ""
    kubectl("delete", "cm", "--all")
    assert kubectl("delete", "cm", "one", "--ignore-not-found") == ""
