"""kubectl and custom resources, from the definition to its removal."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from tests.wire.kubectl import VERSIONS

pytestmark = pytest.mark.kubectls(2)

GROUP = "stable.example.com"
SCHEMA = {
    "description": "A thing that runs by the clock.",
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "description": "What is wanted.",
            "type": "object",
            "required": ["schedule"],
            "properties": {
                "schedule": {
                    "description": "When it runs.",
                    "type": "string",
                    "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$",
                },
                "image": {"type": "string", "default": "busybox"},
                "replicas": {"type": "integer", "minimum": 0, "maximum": 10, "default": 1},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
                    },
                },
            },
        },
        "status": {
            "type": "object",
            "properties": {
                "phase": {"type": "string"},
                "replicas": {"type": "integer"},
                "selector": {"type": "string"},
                "conditions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"type": {"type": "string"}, "status": {"type": "string"}},
                    },
                },
            },
        },
    },
}


def definition(kind, **names):
    plural = f"{kind.lower()}s"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            {"name": "Schedule", "type": "string", "jsonPath": ".spec.schedule"},
            {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
            {"name": "Image", "type": "string", "jsonPath": ".spec.image", "priority": 1},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
        "selectableFields": [{"jsonPath": ".spec.image"}],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, **names},
            "versions": [version],
        },
    }


def tab(name="tab", **spec):
    spec = {"schedule": "* * * * */5", **spec}
    return {"apiVersion": f"{GROUP}/v1", "kind": "CronTab", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def crontabs(cluster):
    cluster.apply(definition("CronTab", shortNames=["ct"], categories=["clocks"]))
    cluster.wait_for(f"crd/crontabs.{GROUP}", "condition=Established")


@pytest.fixture
def tabs(crontabs, kubectl):
    return kubectl


@pytest.mark.kubectls(len(VERSIONS))
def test_a_definition_and_its_instances_come_and_go(kubectl):
    """kubectl learns of both from discovery and OpenAPI."""
    kind = "V" + "".join(map(str, kubectl.version))
    plural = f"{kind.lower()}s"
    assert kubectl("create", "-f", "-", stdin=definition(kind)).endswith(" created\n")
    kubectl("wait", "--for=condition=Established", f"crd/{plural}.{GROUP}", "--timeout=20s")
    item = {**tab(), "kind": kind}
    kubectl("create", "-f", "-", stdin=item)
    assert kubectl("get", plural, "-o", "name") == f"{kind.lower()}.{GROUP}/tab\n"
    assert f"{plural}.{GROUP}" in kubectl("get", "crd")
    assert kubectl("delete", "crd", f"{plural}.{GROUP}").endswith(f'"{plural}.{GROUP}" deleted\n')
    assert "could not find the requested resource" in kubectl.fails("get", plural)  # as it was known
    assert plural not in kubectl("api-resources", f"--api-group={GROUP}")  # which looks again
    assert 'no matches for kind "V' in kubectl.fails("create", "-f", "-", stdin=item)


@pytest.mark.kubectls(len(VERSIONS))
def test_tables_names_and_categories(tabs):
    tabs("create", "-f", "-", stdin=[tab("one"), tab("two", image="perl", replicas=3)])
    lines = [line.split() for line in tabs("get", "ct").splitlines()]
    assert lines[0] == ["NAME", "SCHEDULE", "REPLICAS", "AGE"]
    assert [line[0] for line in lines[1:]] == ["one", "two"]
    assert lines[2][6] == "3"
    assert tabs("get", "crontab", "two", "-o", "wide", "--no-headers").split()[-2] == "perl"
    assert tabs("get", "clocks", "-o", "name").split() == [f"crontab.{GROUP}/one", f"crontab.{GROUP}/two"]
    named = tabs("get", f"crontabs.v1.{GROUP}", "--field-selector=spec.image=perl", "-o", "name")
    assert named == f"crontab.{GROUP}/two\n"
    assert tabs("get", "ct", "--sort-by=.spec.replicas", "--no-headers").split()[0] == "one"
    resources = tabs("api-resources", f"--api-group={GROUP}", "--no-headers").split()
    assert resources[:4] == ["crontabs", "ct", f"{GROUP}/v1", "true"]


def test_defaults_and_refusals(tabs):
    tabs("create", "-f", "-", stdin=tab())
    assert tabs.json("get", "ct", "tab")["spec"] == {
        "schedule": "* * * * */5",
        "image": "busybox",
        "replicas": 1,
    }
    complaint = tabs.fails("create", "-f", "-", stdin=tab("bad", schedule="often", replicas=11))
    assert 'The CronTab "bad" is invalid' in complaint
    assert 'spec.schedule: Invalid value: "often": spec.schedule in body should match' in complaint
    assert "spec.replicas in body should be less than or equal to 10" in complaint
    assert 'unknown field "spec.colour"' in tabs.fails("create", "-f", "-", stdin=tab("odd", colour="red"))
    tabs("create", "-f", "-", "--validate=false", stdin=tab("odd", colour="red"))
    assert "colour" not in tabs.json("get", "ct", "odd")["spec"]
    warned = tabs.run("create", "-f", "-", "--validate=warn", stdin=tab("warned", colour="red"))
    assert (warned.returncode, warned.stderr) == (0, 'Warning: unknown field "spec.colour"\n')


@pytest.mark.kubectls(len(VERSIONS))
def test_apply_and_its_patches(tabs):
    """Of what it does not know, kubectl makes merge patches."""
    parts = [{"name": "a", "value": "1"}]
    assert tabs("apply", "-f", "-", stdin=tab(parts=parts)).endswith(" created\n")
    assert tabs("apply", "-f", "-", stdin=tab(parts=parts)).endswith(" unchanged\n")
    changed = tab(replicas=2)
    difference = tabs.run("diff", "-f", "-", stdin=changed)
    assert difference.returncode == 1
    assert "-  replicas: 1\n+  replicas: 2" in difference.stdout
    assert tabs("apply", "-f", "-", stdin=changed).endswith(" configured\n")
    assert tabs.json("get", "ct", "tab")["spec"] == {
        "schedule": "* * * * */5",
        "image": "busybox",
        "replicas": 2,
    }
    tabs("patch", "ct", "tab", "--type=merge", "-p", '{"spec": {"image": "perl"}}')
    tabs("patch", "ct", "tab", "--type=json", "-p", '[{"op": "remove", "path": "/spec/image"}]')
    assert tabs.json("get", "ct", "tab")["spec"]["image"] == "busybox"  # the default again
    strategic = tabs.fails("patch", "ct", "tab", "-p", '{"spec": {"image": "perl"}}')
    assert "application/strategic-merge-patch+json is not supported by stable.example.com/v1" in strategic


def test_server_side_apply_knows_the_keys_of_lists(tabs):
    mine = ("apply", "--server-side", "--field-manager=mine", "-f", "-")
    yours = ("apply", "--server-side", "--field-manager=yours", "-f", "-")
    assert tabs(*mine, stdin=tab(parts=[{"name": "a", "value": "1"}])).endswith(" serverside-applied\n")
    tabs(*yours, stdin=tab(parts=[{"name": "b", "value": "2"}]))
    assert [part["name"] for part in tabs.json("get", "ct", "tab")["spec"]["parts"]] == ["a", "b"]
    conflict = tabs.fails(*yours, stdin=tab(parts=[{"name": "a", "value": "3"}]))
    assert '.spec.parts[name="a"].value' in conflict
    tabs(*yours, "--force-conflicts", stdin=tab(parts=[{"name": "a", "value": "3"}]))
    assert tabs.json("get", "ct", "tab")["spec"]["parts"] == [{"name": "a", "value": "3"}]


def test_scale_and_status(tabs):
    tabs("create", "-f", "-", stdin=tab())
    assert tabs("scale", "ct", "tab", "--replicas=4").endswith(" scaled\n")
    assert "spec.replicas in body should be less than or equal to 10" in tabs.fails(
        "scale", "ct", "tab", "--replicas=11"
    )
    patch = {"spec": {"replicas": 0}, "status": {"phase": "Ticking", "replicas": 4, "selector": "a=b"}}
    tabs("patch", "ct", "tab", "--subresource=status", "--type=merge", "-p", json.dumps(patch))
    found = tabs.json("get", "ct", "tab")
    assert (found["spec"]["replicas"], found["status"]["phase"], found["metadata"]["generation"]) == (
        4, "Ticking", 2,
    )  # fmt: skip
    tabs("patch", "ct", "tab", "--type=merge", "-p", '{"status": {"phase": "Stopped"}}')
    assert tabs.json("get", "ct", "tab")["status"]["phase"] == "Ticking"
    scale = tabs.json("get", "ct", "tab", "--subresource=scale")
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale", {"replicas": 4}, {"replicas": 4, "selector": "a=b"},
    )  # fmt: skip


def test_waiting_for_conditions(tabs):
    tabs("create", "-f", "-", stdin=tab())
    with tabs.following("wait", "--for=condition=Ready", "ct/tab", "--timeout=20s") as lines:
        status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        tabs("patch", "ct", "tab", "--subresource=status", "--type=merge", "-p", json.dumps(status))
        assert next(lines) == f"crontab.{GROUP}/tab condition met\n"


def test_watching(tabs):
    with tabs.following("get", "ct", "-w", "--no-headers", "--output-watch-events") as lines:
        tabs("create", "-f", "-", stdin=tab())
        tabs("label", "ct", "tab", "a=b")
        tabs("delete", "ct", "tab")
        assert [next(lines).split()[0] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


def test_explanations_and_descriptions(tabs):
    text = tabs("explain", "crontab.spec.schedule")
    assert "When it runs." in text
    fields = re.findall(r"^  (\w+)\t<(.*)>", tabs("explain", "ct.spec"), flags=re.MULTILINE)
    assert {"schedule", "image", "replicas", "parts"} == {name for name, _ in fields}
    tabs("create", "-f", "-", stdin=tab())
    described = tabs("describe", "ct", "tab")
    assert re.search(r"Schedule: +\* \* \* \* \*/5", described)
    document = yaml.safe_load(tabs("get", "ct", "tab", "-o", "yaml"))
    assert (document["kind"], document["apiVersion"]) == ("CronTab", f"{GROUP}/v1")


def test_edit_and_replace(tabs, tmp_path):
    tabs("create", "-f", "-", stdin=tab())
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/replicas: 1/replicas: 2/' \"$1\"\n")
    editor.chmod(0o755)
    assert tabs("edit", "ct", "tab", KUBE_EDITOR=str(editor)).endswith(" edited\n")
    found = tabs.json("get", "ct", "tab")
    assert found["spec"]["replicas"] == 2
    found["spec"] = {"schedule": "1 2 3 4 5"}
    tabs("replace", "-f", "-", stdin=found)
    assert tabs.json("get", "ct", "tab")["spec"] == {
        "schedule": "1 2 3 4 5", "image": "busybox", "replicas": 1,
    }  # fmt: skip
