"""An operator written with kopf: what it does with its custom resources, and what the API does with it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

pytest.importorskip("kopf", reason="kopf is not installed")

import kopf

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.usefixtures("rubbish"),
    pytest.mark.filterwarnings("ignore:unclosed (<socket|transport):ResourceWarning"),  # of watches that end
]

GROUP, VERSION, PLURAL = "tests.example.com", "v1", "exhibits"
EXHIBITS = (GROUP, VERSION, PLURAL)
FINALIZER = "kopf.zalando.org/KopfFinalizerMarker"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["colour"],
            "properties": {
                "colour": {"type": "string", "enum": ["green", "red", "blue"]},
                "size": {"type": "integer", "minimum": 0, "default": 1},
            },
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": PLURAL, "singular": "exhibit", "kind": "Exhibit", "shortNames": ["exh"]},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": SCHEMA},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Colour", "type": "string", "jsonPath": ".spec.colour"},
                    {"name": "Child", "type": "string", "jsonPath": ".status.on_create.child"},
                ],
            }
        ],
    },
}


class Museum:
    """The namespace that an operator looks after; waiting leaves the event loop to the operator."""

    def __init__(self, cluster, namespace, monkeypatch):
        self.cluster, self.namespace = cluster, namespace
        self.registry = kopf.OperatorRegistry()
        self.settings = kopf.OperatorSettings()
        self.settings.process.ultimate_exiting_timeout = None
        self.settings.peering.standalone = True
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        kopf.on.login(registry=self.registry)(kopf.login_with_kubeconfig)

    def on(self, cause, *kind, **options):
        """A decorator: a handler of exhibits, or of another kind, called by its plain name."""
        return lambda handler: cause(
            *(kind or EXHIBITS), registry=self.registry, id=handler.__name__, **options
        )(handler)

    @contextlib.asynccontextmanager
    async def open(self, **options):
        """While the operator runs."""
        stop, ready = asyncio.Event(), asyncio.Event()
        arguments = {
            "registry": self.registry,
            "settings": self.settings,
            "namespaces": [self.namespace],
            "stop_flag": stop,
            "ready_flag": ready,
        }
        operator = asyncio.ensure_future(kopf.operator(**arguments | options))
        waiting = asyncio.ensure_future(ready.wait())
        await asyncio.wait({operator, waiting}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert ready.is_set(), operator
        try:
            yield
        finally:
            stop.set()
            waiting.cancel()
            await asyncio.wait_for(operator, 20)

    async def make(self, name="vase", colour="green", **spec):
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Exhibit", "metadata": {"name": name}}
        await self._call(self.cluster.apply, {**body, "spec": {"colour": colour, **spec}})

    async def get(self, what, name=None):
        return await self._call(self.cluster.get, what, name)

    async def delete(self, what, name):
        await self._call(self.cluster.delete, what, name)

    async def until(self, what, condition):
        """Wait for a condition of an object."""
        return await self._call(self.cluster.wait_for, what, condition, timeout=20)

    async def _call(self, function, *args, **options):
        return await asyncio.to_thread(function, *args, namespace=self.namespace, **options)


@pytest.fixture(scope="module")
def definition(cluster):
    cluster.apply(DEFINITION)
    cluster.wait_for(f"crd/{PLURAL}.{GROUP}", "condition=Established")


@pytest.fixture
def museum(cluster, definition, namespace, monkeypatch):
    return Museum(cluster, namespace, monkeypatch)


def status_of(handler, holds=bool):
    """Whether a handler's result stands in the status."""
    return lambda item: holds(item.get("status", {}).get(handler))


async def test_a_created_object_gets_a_child_and_a_status(museum):
    @museum.on(kopf.on.create)
    async def on_create(spec, name, namespace, patch, **_):
        child = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"colour": spec["colour"]}}
        child["metadata"] = {"name": f"{name}-child"}
        kopf.adopt(child)
        await asyncio.to_thread(museum.cluster.apply, child, namespace=namespace)
        patch.metadata.labels["seen"] = "yes"
        patch.status["phase"] = "Shown"
        return {"child": f"{name}-child"}

    async with museum.open():
        await museum.make(colour="red")
        made = await museum.until(f"{PLURAL}.{GROUP}/vase", status_of("on_create"))
        assert made["status"]["on_create"] == {"child": "vase-child"}
        assert made["status"]["phase"] == "Shown"
        assert made["metadata"]["labels"] == {"seen": "yes"}
        assert made["spec"] == {"colour": "red", "size": 1}
        assert "kopf.zalando.org/last-handled-configuration" in made["metadata"]["annotations"]
        assert made["metadata"]["generation"] == 1  # status, labels and annotations do not count
        child = await museum.get("cm", "vase-child")
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == (
            "Exhibit",
            made["metadata"]["uid"],
            True,
        )
        await museum.delete(f"{PLURAL}.{GROUP}", "vase")
        await museum.until("cm/vase-child", "deleted")  # the garbage collector knows custom owners, too


