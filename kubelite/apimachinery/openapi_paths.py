"""The operations of an OpenAPI document: the verbs of resources and subresources, with their parameters.

What clients read of an operation is its `x-kubernetes-group-version-kind`, its `x-kubernetes-action` and
the names of its query parameters: kubectl leaves validation to a server whose PATCH of a kind has
`fieldValidation`.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/; k8s.io/apiserver,
`endpoints/installer.go` (names of operations, parameters).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from kubelite.apimachinery.openapi_schemas import GVK, PATCH, Definitions, SubresourceFacts, gvk
from kubelite.apimachinery.scheme import Object, Resource

JSON_TYPES: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
CUSTOM_TYPES: Final = JSON_TYPES[:2]
STREAM_TYPES: Final = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES: Final = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
CUSTOM_PATCH_TYPES: Final = PATCH_TYPES[:3]
_ANY_TYPE: Final[tuple[str, ...]] = ("*/*",)
_TEXT: Final[Object] = {"type": "string"}
_SAID: Final[Mapping[int, str]] = {200: "OK", 201: "Created", 202: "Accepted"}
_UNAUTHORIZED: Final[Object] = {"description": "Unauthorized"}

_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("gracePeriodSeconds", "limit", "limitBytes", "ports", "sinceSeconds"), "integer"),
    **dict.fromkeys(("tailLines", "timeoutSeconds"), "integer"),
    **dict.fromkeys(("allowWatchBookmarks", "follow", "force", "orphanDependents", "previous"), "boolean"),
    **dict.fromkeys(("sendInitialEvents", "stderr", "stdin", "stdout", "timestamps", "tty"), "boolean"),
    **dict.fromkeys(("watch", "insecureSkipTLSVerifyBackend"), "boolean"),
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
}
"""Parameters that are no texts."""

_LIST: Final = (
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
)  # fmt: skip
_DELETE: Final = (
    "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
    "propagationPolicy",
)  # fmt: skip
_COLLECTION: Final = tuple(name for name in _LIST if name not in {"allowWatchBookmarks", "watch"})
_WRITE: Final = ("dryRun", "fieldManager", "fieldValidation")
_ATTACH: Final = ("container", "stderr", "stdin", "stdout", "tty")
_STREAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "attach": _ATTACH,
    "exec": ("command", *_ATTACH),
    "portforward": ("ports",),
    "proxy": ("path",),
    "log": (
        "container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "previous", "sinceSeconds",
        "sinceTime", "stream", "tailLines", "timestamps",
    ),
}  # fmt: skip
"""Parameters of the subresources that are no objects."""


@attrs.frozen
class Verb:
    """How a verb is written.

    Attributes:
        method: Of HTTP.
        action: The value of x-kubernetes-action.
        word: The first word of the operation's name.
        query: The query parameters, besides `pretty`.
        body: "" for none, "object", "patch" or "options".
        codes: The responses, besides 401.
    """

    method: str
    action: str
    word: str
    query: tuple[str, ...] = ()
    body: str = ""
    codes: tuple[int, ...] = (200,)


VERBS: Final[Mapping[str, Verb]] = {
    "get": Verb("get", "get", "read"),
    "list": Verb("get", "list", "list", _LIST),
    "create": Verb("post", "post", "create", _WRITE, "object", (200, 201, 202)),
    "update": Verb("put", "put", "replace", _WRITE, "object", (200, 201)),
    "patch": Verb("patch", "patch", "patch", (*_WRITE, "force"), "patch", (200, 201)),
    "delete": Verb("delete", "delete", "delete", _DELETE, "options", (200, 202)),
    "deletecollection": Verb(
        "delete", "deletecollection", "delete", tuple(sorted({*_COLLECTION, *_DELETE})), "options"
    ),
}
_OF_COLLECTION: Final = frozenset({"list", "create", "deletecollection"})


@attrs.frozen
class _Own:
    """A subresource of which nothing is said elsewhere."""

    name: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = ""
    group: str = ""
    version: str = ""


_USUAL: Final = {
    "status": _Own("status"),
    "scale": _Own("scale", kind="Scale", group="autoscaling", version="v1"),
}


@attrs.frozen
class _Form:
    """What an operation takes and gives.

    Attributes:
        takes: The definition of its body.
        answers: The schema of its answer, in one of the media `types`.
        about: Its group, version and kind.
    """

    takes: str
    answers: Object
    types: tuple[str, ...]
    about: Object


class Paths:
    """The paths of one document. Their operations add the kinds that they name to its definitions."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._version = definitions.dialect.version
        self._parameters: dict[tuple[str, str], Object] = {}
        self._made: dict[str, Object] = {}

    def __repr__(self) -> str:
        return f"<Paths version {self._version}, {len(self._made)} paths>"

    def as_dict(self) -> dict[str, Object]:
        """All paths, sorted."""
        return dict(sorted(self._made.items()))

    def add_document(self, path: str, name: str, tag: str, kind: str) -> None:
        """Adds a discovery document: its path, the operation's name and tag, its kind ("" for free JSON)."""
        schema = self._refer(self._definitions.kind("v1", kind) if kind else "")
        operation = self._operation(name, tag, VERBS["get"], _Form("", schema, JSON_TYPES, {}))
        del operation["x-kubernetes-action"]
        self._made[path] = {"get": operation}

    def add_resource(self, resource: Resource) -> None:
        """Adds a resource and its subresources."""
        definitions = self._definitions
        definition = definitions.resource(resource)
        about = gvk(resource.group, resource.version, resource.kind)
        is_custom = definitions.knowledge.schema_of(resource) is not None
        own = _Form(definition, self._refer(definition), CUSTOM_TYPES if is_custom else JSON_TYPES, about)
        listed = deleted = own
        if "list" in resource.verbs:
            types = CUSTOM_TYPES if is_custom else (*JSON_TYPES, *STREAM_TYPES)
            listed = _Form("", self._refer(definitions.list_of(resource)), types, about)
        if {"delete", "deletecollection"} & {*resource.verbs}:
            deleted = _Form("", self._refer(definitions.kind("v1", "Status")), own.types, about)
        forms = {"list": listed, "delete": deleted, "deletecollection": deleted}
        scope, namespace = ("Namespaced", "{namespace}") if resource.namespaced else ("", None)
        collection, one = resource.path(namespace), resource.path(namespace, "{name}")
        for name, verb in VERBS.items():
            if name in resource.verbs:
                path = collection if name in _OF_COLLECTION else one
                noun = ("Collection" if name == "deletecollection" else "") + scope + resource.kind
                self._add(resource, path, verb, noun, forms.get(name, own))
        if resource.namespaced and "list" in resource.verbs:
            self._add(resource, resource.path(), VERBS["list"], f"{resource.kind}ForAllNamespaces", listed)
        for name in resource.subresources:
            if (known := self._subresource(resource, name)) is not None:
                self._add_subresource(resource, known, definition, f"{one}/{name}")

    def _subresource(self, resource: Resource, name: str) -> SubresourceFacts | None:
        return self._definitions.knowledge.subresource_of(resource, name) or _USUAL.get(name)

    def _add_subresource(self, resource: Resource, sub: SubresourceFacts, definition: str, path: str) -> None:
        """Adds a subresource that is an object, a text or a stream."""
        noun = ("Namespaced" if resource.namespaced else "") + resource.kind + sub.name.capitalize()
        about = gvk(resource.group, resource.version, resource.kind)
        if sub.kind:
            about = gvk(sub.group, sub.version or resource.version, sub.kind)
            version = f"{sub.group}/{about['version']}".removeprefix("/")
            definition = self._definitions.kind(version, sub.kind)
        is_custom = self._definitions.knowledge.schema_of(resource) is not None
        form = _Form(definition, self._refer(definition), CUSTOM_TYPES if is_custom else JSON_TYPES, about)
        is_stream = sub.kind.endswith("Options")
        if is_stream:
            form = _Form("", _TEXT, _ANY_TYPE, about)
        elif sub.name == "log":
            form = _Form("", _TEXT, ("text/plain", *JSON_TYPES), about)
        for name in sub.verbs:
            verb, word = VERBS[name], noun
            if is_stream:
                verb = Verb(verb.method, "connect", "connect", _STREAMS.get(sub.name, ()))
                word = verb.method.capitalize() + noun
            elif sub.name in _STREAMS:
                verb = attrs.evolve(verb, query=_STREAMS[sub.name])
            self._add(resource, path, verb, word, form)

    def _add(self, resource: Resource, path: str, verb: Verb, noun: str, form: _Form) -> None:
        """Adds one operation; `noun` is its name after its verb and group version."""
        name = verb.word + group_word(resource.group, resource.version) + noun
        operation = self._operation(name, group_tag(resource.group, resource.version), verb, form)
        if verb.body:
            self._take(operation, resource, verb, form)
        operation[GVK] = form.about
        item = self._made.get(path)
        if item is None:
            names = sorted(part[1:-1] for part in path.split("/") if part.startswith("{"))
            parameters = [self._parameter(each, "path") for each in names]
            item = self._made[path] = {"parameters": [*parameters, self._parameter("pretty", "query")]}
        item[verb.method] = operation

    def _take(self, operation: Object, resource: Resource, verb: Verb, form: _Form) -> None:
        """Gives an operation its body."""
        types = _ANY_TYPE
        if verb.body == "patch":
            schema = self._refer(self._definitions.named(PATCH))
            is_built_in = self._definitions.knowledge.type_of(resource.api_version, resource.kind) is not None
            types = PATCH_TYPES if is_built_in else CUSTOM_PATCH_TYPES
        elif verb.body == "options":
            schema = self._refer(self._definitions.kind("v1", "DeleteOptions"))
        else:
            schema = self._refer(form.takes)
            if form.types == CUSTOM_TYPES:
                types = CUSTOM_TYPES
        required = {"required": True} if verb.body != "options" else {}
        if self._version == 2:
            operation["consumes"] = list(types)
            body = {"name": "body", "in": "body", "schema": schema, **required}
            operation.setdefault("parameters", []).append(body)
        else:
            operation["requestBody"] = {"content": {each: {"schema": schema} for each in types}, **required}

    def _operation(self, name: str, tag: str, verb: Verb, form: _Form) -> Object:
        """An operation without its body and kind."""
        operation: Object = {"tags": [tag], "operationId": name, "x-kubernetes-action": verb.action}
        if verb.query:
            operation["parameters"] = [self._parameter(each, "query") for each in verb.query]
        if self._version == 2:
            operation |= {"consumes": ["*/*"], "produces": list(form.types), "schemes": ["https"]}
            answer: Object = {"schema": form.answers}
        else:
            answer = {"content": {each: {"schema": form.answers} for each in form.types}}
        responses = {str(code): {"description": _SAID[code], **answer} for code in verb.codes}
        operation["responses"] = {**responses, "401": _UNAUTHORIZED}
        return operation

    def _refer(self, definition: str) -> Object:
        return self._definitions.dialect.reference(definition) if definition else {"type": "object"}

    def _parameter(self, name: str, where: str) -> Object:
        """A parameter: one shared object for all operations that have it."""
        key = where, name
        found = self._parameters.get(key)
        if found is None:
            type_: Object = {"type": _TYPES.get(name, "string"), "uniqueItems": True}
            found = {"name": name, "in": where, **({"required": True} if where == "path" else {})}
            found.update(type_ if self._version == 2 else {"schema": type_})
            self._parameters[key] = found
        return found


def group_word(group: str, version: str = "") -> str:
    """A group, or a group version, within an operation's name: `RbacAuthorizationV1`."""
    words = (group or "core").removesuffix(".k8s.io").replace("-", ".").split(".")
    return "".join(word[:1].upper() + word[1:] for word in (*words, version))


def group_tag(group: str, version: str = "") -> str:
    """The tag of a group's operations: `rbacAuthorization_v1`, `rbacAuthorization`."""
    name = group_word(group)
    return "_".join(part for part in (name[:1].lower() + name[1:], version) if part)
