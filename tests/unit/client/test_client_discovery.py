"""Kinds by discovery documents, aggregated or not; and kubeconfigs that name programs."""

import sys

import pytest

from kubelite.client.discovery import preferred_first, read_aggregated, read_list
from kubelite.client.kubeconfig import default_paths, read_kubeconfig


def test_aggregated_documents_tell_kinds_with_their_subresources():
    resource = {
        "resource": "deployments",
        "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "scope": "Namespaced",
        "singularResource": "deployment",
        "shortNames": ["deploy"],
        "verbs": ["get", "list"],
        "subresources": [{"subresource": "status", "verbs": ["get"]}],
    }
    without_kind = {"resource": "odd", "verbs": ["get"], "responseKind": None}
    versions = [{"version": "v1", "resources": [resource, without_kind]}]
    (found,) = read_aggregated({"items": [{"metadata": {"name": "apps"}, "versions": versions}]})
    assert (found.group, found.version, found.plural, found.kind) == (
        "apps",
        "v1",
        "deployments",
        "Deployment",
    )
    assert (found.namespaced, found.short_names, found.subresources) == (True, ("deploy",), ("status",))


def test_older_servers_tell_the_same_group_by_group():
    document = {
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "singularName": "", "verbs": ["get"]},
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        ]
    }
    (found,) = read_list("", "v1", document)
    assert (found.plural, found.singular, found.subresources) == ("pods", "pod", ("log",))


def test_the_preferred_version_comes_first():
    group = {"versions": [{"version": "v1beta1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}}
    assert [each["version"] for each in preferred_first(group)] == ["v1", "v1beta1"]


def kubeconfig(user, current="a"):
    return f"""
apiVersion: v1
kind: Config
current-context: {current}
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:1/"}}}}]
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
users: [{{name: u, user: {user}}}]
"""


def test_a_program_may_make_the_credentials(tmp_path):
    program = tmp_path / "plugin.py"
    program.write_text(
        "import json, os\n"
        "assert json.loads(os.environ['KUBERNETES_EXEC_INFO'])['kind'] == 'ExecCredential'\n"
        "print(json.dumps({'status': {'token': os.environ['WORD'] * 2}}))\n"
    )
    path = tmp_path / "config"
    plugin = f"{{exec: {{command: {sys.executable}, args: [{program}], env: [{{name: WORD, value: ab}}]}}}}"
    path.write_text(kubeconfig(plugin))
    found = read_kubeconfig(path)
    assert found.credentials.token == "abab"
    assert found.url == "https://127.0.0.1:1"
    program.write_text("import sys; sys.exit('no login')")
    with pytest.raises(ValueError, match="no login"):
        read_kubeconfig(path)


def test_several_kubeconfigs_count_as_one(tmp_path, monkeypatch):
    (tmp_path / "one").write_text("apiVersion: v1\nkind: Config\n")
    (tmp_path / "two").write_text(kubeconfig("{tokenFile: word}"))
    (tmp_path / "word").write_text("secret\n")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'one'}:{tmp_path / 'none'}:{tmp_path / 'two'}")
    assert default_paths() == [tmp_path / "one", tmp_path / "two"]
    assert read_kubeconfig(default_paths()).credentials.token == "secret"
    with pytest.raises(ValueError, match="no context named 'b'; there are a"):
        read_kubeconfig(default_paths(), "b")