async def test_updates_and_what_changed_by_them(museum):
    seen = asyncio.Queue()

    @museum.on(kopf.on.create)
    async def made(**_):
        await seen.put("made")

    @museum.on(kopf.on.update)
    async def changed(diff, old, new, **_):
        await seen.put(("changed", tuple(diff), old["spec"]["size"], new["spec"]["size"]))

    @museum.on(kopf.on.field, field="spec.colour")
    async def painted(old, new, **_):
        await seen.put(("painted", old, new))

    async with museum.open():
        await museum.make()
        assert [await seen.get(), await seen.get()] == ["made", ("painted", None, "green")]
        await museum.make(size=3)
        assert await seen.get() == ("changed", (("change", ("spec", "size"), 1, 3),), 1, 3)
        await museum.make(size=3, colour="blue")
        words = {(await seen.get())[0], (await seen.get())[0]}
        assert words == {"changed", "painted"}
        assert seen.empty()
        found = await museum.get(f"{PLURAL}.{GROUP}", "vase")
        assert found["metadata"]["generation"] == 3


async def test_an_operator_that_comes_back_resumes(museum):
    """What was made and changed while it was away is not lost."""
    seen = asyncio.Queue()

    @museum.on(kopf.on.create)
    async def made(name, **_):
        await seen.put(("made", name))

    @museum.on(kopf.on.resume)
    async def resumed(name, **_):
        await seen.put(("resumed", name))

    @museum.on(kopf.on.update)
    async def changed(name, **_):
        await seen.put(("changed", name))

    async with museum.open():
        await museum.make("old")
        assert await seen.get() == ("made", "old")
        await museum.until(
            f"{PLURAL}.{GROUP}/old",
            lambda item: (
                "kopf.zalando.org/last-handled-configuration" in item["metadata"].get("annotations", {})
            ),
        )
    await museum.make("new")
    await museum.make("old", size=2)
    async with museum.open():
        words = {await seen.get(), await seen.get(), await seen.get()}
        assert words >= {("made", "new"), ("changed", "old"), ("resumed", "old")}


async def test_a_finalizer_holds_an_object_until_its_handler_is_done(museum):
    may_go, asked = asyncio.Event(), asyncio.Event()

    @museum.on(kopf.on.delete)
    async def packed(**_):
        asked.set()
        if not may_go.is_set():
            raise kopf.TemporaryError("not packed yet", delay=0.2)

    async with museum.open():
        await museum.make()
        await museum.until(
            f"{PLURAL}.{GROUP}/vase", lambda item: item["metadata"].get("finalizers") == [FINALIZER]
        )
        await museum.delete(f"{PLURAL}.{GROUP}", "vase")
        await asyncio.wait_for(asked.wait(), 20)
        held = await museum.get(f"{PLURAL}.{GROUP}", "vase")
        assert held["metadata"]["deletionTimestamp"]
        assert held["metadata"]["finalizers"] == [FINALIZER]
        may_go.set()
        await museum.until(f"{PLURAL}.{GROUP}/vase", "deleted")


async def test_an_absent_operator_holds_up_a_deletion(museum):
    """The finalizer stays with the object; the next operator lets it go."""
    gone = asyncio.Event()

    @museum.on(kopf.on.delete)
    async def packed(**_):
        gone.set()

    async with museum.open():
        await museum.make()
        await museum.until(f"{PLURAL}.{GROUP}/vase", lambda item: item["metadata"].get("finalizers"))
    await museum.delete(f"{PLURAL}.{GROUP}", "vase")
    assert (await museum.get(f"{PLURAL}.{GROUP}", "vase"))["metadata"]["deletionTimestamp"]
    assert not gone.is_set()
    async with museum.open():
        await museum.until(f"{PLURAL}.{GROUP}/vase", "deleted")
    assert gone.is_set()


async def test_errors_are_tried_again_or_given_up(museum):
    tries = {"patient": 0, "hopeless": 0}

    @museum.on(kopf.on.create)
    async def patient(retry, **_):
        tries["patient"] += 1
        if retry < 2:
            raise kopf.TemporaryError("later", delay=0.1)
        return f"after {retry}"

    @museum.on(kopf.on.create)
    async def hopeless(**_):
        tries["hopeless"] += 1
        raise kopf.PermanentError("never")

    async with museum.open():
        await museum.make()
        made = await museum.until(f"{PLURAL}.{GROUP}/vase", status_of("patient"))
        assert made["status"]["patient"] == "after 2"
        assert tries == {"patient": 3, "hopeless": 1}
        await museum.until(f"{PLURAL}.{GROUP}/vase", lambda item: "kopf" not in item["status"])  # all done


async def test_timers_and_daemons(museum):
    """Both hold a finalizer; a daemon is told when its object goes."""
    ended = asyncio.Event()

    @museum.on(kopf.timer, interval=0.1)
    async def tick(patch, status, **_):
        patch.status["ticks"] = status.get("ticks", 0) + 1

    @museum.on(kopf.daemon, cancellation_timeout=5)
    async def guard(stopped, **_):
        await stopped.wait()
        ended.set()

    async with museum.open():
        await museum.make()
        await museum.until(f"{PLURAL}.{GROUP}/vase", status_of("ticks", lambda count: (count or 0) >= 3))
        assert not ended.is_set()
        await museum.delete(f"{PLURAL}.{GROUP}", "vase")
        await museum.until(f"{PLURAL}.{GROUP}/vase", "deleted")
        await asyncio.wait_for(ended.wait(), 20)


