"""Creating, updating, patching, deleting: what each answers, word for word where clients look."""

from __future__ import annotations

import pytest

from kubelite.api.resources import (
    CONFIGMAPS,
    EVENTS,
    LEASES,
    LIMITRANGES,
    NAMESPACES,
    NODES,
    PERSISTENTVOLUMES,
    PODS,
    REPLICATIONCONTROLLERS,
    SECRETS,
    SERVICEACCOUNTS,
)
from kubelite.apimachinery.apierrors import (
    AlreadyExists,
    APIError,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    UnsupportedMediaType,
)
from kubelite.client.requests import ADMIN, ANONYMOUS, AuthorizePath, Create, Delete, DeleteOptions, UserInfo
from kubelite.master.apiserver.server import APIServer
from kubelite.runtime import ChildSpec, System
from tests.harness import api_server, make_pod


@pytest.fixture
async def client():
    async with api_server() as client:
        yield client


def config_map(name="c", **fields):
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields}


async def test_fresh_cluster_has_its_namespaces_and_the_kubernetes_service(client):
    namespaces = await client.list(NAMESPACES)
    assert [each["metadata"]["name"] for each in namespaces.items] == [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]
    assert namespaces.items[0]["spec"] == {"finalizers": ["kubernetes"]}
    assert namespaces.items[0]["status"] == {"phase": "Active"}


async def test_create_sets_the_servers_fields_whatever_the_client_says(client):
    given = {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
    }
    made = await client.create(CONFIGMAPS, config_map(metadata=given, data={"a": "b"}), "default")
    metadata = made["metadata"]
    assert list(made) == ["kind", "apiVersion", "metadata", "data"]
    assert list(metadata) == [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "managedFields",
    ]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"


async def test_create_twice(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    with pytest.raises(AlreadyExists, match='^configmaps "c" already exists$'):
        await client.create(CONFIGMAPS, config_map(), "default")


async def test_create_with_a_version(client):
    with pytest.raises(APIError) as refused:
        await client.create(CONFIGMAPS, config_map(metadata={"resourceVersion": "1"}), "default")
    assert refused.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "resourceVersion should not be set on objects to be created",
        "code": 500,
    }


async def test_generated_names_fit_and_are_tried_again_when_taken(client):
    names = set()
    for _ in range(20):
        made = await client.create(
            CONFIGMAPS,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "g-"}},
            "default",
        )
        names.add(made["metadata"]["name"])
        assert made["metadata"]["generateName"] == "g-"
    assert len(names) == 20
    assert all(name.startswith("g-") and len(name) == 7 for name in names)
    long = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a" * 80 + "-"}}
    assert len((await client.create(CONFIGMAPS, long, "default"))["metadata"]["name"]) == 63


async def test_create_in_an_absent_namespace(client):
    with pytest.raises(NotFound, match='^namespaces "none" not found$'):
        await client.create(CONFIGMAPS, config_map(), "none")


async def test_create_with_another_namespace_in_the_body(client):
    with pytest.raises(BadRequest, match="the namespace of the provided object does not match"):
        await client.create(CONFIGMAPS, config_map(metadata={"namespace": "other"}), "default")


async def test_create_without_a_name(client):
    with pytest.raises(Invalid, match=r"metadata.name: Required value: name or generateName is required"):
        await client.create(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, "default")


async def test_dry_run_answers_as_if_and_stores_nothing(client):
    revision = client.store.revision
    made = await client.create(CONFIGMAPS, config_map(data={"a": "b"}), "default", dry_run=True)
    assert "resourceVersion" not in made["metadata"]
    assert made["metadata"]["uid"]
    with pytest.raises(NotFound):
        await client.get(CONFIGMAPS, "c", "default")
    await client.create(CONFIGMAPS, config_map(data={"a": "b"}), "default")
    with pytest.raises(AlreadyExists):
        await client.create(CONFIGMAPS, config_map(), "default", dry_run=True)
    patched = await client.patch(CONFIGMAPS, "c", {"data": {"a": "c"}}, "default", dry_run=True)
    assert patched["data"] == {"a": "c"}
    deleted = await client.delete(CONFIGMAPS, "c", "default", dry_run=True)
    assert deleted["status"] == "Success"
    assert (await client.get(CONFIGMAPS, "c", "default"))["data"] == {"a": "b"}
    assert client.store.revision == revision + 1


