"""kubectl and files: kustomize, prune, what was applied last, dry runs, templates of output."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.wire.kubectl import as_text, controller, service

pytestmark = pytest.mark.kubectls(2)

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}


def test_a_kustomization(kubectl, tmp_path):
    (tmp_path / "settings.yaml").write_text(as_text(SETTINGS))
    kustomization = {
        "resources": ["settings.yaml"],
        "namePrefix": "test-",
        "labels": [{"pairs": {"made": "so"}}],
        "secretGenerator": [{"name": "key", "literals": ["password=1234"]}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    rendered = list(yaml.safe_load_all(kubectl("kustomize", str(tmp_path))))
    assert [item["kind"] for item in rendered] == ["ConfigMap", "Secret"]
    kubectl("apply", "-k", str(tmp_path))
    found = kubectl.json("get", "cm,secret", "-l", "made=so")["items"]
    assert [item["metadata"]["name"].rpartition("-")[0] or "?" for item in found] == ["test", "test-key"]
    assert kubectl("diff", "-k", str(tmp_path)) == ""
    kubectl("delete", "-k", str(tmp_path))
    assert kubectl("get", "cm,secret", "-l", "made=so", "-o", "name") == ""


def test_what_is_applied_no_longer_is_pruned(kubectl, tmp_path):
    manifest = tmp_path / "all.yaml"
    labelled = [
        {**item, "metadata": {**item["metadata"], "labels": {"set": "one"}}} for item in (SETTINGS, service())
    ]
    manifest.write_text(as_text(labelled))
    kubectl("apply", "-f", str(manifest))
    manifest.write_text(as_text(labelled[1:]))
    allowed = ("--prune", "-l", "set=one", "--prune-allowlist=core/v1/ConfigMap")
    assert "configmap/settings pruned" in kubectl("apply", "-f", str(manifest), *allowed)
    assert kubectl("get", "cm,svc", "-l", "set=one", "-o", "name") == "service/backend-service\n"


def test_what_was_applied_last(kubectl, tmp_path):
    manifest = tmp_path / "settings.yaml"
    manifest.write_text(as_text(SETTINGS))
    kubectl("create", "-f", str(manifest))
    assert kubectl("apply", "view-last-applied", "cm/settings") == ""
    warned = kubectl.run("apply", "-f", str(manifest))
    assert "missing the kubectl.kubernetes.io/last-applied-configuration annotation" in warned.stderr
    assert yaml.safe_load(kubectl("apply", "view-last-applied", "cm/settings"))["data"] == {"a": "b"}
    manifest.write_text(as_text({**SETTINGS, "data": {}}))
    kubectl("apply", "set-last-applied", "-f", str(manifest))
    kubectl("apply", "-f", str(manifest))
    assert kubectl.json("get", "cm", "settings")["data"] == {"a": "b"}  # which it forgot that it owned


def test_lists_and_several_documents(kubectl):
    """A List asks for the schema of a kind that OpenAPI v3 does not have."""
    everything = {"apiVersion": "v1", "kind": "List", "items": [controller(0), service(), SETTINGS]}
    words = [line.split()[1] for line in kubectl("apply", "-f", "-", stdin=everything).splitlines()]
    assert words == ["created"] * 3
    listed = kubectl.json("get", "rc,svc,cm/settings".partition(",cm")[0])
    assert sorted(item["kind"] for item in listed["items"]) == ["ReplicationController", "Service"]
    again = kubectl("replace", "-f", "-", stdin={**listed, "kind": "List"})
    assert again.count(" replaced") == 2


def test_dry_runs_go_all_the_way_but_for_the_end(kubectl):
    kubectl("apply", "-f", "-", stdin=SETTINGS)
    before = kubectl.json("get", "cm", "settings")
    changed = {**SETTINGS, "data": {"a": "c"}}
    assert "configured (server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", stdin=changed)
    side = kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=SETTINGS)
    assert "serverside-applied (server dry run)" in side
    patch = ("--type=merge", "-p", '{"data": {"a": "d"}}', "--dry-run=server", "-o", "json")
    assert json.loads(kubectl("patch", "cm", "settings", *patch))["data"] == {"a": "d"}
    kubectl("label", "cm", "settings", "a=b", "--dry-run=server")
    kubectl("delete", "cm", "settings", "--dry-run=server")
    assert "replaced (server dry run)" in kubectl("replace", "--dry-run=server", "-f", "-", stdin=changed)
    assert kubectl.json("get", "cm", "settings") == before
    difference = kubectl.run("diff", "-f", "-", stdin=[changed, {**SETTINGS, "metadata": {"name": "new"}}])
    assert difference.returncode == 1
    assert "-  a: b\n+  a: c" in difference.stdout
    assert "+  name: new" in difference.stdout


def test_forms_of_output(kubectl, tmp_path):
    kubectl("create", "-f", "-", stdin=[SETTINGS, {**SETTINGS, "metadata": {"name": "more"}}])
    both = ("get", "cm", "settings", "more")
    assert kubectl(*both, "-o", "name").split() == ["configmap/settings", "configmap/more"]
    assert kubectl(*both, "-o", "go-template={{range .items}}{{.metadata.name}} {{end}}") == "settings more "
    assert json.loads(kubectl(*both, "-o", "jsonpath-as-json={.items[*].data}")) == [{"a": "b"}, {"a": "b"}]
    columns = tmp_path / "columns"
    columns.write_text("NAME A\n.metadata.name .data.a\n")
    table = kubectl(*both, "-o", f"custom-columns-file={columns}").split()
    assert table == ["NAME", "A", "settings", "b", "more", "b"]
    fields = kubectl.json("get", "cm", "settings", "--show-managed-fields")["metadata"]["managedFields"]
    assert [(entry["manager"], entry["operation"]) for entry in fields] == [("kubectl-create", "Update")]
    assert kubectl("get", "cm", "settings", "--ignore-not-found", "-o", "name") == "configmap/settings\n"
    assert kubectl("get", "cm", "nope", "--ignore-not-found") == ""
    raw = json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/{kubectl.namespace}/configmaps/settings"))
    assert raw["data"] == {"a": "b"}
    kubectl("label", "cm", "settings", "x=y")
    assert "x=y" in kubectl("label", "cm", "settings", "--list").splitlines()
    assert kubectl("get", "cm", "-L", "x", "--no-headers").count(" y") == 1


def test_waiting_for_what_is_made_later(kubectl):
    if kubectl.version < (1, 31):
        assert "unrecognized condition" in kubectl.fails("wait", "--for=create", "cm/late", "--timeout=1s")
        return
    with kubectl.following("wait", "--for=create", "cm/late", "--timeout=20s") as lines:
        kubectl("create", "configmap", "late")
        assert next(lines) == "configmap/late condition met\n"


def test_a_document_is_watched(kubectl):
    kubectl("create", "-f", "-", stdin=SETTINGS)
    form = 'jsonpath={.data.a}{"\\n"}'
    with kubectl.following("get", "cm", "settings", "-w", "-o", form) as lines:
        assert next(lines) == "b\n"
        kubectl("patch", "cm", "settings", "-p", '{"data": {"a": "c"}}')
        assert next(lines) == "c\n"