async def test_events_are_posted(museum):
    """What one handler tells of an object, another watches."""
    seen = asyncio.Queue()

    @museum.on(kopf.on.create)
    async def made(body, **_):
        kopf.event(body, type="Normal", reason="Unveiled", message="with applause")
        kopf.warn(body, reason="Slippery", message="mind the step")

    @museum.on(kopf.on.event, "", "v1", "events")
    async def told(body, **_):
        if body["involvedObject"]["kind"] == "Exhibit" and body["reason"] != "Logging":
            about = body["involvedObject"]["name"], body["source"]["component"]
            await seen.put((body["type"], body["reason"], body["message"], *about))

    async with museum.open():
        await museum.make()
        assert {await seen.get(), await seen.get()} == {
            ("Normal", "Unveiled", "with applause", "vase", "kopf"),
            ("Warning", "Slippery", "mind the step", "vase", "kopf"),
        }


async def test_built_in_kinds_are_watched_and_indexed(museum):
    """Low-level events and an index of pods by their label, which a handler of exhibits uses."""
    seen = asyncio.Queue()

    @museum.on(kopf.on.event, "", "v1", "pods", labels={"exhibit": kopf.PRESENT})
    async def pod_event(event, name, **_):
        await seen.put((event["type"], name))

    @museum.on(kopf.index, "pods")
    async def pods_by_exhibit(name, labels, **_):
        return {labels["exhibit"]: name} if "exhibit" in labels else None

    @museum.on(kopf.on.create)
    async def guards(name, pods_by_exhibit, **_):
        return sorted(pods_by_exhibit.get(name, []))

    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "guard", "labels": {"exhibit": "vase"}}}
    pod["spec"] = {"containers": [{"name": "main", "image": "pause"}], "terminationGracePeriodSeconds": 0}
    await museum._call(museum.cluster.apply, pod)
    async with museum.open():
        assert await seen.get() == (None, "guard")  # it was there
        await museum.make()
        made = await museum.until(f"{PLURAL}.{GROUP}/vase", status_of("guards"))
        assert made["status"]["guards"] == ["guard"]
        await museum.delete("pod", "guard")
        async with asyncio.timeout(20):
            while (await seen.get())[0] != "DELETED":
                pass


async def test_an_operator_waits_for_its_kind(museum):
    """It is started before its definition, and finds it as soon as that is made."""
    plural = f"late{museum.namespace.removeprefix('wire-')}s"
    seen = asyncio.Queue()

    @museum.on(kopf.on.create, GROUP, VERSION, plural)
    async def made(name, **_):
        await seen.put(name)

    names = {"plural": plural, "singular": plural[:-1], "kind": plural.capitalize()[:-1]}
    spec = {**DEFINITION["spec"], "names": names}
    late = {**DEFINITION, "metadata": {"name": f"{plural}.{GROUP}"}, "spec": spec}
    async with museum.open():
        await asyncio.to_thread(museum.cluster.apply, late)
        await asyncio.to_thread(museum.cluster.wait_for, f"crd/{plural}.{GROUP}", "condition=Established")
        item = {"apiVersion": f"{GROUP}/{VERSION}", "kind": names["kind"], "metadata": {"name": "tardy"}}
        await museum._call(museum.cluster.apply, {**item, "spec": {"colour": "green"}})
        assert await asyncio.wait_for(seen.get(), 20) == "tardy"
        await asyncio.to_thread(museum.cluster.delete, "crd", f"{plural}.{GROUP}")


async def test_peers_do_not_work_at_once(museum):
    """Of two operators only the one of the higher priority handles objects, while it is there."""
    peering = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kopfpeerings.kopf.dev"},
        "spec": {
            "group": "kopf.dev",
            "scope": "Namespaced",
            "names": {"plural": "kopfpeerings", "singular": "kopfpeering", "kind": "KopfPeering"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                            },
                        }
                    },
                }
            ],
        },
    }
    await asyncio.to_thread(museum.cluster.apply, peering)
    await asyncio.to_thread(museum.cluster.wait_for, "crd/kopfpeerings.kopf.dev", "condition=Established")
    await museum._call(
        museum.cluster.apply,
        {"apiVersion": "kopf.dev/v1", "kind": "KopfPeering", "metadata": {"name": "museum"}},
    )
    museum.settings.peering.standalone = False
    museum.settings.peering.mandatory = True

    @museum.on(kopf.on.create)
    async def made(**_):
        return "handled"

    async with museum.open(peering_name="museum", priority=7):
        await museum.until(
            "kopfpeerings.kopf.dev/museum",
            lambda item: [peer["priority"] for peer in item.get("status", {}).values()] == [7],
        )
        await museum.make()
        await museum.until(f"{PLURAL}.{GROUP}/vase", status_of("made"))
    await museum.until("kopfpeerings.kopf.dev/museum", lambda item: not item.get("status"))
