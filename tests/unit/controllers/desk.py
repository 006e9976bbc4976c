"""Looks of controllers without a loop: what is there is laid out, what they ask for is answered and kept."""

from __future__ import annotations

from types import SimpleNamespace

from kubelite.apimachinery.timestamps import format_time, parse_time
from kubelite.reconcile.controller import Environment
from kubelite.reconcile.intents import (
    CountObjects,
    CreateObject,
    DeleteCollection,
    DeleteObject,
    IfAlive,
    InOrder,
    Outcome,
    PatchObject,
    ReadObject,
    RecordEvent,
    RequeueAfter,
    SlowStart,
    Together,
    UpdateObject,
    UpdateStatus,
)
from kubelite.runtime import Randomness

NOW = parse_time("2026-01-01T12:00:00Z")


class Shelf:
    """What a controller takes for an informer."""

    def __init__(self):
        self.objects = []
        self._indices = {}

    def get(self, namespace, name):
        for each in self.objects:
            metadata = each["metadata"]
            if (metadata.get("namespace"), metadata["name"]) == (namespace or None, name):
                return each
        return None

    def list(self, namespace=None, selector=None):
        return [
            each
            for each in self.objects
            if (namespace is None or each["metadata"].get("namespace") == namespace)
            and (selector is None or selector.matches(each["metadata"].get("labels")))
        ]

    def by_owner(self, uid):
        references = (each["metadata"].get("ownerReferences") or () for each in self.objects)
        pairs = zip(self.objects, references, strict=True)
        return [each for each, owners in pairs if any(owner["uid"] == uid for owner in owners)]

    def add_index(self, name, fn):
        self._indices[name] = fn

    def by_index(self, name, key):
        return [each for each in self.objects if key in self._indices[name](each)]

    def add_handler(self, handler):
        return None

    async def wait_synced(self):
        return None


class Desk:
    """Attributes: now (Unix seconds, may be changed), enqueued (key, delay)."""

    def __init__(self, now=NOW):
        self.now = now
        self.enqueued = []
        self._shelves = {}

    def informer(self, resource):
        return self._shelves.setdefault(resource, Shelf())

    def put(self, resource, *objects):
        typed = {"apiVersion": resource.api_version, "kind": resource.kind}
        self.informer(resource).objects += [{**typed, **each} for each in objects]

    def take(self, resource, *names):
        """Away with these."""
        shelf = self.informer(resource)
        shelf.objects = [each for each in shelf.objects if each["metadata"]["name"] not in names]

    def make(self, reconciler, **options):
        """The reconciler, which finds what was put there."""
        environment = Environment(
            informers=SimpleNamespace(informer=self.informer, forget=lambda _: None),
            clock=SimpleNamespace(now=lambda: self.now),
            random=Randomness(1),
            enqueue=lambda key, delay_s=None: self.enqueued.append((key, delay_s)),
            watch=lambda _: None,
            forget=lambda _: None,
        )
        return reconciler(environment, **options)

    def look(self, reconciler, key, answer=lambda _: None):
        """What a look at `key` asks for, in order.

        Args:
            answer: Gives the outcome of an intent: an `Outcome`, an error, or None if all goes well.
        """
        asked = []
        steps = reconciler.sync(key)
        intents = next(steps, None)
        while intents is not None:
            try:
                intents = steps.send(tuple(self._carry_out(intents, answer, asked)))
            except StopIteration:
                intents = None
        return asked

    def _carry_out(self, intents, answer, asked):
        outcomes = []
        for intent in intents:
            match intent:
                case SlowStart() | Together() | IfAlive():
                    outcomes += self._carry_out(intent.intents, answer, asked)
                case InOrder():
                    for each in intent.intents:
                        if outcomes and outcomes[-1].error:
                            outcomes.append(Outcome(each, skipped=True))
                        else:
                            outcomes += self._carry_out([each], answer, asked)
                case RecordEvent() | RequeueAfter():
                    asked.append(intent)
                case _:
                    asked.append(intent)
                    outcomes.append(self._outcome(intent, answer(intent)))
        return outcomes

    def _outcome(self, intent, given):
        if isinstance(given, Outcome):
            return given
        if isinstance(given, Exception):
            gone = isinstance(intent, DeleteObject | PatchObject) and given.reason == "NotFound"
            taken = isinstance(intent, CreateObject) and intent.exists_ok and given.reason == "AlreadyExists"
            return Outcome(intent, error=given, ignored=gone or taken)
        match intent:
            case ReadObject():
                return Outcome(intent, self.informer(intent.resource).get(intent.namespace, intent.name))
            case CountObjects():
                return Outcome(intent, items=tuple(self.informer(intent.resource).list(intent.namespace)))
            case CreateObject() | UpdateObject() | UpdateStatus():
                return Outcome(intent, _written(intent.object))
            case PatchObject():
                return Outcome(intent, self.informer(intent.resource).get(intent.namespace, intent.name))
            case DeleteObject() | DeleteCollection():
                return Outcome(intent)
        raise AssertionError(intent)


def _written(obj):
    metadata = obj["metadata"]
    name = metadata.get("name") or f"{metadata['generateName']}x"
    made = {"uid": f"uid-{name}", "creationTimestamp": format_time(NOW), **metadata}
    return {**obj, "metadata": {**made, "name": name, "resourceVersion": "9"}}


def told(asked, *, about=None):
    """The Events among what was asked for: type, reason, message.

    Args:
        asked: What `Desk.look` gave.
        about: Only those about an object of this name.
    """
    return [
        (each.type, each.reason, each.message)
        for each in asked
        if isinstance(each, RecordEvent) and about in {None, each.object.get("metadata", each.object)["name"]}
    ]


def only(asked, sort):
    """What was asked for of that sort."""
    return [each for each in asked if isinstance(each, sort)]


def owned_by(owner, kind, api_version="apps/v1", *, is_controller=True):
    """The reference to an owner."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": is_controller,
    }