async def test_update_conflicts_with_the_known_words(client):
    made = await client.create(CONFIGMAPS, config_map(), "default")
    await client.patch(CONFIGMAPS, "c", {"data": {"a": "b"}}, "default")
    with pytest.raises(Conflict) as refused:
        await client.update(CONFIGMAPS, made)
    assert refused.value.message == (
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


async def test_update_without_a_version_is_unconditional_for_most_kinds(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    updated = await client.update(CONFIGMAPS, config_map(data={"a": "b"}), namespace="default")
    assert updated["data"] == {"a": "b"}
    of_zero = config_map(data={"a": "c"})
    of_zero["metadata"] = {**of_zero["metadata"], "resourceVersion": "0"}
    assert (await client.update(CONFIGMAPS, of_zero, namespace="default"))["data"] == {"a": "c"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    await client.create(LEASES, lease, "default")
    with pytest.raises(
        Invalid, match=r"metadata.resourceVersion: Invalid value: .*must be specified for an update"
    ):
        await client.update(LEASES, lease, namespace="default")


async def test_update_of_nothing_keeps_the_version_and_sends_no_event(client):
    made = await client.create(PODS, make_pod(), "default")
    watcher = await client.watch(PODS, resource_version=made["metadata"]["resourceVersion"])
    assert (await client.update(PODS, made))["metadata"] == made["metadata"]
    assert await client.patch(PODS, "web", {"metadata": {"labels": {"app": "web"}}}, "default") == made
    assert watcher.take() == []


async def test_put_creates_some_kinds(client):
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
    assert (await client.update(LEASES, lease, namespace="default"))["metadata"]["uid"]
    with pytest.raises(NotFound, match='^configmaps "c" not found$'):
        await client.update(CONFIGMAPS, config_map(), namespace="default")


async def test_put_of_another_uid_is_a_conflict_and_a_patch_of_it_invalid(client):
    made = await client.create(CONFIGMAPS, config_map(), "default")
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition: other"):
        await client.update(CONFIGMAPS, {**made, "metadata": {**made["metadata"], "uid": "other"}})
    with pytest.raises(Invalid, match="field is immutable"):
        await client.patch(CONFIGMAPS, "c", {"metadata": {"uid": "other"}}, "default")


async def test_generation_counts_what_is_wanted(client):
    made = await client.create(PODS, make_pod(), "default")
    assert made["metadata"]["generation"] == 1
    labelled = await client.patch(PODS, "web", {"metadata": {"labels": {"x": "y"}}}, "default")
    assert labelled["metadata"]["generation"] == 1
    patch = {"spec": {"containers": [{"name": "c", "image": "other"}]}}
    changed = await client.patch(PODS, "web", patch, "default", patch_type="strategic")
    assert changed["metadata"]["generation"] == 2


async def test_status_is_written_only_at_its_endpoint(client):
    await client.create(PODS, make_pod(), "default")
    main = await client.patch(PODS, "web", {"status": {"message": "m"}}, "default")
    assert "message" not in main["status"]
    patch = {"metadata": {"labels": {"x": "y"}}, "spec": {"nodeName": "n"}, "status": {"message": "m"}}
    status = await client.patch(PODS, "web", patch, "default", subresource="status")
    assert status["status"]["message"] == "m"
    assert status["metadata"]["labels"] == {"app": "web", "x": "y"}
    assert "nodeName" not in status["spec"]


# --- patches ------------------------------------------------------------------------------------------------


async def test_json_patch_that_does_not_apply(client):
    await client.create(CONFIGMAPS, config_map(data={"a": "b"}), "default")
    for operation in (
        {"op": "test", "path": "/data/a", "value": "x"},
        {"op": "remove", "path": "/data/none"},
        {"op": "twist", "path": "/data/a"},
    ):
        with pytest.raises(Invalid) as refused:
            await client.patch(CONFIGMAPS, "c", [operation], "default", patch_type="json")
        assert refused.value.message == "the server rejected our request due to an error in our request"
        assert refused.value.details == {}


async def test_patch_of_the_wrong_shape(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    for patch, type_, words in (
        ({"data": {}}, "json", "cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ([1], "merge", "cannot unmarshal array into Go value of type map[string]interface {}"),
        ([], "strategic", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ):
        with pytest.raises(BadRequest) as refused:
            await client.patch(CONFIGMAPS, "c", patch, "default", patch_type=type_)
        assert words in refused.value.message
    with pytest.raises(UnsupportedMediaType):
        await client.patch(CONFIGMAPS, "c", {}, "default", patch_type="twist")


async def test_merge_patch_with_a_stale_version_is_a_conflict(client):
    made = await client.create(CONFIGMAPS, config_map(), "default")
    version = made["metadata"]["resourceVersion"]
    await client.patch(CONFIGMAPS, "c", {"data": {"a": "b"}}, "default")
    with pytest.raises(Conflict):
        await client.patch(CONFIGMAPS, "c", {"metadata": {"resourceVersion": version}, "data": {}}, "default")


async def test_patch_of_the_kind(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    with pytest.raises(Invalid, match=r"converting \(v1.Secret\) to \(core.ConfigMap\): unknown conversion"):
        await client.patch(CONFIGMAPS, "c", {"kind": "Secret"}, "default")


async def test_nobody_reads_what_kind_a_strategic_patch_says(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    patch = {"apiVersion": "v2", "kind": "Secret", "data": {"a": "b"}}
    changed = await client.patch(CONFIGMAPS, "c", patch, "default", patch_type="strategic")
    assert (changed["apiVersion"], changed["kind"], changed["data"]) == ("v1", "ConfigMap", {"a": "b"})
    with pytest.raises(Invalid):
        await client.patch(CONFIGMAPS, "c", {"kind": 5}, "default", patch_type="strategic")


async def test_field_validation(client):
    async def create(validation, obj, problems=()):
        request = Create(
            user=ADMIN,
            resource=CONFIGMAPS,
            namespace="default",
            object=obj,
            field_validation=validation,
            problems=problems,
        )
        return await request.ask(client.system.ref("apiserver"))

    warned = await create("Warn", config_map("a", dats={}), ('duplicate field "data.x"',))
    assert warned.warnings == ('unknown field "dats"', 'duplicate field "data.x"')
    assert "dats" not in warned.object
    assert warned.code == 201
    assert (await create("Ignore", config_map("b", dats={}))).warnings == ()
    with pytest.raises(BadRequest) as refused:
        await create("Strict", config_map("d", dats={}))
    assert refused.value.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding '
        'error: unknown field "dats"'
    )
    with pytest.raises(BadRequest, match="json: cannot unmarshal number into Go struct field"):
        await create("Warn", config_map("d", data={"a": 5}))


# --- deletion -----------------------------------------------------------------------------------------------


async def test_delete_answers_a_status_that_names_what_is_gone(client):
    made = await client.create(
        SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, "default"
    )
    assert await client.delete(SECRETS, "s", "default", grace_period_s=30) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "s", "kind": "secrets", "uid": made["metadata"]["uid"]},
    }


async def test_finalizers_hold_an_object_until_the_last_is_gone(client):
    await client.create(
        CONFIGMAPS, config_map(metadata={"finalizers": ["e.com/one", "e.com/two"]}), "default"
    )
    watcher = await client.watch(CONFIGMAPS, resource_version=str(client.store.revision))
    marked = await client.delete(CONFIGMAPS, "c", "default")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    assert await client.delete(CONFIGMAPS, "c", "default") == marked
    with pytest.raises(Invalid, match="no new finalizers can be added"):
        await client.patch(
            CONFIGMAPS,
            "c",
            {"metadata": {"finalizers": ["e.com/one", "e.com/two", "e.com/three"]}},
            "default",
        )
    updated = await client.patch(CONFIGMAPS, "c", {"data": {"a": "b"}}, "default")
    gone = await client.patch(CONFIGMAPS, "c", {"metadata": {"finalizers": None}}, "default")
    assert gone["metadata"]["resourceVersion"] == updated["metadata"]["resourceVersion"]
    assert "finalizers" not in gone["metadata"]
    assert [event.type for event in watcher.take()] == ["MODIFIED", "MODIFIED", "DELETED"]
    with pytest.raises(NotFound):
        await client.get(CONFIGMAPS, "c", "default")


async def test_propagation_policies_set_the_collectors_finalizers(client):
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "rc"},
        "spec": {"replicas": 0, "selector": {"a": "b"}, "template": {"metadata": {"labels": {"a": "b"}}}},
    }
    controller["spec"]["template"]["spec"] = make_pod()["spec"]

    async def delete(policy):
        await client.create(REPLICATIONCONTROLLERS, controller, "default")
        answer = await client.delete(REPLICATIONCONTROLLERS, "rc", "default", propagation_policy=policy)
        finalizers = answer["metadata"].get("finalizers")
        if finalizers:
            await client.patch(REPLICATIONCONTROLLERS, "rc", {"metadata": {"finalizers": None}}, "default")
        return finalizers

    assert await delete(None) == ["orphan"]
    assert await delete("Orphan") == ["orphan"]
    assert await delete("Foreground") == ["foregroundDeletion"]
    assert await delete("Background") is None
    with pytest.raises(Invalid):
        await client.delete(REPLICATIONCONTROLLERS, "rc", "default", propagation_policy="Odd")


async def test_delete_preconditions(client):
    made = await client.create(CONFIGMAPS, config_map(), "default")
    with pytest.raises(Conflict, match=r"the UID in the precondition \(other\) does not match"):
        await client.delete(CONFIGMAPS, "c", "default", uid="other")
    with pytest.raises(Conflict, match=r"the ResourceVersion in the precondition \(1\) does not match"):
        await client.delete(CONFIGMAPS, "c", "default", resource_version="1")
    await client.delete(CONFIGMAPS, "c", "default", uid=made["metadata"]["uid"])


async def bound_pod(client, **spec):
    await client.create(PODS, make_pod(**spec), "default")
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": {"name": "n1"}}
    await client.create(PODS, binding, "default", name="web", subresource="binding")
    return await client.get(PODS, "web", "default")


async def test_pod_without_a_node_goes_at_once_with_two_events(client):
    made = await client.create(PODS, make_pod(), "default")
    watcher = await client.watch(PODS, resource_version=made["metadata"]["resourceVersion"])
    gone = await client.delete(PODS, "web", "default")
    assert gone["metadata"]["deletionGracePeriodSeconds"] == 0
    assert gone["metadata"]["generation"] == 2
    assert [event.type for event in watcher.take()] == ["MODIFIED", "DELETED"]


async def test_pod_on_a_node_gets_its_grace_period_which_may_only_be_shortened(client):
    await bound_pod(client, terminationGracePeriodSeconds=20)
    marked = await client.delete(PODS, "web", "default")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 20
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:20Z"
    assert await client.delete(PODS, "web", "default", grace_period_s=25) == marked
    shorter = await client.delete(PODS, "web", "default", grace_period_s=5)
    assert shorter["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"
    assert shorter["metadata"]["generation"] == marked["metadata"]["generation"]
    await client.delete(PODS, "web", "default", grace_period_s=0)
    with pytest.raises(NotFound):
        await client.get(PODS, "web", "default")


async def test_pod_with_finalizers_stays_after_its_grace_period(client):
    pod = make_pod()
    pod["metadata"]["finalizers"] = ["e.com/x"]
    await client.create(PODS, pod, "default")
    marked = await client.delete(PODS, "web", "default", grace_period_s=0)
    assert marked["metadata"]["finalizers"] == ["e.com/x"]
    await client.patch(PODS, "web", {"metadata": {"finalizers": []}}, "default")
    with pytest.raises(NotFound):
        await client.get(PODS, "web", "default")


async def test_delete_collection_goes_by_selector(client):
    for name in "abc":
        await client.create(CONFIGMAPS, config_map(name, metadata={"labels": {"n": name}}), "default")
    await client.delete_collection(CONFIGMAPS, "default", label_selector="n in (a,b)")
    assert [each["metadata"]["name"] for each in (await client.list(CONFIGMAPS, "default")).items] == ["c"]


# --- namespaces ---------------------------------------------------------------------------------------------


async def test_namespace_is_marked_and_goes_by_way_of_finalize(client):
    await client.namespace("ns")
    marked = await client.delete(NAMESPACES, "ns")
    assert marked["status"]["phase"] == "Terminating"
    assert "deletionGracePeriodSeconds" not in marked["metadata"]
    assert await client.delete(NAMESPACES, "ns") == marked
    with pytest.raises(Forbidden) as refused:
        await client.create(CONFIGMAPS, config_map("late"), "ns")
    assert refused.value.message == (
        'configmaps "late" is forbidden: unable to create new content in namespace ns '
        "because it is being terminated"
    )
    assert refused.value.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace ns is being terminated",
            "field": "metadata.namespace",
        }
    ]
    ignored = await client.patch(NAMESPACES, "ns", {"spec": {"finalizers": []}})
    assert ignored["spec"]["finalizers"] == ["kubernetes"]
    await client.update(NAMESPACES, {**marked, "spec": {}}, subresource="finalize")
    with pytest.raises(NotFound):
        await client.get(NAMESPACES, "ns")


async def test_some_namespaces_stay(client):
    for name in ("default", "kube-system", "kube-public"):
        with pytest.raises(
            Forbidden, match=f'^namespaces "{name}" is forbidden: this namespace may not be deleted$'
        ):
            await client.delete(NAMESPACES, name)


# --- pods' admission ----------------------------------------------------------------------------------------


async def test_pod_is_refused_while_its_account_is_missing(client):
    await client.delete(SERVICEACCOUNTS, "default", "default")
    with pytest.raises(Forbidden) as refused:
        await client.create(PODS, make_pod(), "default")
    assert refused.value.message == (
        'pods "web" is forbidden: error looking up service account default/default: '
        'serviceaccount "default" not found'
    )


async def test_pod_gets_account_token_tolerations_and_priority(client):
    spec = (await client.create(PODS, make_pod(), "default"))["spec"]
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert spec["containers"][0]["volumeMounts"] == [
        {
            "name": volume["name"],
            "readOnly": True,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        }
    ]
    assert [toleration["tolerationSeconds"] for toleration in spec["tolerations"]] == [300, 300]
    assert (spec["serviceAccountName"], spec["priority"]) == ("default", 0)


async def test_pod_keeps_tolerations_of_its_own_and_may_want_no_token(client):
    mine = {
        "key": "node.kubernetes.io/not-ready",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 1,
    }
    pod = make_pod(tolerations=[mine], automountServiceAccountToken=False)
    spec = (await client.create(PODS, pod, "default"))["spec"]
    assert [each["tolerationSeconds"] for each in spec["tolerations"]] == [1, 300]
    assert "volumes" not in spec


async def test_pod_priority_must_be_that_of_its_class(client):
    made = await client.create(PODS, make_pod(priorityClassName="system-node-critical"), "default")
    assert made["spec"]["priority"] == 2_000_001_000
    with pytest.raises(Forbidden, match="no PriorityClass with name odd was found"):
        await client.create(PODS, make_pod("b", priorityClassName="odd"), "default")
    with pytest.raises(Forbidden, match=r"the integer value of priority \(7\) must not be provided"):
        await client.create(PODS, make_pod("b", priority=7), "default")


async def test_node_made_by_hand_begins_tainted(client):
    made = await client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    assert made["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


# --- who may ------------------------------------------------------------------------------------------------


async def test_refusals_name_user_verb_and_resource(client):
    alice = client.as_user(UserInfo("alice"))
    for request, words in (
        (
            alice.list(CONFIGMAPS, "ns"),
            'configmaps is forbidden: {} list resource "configmaps" {} in the namespace "ns"',
        ),
        (alice.list(NODES), 'nodes is forbidden: {} list resource "nodes" {} at the cluster scope'),
        (
            alice.get(PODS, "p", "ns", subresource="log"),
            'pods "p" is forbidden: {} get resource "pods/log" {} in the namespace "ns"',
        ),
    ):
        with pytest.raises(Forbidden) as refused:
            await request
        assert refused.value.message == words.format('User "alice" cannot', 'in API group ""')


async def test_everybody_may_see_version_and_health(client):
    ref = client.system.ref("apiserver")
    for path in ("/version", "/healthz", "/readyz/ping"):
        await AuthorizePath(user=ANONYMOUS, verb="get", path=path).ask(ref)
    with pytest.raises(Forbidden) as refused:
        await AuthorizePath(user=ANONYMOUS, verb="get", path="/nothing").ask(ref)
    assert refused.value.message == 'forbidden: User "system:anonymous" cannot get path "/nothing"'


async def test_events_go_an_hour_after_their_last_write(client):
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
    }
    await client.create(EVENTS, event, "default")
    await client.create(EVENTS, {**event, "metadata": {"name": "kept"}}, "default")
    await client.clock.sleep(3000)
    await client.patch(EVENTS, "kept", {"count": 2}, "default")
    await client.clock.sleep(1000)
    assert [each["metadata"]["name"] for each in (await client.list(EVENTS)).items] == ["kept"]


async def test_orphan_dependents_is_the_old_word(client):
    await client.create(CONFIGMAPS, config_map(), "default")
    request = Delete(
        user=ADMIN,
        resource=CONFIGMAPS,
        namespace="default",
        name="c",
        options=DeleteOptions(orphan_dependents=True),
    )
    answer = await request.ask(client.system.ref("apiserver"))
    assert answer.object["metadata"]["finalizers"] == ["orphan"]


async def test_namespace_keeps_the_label_that_names_it(client):
    label = {"kubernetes.io/metadata.name": "other"}
    patched = await client.patch(NAMESPACES, "default", {"metadata": {"labels": label}})
    assert patched["metadata"]["labels"] == {"kubernetes.io/metadata.name": "default"}


async def test_default_tolerations_come_back_in_updates(client):
    await client.create(PODS, make_pod(), "default")
    patched = await client.patch(
        PODS, "web", {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}, "default"
    )
    assert len(patched["spec"]["tolerations"]) == 3


async def test_refused_patches_show_what_they_made(client):
    await client.create(CONFIGMAPS, config_map(data={"k": "v"}), "default")
    with pytest.raises(Invalid) as refused:
        await client.patch(CONFIGMAPS, "c", {"kind": "Secret"}, "default")
    assert refused.value.message.startswith(
        ' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"v1\\",\\"data\\":{\\"k\\":\\"v\\"},'
        '\\"kind\\":\\"Secret\\",\\"metadata\\":{\\"name\\":\\"c\\",\\"namespace\\":\\"default\\",'
    )


async def test_a_limit_range_without_a_name_is_stored_under_one(client):
    limit_range = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {}, "spec": {"limits": []}}
    created = await client.create(LIMITRANGES, limit_range, namespace="default")
    name = created["metadata"]["name"]
    assert await client.get(LIMITRANGES, name, "default") == created


async def test_a_volume_that_is_bound_says_since_when(client):
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}
    created = await client.create(PERSISTENTVOLUMES, volume)
    status = {**created["status"], "phase": "Released", "lastPhaseTransitionTime": None}
    updated = await client.update(PERSISTENTVOLUMES, {**created, "status": status}, subresource="status")
    assert updated["status"].keys() == {"phase", "lastPhaseTransitionTime"}


async def test_a_namespace_in_an_object_of_a_kind_without_is_left_out():
    """Charts are full of ClusterRoles with a namespace."""
    async with api_server() as client:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "namespace": "x"}}
        made = await client.create(NODES, node)
        assert "namespace" not in made["metadata"]
        labelled = {**node, "metadata": {**node["metadata"], "labels": {"a": "b"}}}
        replaced = await client.update(NODES, labelled)
        assert "namespace" not in replaced["metadata"]
        patched = await client.patch(NODES, "n", {"metadata": {"namespace": "y", "labels": {"a": "c"}}})
        assert (patched["metadata"]["labels"], patched["metadata"].get("namespace")) == ({"a": "c"}, None)


async def test_events_of_before_a_restart_go_in_their_time_too(client):
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"namespace": "default"},
    }
    await client.create(EVENTS, event, "default")
    await client.system.stop()
    again = System(clock=client.clock, seed=0, name="again")
    store, scheme = client.store, client.scheme
    await again.start(
        ChildSpec(
            "apiserver",
            lambda: APIServer(store=store, scheme=scheme, clock=client.clock, random=again.random),
        )
    )
    await client.clock.sleep(3500)
    assert store.count(EVENTS) == 1
    await client.clock.sleep(200)
    assert store.count(EVENTS) == 0
    await again.stop()
