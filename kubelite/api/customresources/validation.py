"""Whether a definition is one that Kubernetes takes, with the errors it would name.

Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from kubelite.api.conditions import is_condition_true
from kubelite.api.customresources.approval import ANNOTATION, approval_of, is_protected
from kubelite.api.customresources.fieldpaths import FieldPathError, resolve
from kubelite.api.customresources.form import go_versions, internal_spec
from kubelite.api.customresources.schemavalidation import validate_schema
from kubelite.api.validation import names
from kubelite.api.validation.metadata import validate_metadata_update, validate_object_meta
from kubelite.api.validation.problems import Errors, invalid_each, not_supported, unchanged
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Object
from kubelite.apimachinery.structural import Structural, UnsupportedSchema, parse
from kubelite.apimachinery.structural.schema import every_schema
from kubelite.apimachinery.structural.structure import validate_structure

COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
SELECTABLE_TYPES: Final = frozenset({"string", "boolean", "integer"})
SELECTABLE_MAX: Final = 8
REVIEW_VERSIONS: Final = ("v1", "v1beta1")
WARNING_LENGTH_MAX: Final = 256


def validate_definition(obj: Object) -> Errors:
    """The errors of a new definition, in Go's form and prepared for creation."""
    spec = internal_spec(obj["spec"])
    required = f"{spec['names']['plural']}.{spec['group']}"

    def name_rule(name: str) -> list[str]:
        messages = names.dns_subdomain(name)
        return messages if name == required else [*messages, 'must be spec.names.plural+"."+spec.group']

    errors = validate_object_meta(obj["metadata"], rule=name_rule, namespaced=False)
    errors += _spec(spec, None)
    errors += _status(obj["status"])
    errors += _stored_versions(obj["status"]["storedVersions"], spec["versions"])
    errors += _approval(obj, None)
    errors += _preserve_unknown(spec, None)
    return errors


def validate_definition_update(new: Object, old: Object) -> Errors:
    """The errors of an update."""
    spec, before = internal_spec(new["spec"]), internal_spec(old["spec"])
    errors = validate_metadata_update(new["metadata"], old["metadata"])
    errors += errors
    errors += _spec(spec, before)
    if is_condition_true(old, "Established"):
        errors += unchanged("spec.scope", spec["scope"], before["scope"])
        errors += unchanged("spec.names.kind", spec["names"]["kind"], before["names"]["kind"])
    errors += unchanged("spec.group", spec["group"], before["group"])
    errors += unchanged("spec.names.plural", spec["names"]["plural"], before["names"]["plural"])
    errors += _status(new["status"])
    errors += _stored_versions(new["status"]["storedVersions"], spec["versions"])
    errors += _approval(new, old)
    errors += _preserve_unknown(spec, before)
    return errors


def validate_definition_status(new: Object, old: Object) -> Errors:
    """The errors of an update of the status."""
    errors = validate_metadata_update(new["metadata"], old["metadata"])
    return errors + errors + _status(new["status"])


# --- the spec -----------------------------------------------------------------------------------------------


def _spec(spec: Object, old: Object | None) -> Errors:
    errors: Errors = []
    group = spec["group"]
    if not group:
        errors.append(FieldError.required("spec.group"))
    elif messages := names.dns_subdomain(group):
        errors.append(FieldError.invalid("spec.group", group, ",".join(messages)))
    elif "." not in group:
        errors.append(FieldError.invalid("spec.group", group, "should be a domain with at least one dot"))
    if not spec["scope"]:
        errors.append(FieldError.required("spec.scope"))
    elif spec["scope"] not in {"Cluster", "Namespaced"}:
        errors.append(not_supported("spec.scope", spec["scope"], ["Cluster", "Namespaced"]))
    structural = old is None or all(map(_is_structural, _schemas(old)))
    if spec["preserveUnknownFields"] and _has_defaults(spec):
        detail = "must be false in order to use defaults in the schema"
        errors.append(FieldError.invalid("spec.preserveUnknownFields", True, detail))
    errors += _versions(spec, structural=structural or not spec["preserveUnknownFields"])
    errors += _top_names(spec["names"])
    errors += validate_schema(
        spec["validation"],
        "spec.validation",
        has_status=any(map(_has_status, [spec, *(spec["versions"] or ())])),
        structural=structural or not spec["preserveUnknownFields"],
    )
    errors += _subresources(spec["subresources"], "spec.subresources")
    for index, column in enumerate(spec["additionalPrinterColumns"] or ()):
        errors += _column(column, f"spec.additionalPrinterColumns[{index}]")
    errors += _selectable(spec["selectableFields"], spec["validation"], "spec")
    if spec["preserveUnknownFields"] and spec["conversion"]["strategy"] != "None":
        detail = "must be None if spec.preserveUnknownFields is true"
        errors.append(FieldError.invalid("spec.conversion.strategy", spec["conversion"]["strategy"], detail))
    return errors + list(_conversion(spec["conversion"]))


def _schemas(spec: Object) -> list[Mapping[str, Any]]:
    """All schemas of a spec in its internal form."""
    held = [spec["validation"], *(each.get("schema") for each in spec["versions"] or ())]
    return [each["openAPIV3Schema"] for each in held if each and each.get("openAPIV3Schema") is not None]


def _is_structural(schema: Mapping[str, Any]) -> bool:
    try:
        return not validate_structure(parse(schema), "")
    except UnsupportedSchema:
        return False


def _has_defaults(spec: Object) -> bool:
    return any(each.get("default") is not None for schema in _schemas(spec) for each in every_schema(schema))


def _has_status(holder: Mapping[str, Any]) -> bool:
    return (holder.get("subresources") or {}).get("status") is not None


def _versions(spec: Object, *, structural: bool) -> Errors:
    versions: Sequence[Object] = spec["versions"] or ()
    errors: Errors = []
    if not (spec["validation"] or {}).get("openAPIV3Schema"):
        errors += [
            FieldError.required(f"spec.versions[{index}].schema.openAPIV3Schema")
            for index, each in enumerate(versions)
            if (each.get("schema") or {}).get("openAPIV3Schema") is None
            and (spec["validation"] or {}).get("openAPIV3Schema") is None
        ]
    own_subresources = any(each.get("subresources") is not None for each in versions)
    for index, each in enumerate(versions):
        path = f"spec.versions[{index}]"
        if messages := names.dns_1035_label(each["name"]):
            errors.append(FieldError.invalid(f"{path}.name", each["name"], ",".join(messages)))
        has_status = _has_status(each if own_subresources else spec)
        errors += _version(each, path, has_status=has_status, structural=structural)
    shown = go_versions(spec["versions"])
    if len({each["name"] for each in versions}) != len(versions):
        errors.append(FieldError.invalid("spec.versions", shown, "must contain unique version names"))
    if sum(each["storage"] for each in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        errors.append(FieldError.invalid("spec.versions", shown, detail))
    if spec["version"] and (messages := names.dns_1035_label(spec["version"])):
        errors.append(FieldError.invalid("spec.version", spec["version"], ",".join(messages)))
    return errors


def _version(version: Object, path: str, *, has_status: bool, structural: bool) -> Errors:
    errors: Errors = []
    warning = version.get("deprecationWarning")
    if warning is not None:
        messages = _warning(warning, deprecated=bool(version.get("deprecated")))
        errors += invalid_each(f"{path}.deprecationWarning", warning, messages)
    errors += validate_schema(
        version.get("schema"), f"{path}.schema", has_status=has_status, structural=structural
    )
    errors += _subresources(version.get("subresources"), f"{path}.subresources")
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        errors += _column(column, f"{path}.additionalPrinterColumns[{index}]")
    return errors + _selectable(version.get("selectableFields"), version.get("schema"), path)


def _warning(text: str, *, deprecated: bool) -> Iterator[str]:
    if not deprecated:
        yield "can only be set for deprecated versions"
        return
    if len(text.encode()) > WARNING_LENGTH_MAX:
        yield f"must be <= {WARNING_LENGTH_MAX} characters long"
    if not text:
        yield "must not be an empty string"
    position = next((index for index, each in enumerate(text) if not each.isprintable()), None)
    if position is not None:
        at = len(text[:position].encode())
        yield f"must only contain printable UTF-8 characters; non-printable character found at index {at}"


def _top_names(given: Object) -> Errors:
    errors = [
        FieldError.required(f"spec.names.{field}")
        for field in ("plural", "singular", "kind", "listKind")
        if not given.get(field)
    ]
    return errors + _names(given, "spec.names")


def _names(given: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    for field in ("plural", "singular", "kind", "listKind"):
        text = given.get(field) or ""
        is_kind = field in {"kind", "listKind"}
        messages = names.dns_1035_label(text.lower() if is_kind else text) if text else []
        if messages:
            detail = "may have mixed case, but should otherwise match: " if is_kind else ""
            errors.append(FieldError.invalid(f"{path}.{field}", text, detail + ",".join(messages)))
    errors += _labels(given.get("shortNames"), f"{path}.shortNames")
    if given.get("kind") and given["kind"] == given.get("listKind"):
        detail = "kind and listKind may not be the same"
        errors.append(FieldError.invalid(f"{path}.listKind", given["listKind"], detail))
    return errors + _labels(given.get("categories"), f"{path}.categories")


def _labels(texts: Sequence[str] | None, path: str) -> Errors:
    judged = ((index, text, names.dns_1035_label(text)) for index, text in enumerate(texts or ()))
    return [
        FieldError.invalid(f"{path}[{index}]", text, ",".join(messages))
        for index, text, messages in judged
        if messages
    ]


# --- parts of versions --------------------------------------------------------------------------------------


def _subresources(subresources: Mapping[str, Any] | None, path: str) -> Errors:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    errors: Errors = []
    for field, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        where, text = f"{path}.scale.{field}", scale.get(field) or ""
        if not text:
            errors.append(FieldError.required(where))
        elif found := _simple_path(text, where):
            errors += found
        elif not text.startswith(root):
            detail = f"should be a json path under {root.removesuffix('.')}"
            errors.append(FieldError.invalid(where, text, detail))
    where, text = f"{path}.scale.labelSelectorPath", scale.get("labelSelectorPath") or ""
    if text:
        found = _simple_path(text, where)
        if not found and not text.startswith((".spec.", ".status.")):
            detail = "should be a json path under either .spec or .status"
            found = [FieldError.invalid(where, text, detail)]
        errors += found
    return errors


def _simple_path(text: str, path: str) -> Errors:
    if text.startswith("."):
        return []
    return [FieldError.invalid(path, text, "must be a simple json path starting with .")]


def _column(column: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = [] if column["name"] else [FieldError.required(f"{path}.name")]
    detail = f"must be one of {','.join(COLUMN_TYPES)}"
    if not column["type"]:
        errors.append(FieldError.required(f"{path}.type", detail))
    elif column["type"] not in COLUMN_TYPES:
        errors.append(FieldError.invalid(f"{path}.type", column["type"], detail))
    if column.get("format") and column["format"] not in COLUMN_FORMATS:
        detail = f"must be one of {','.join(COLUMN_FORMATS)}"
        errors.append(FieldError.invalid(f"{path}.format", column["format"], detail))
    where = f"{path}.JSONPath"
    if not column["jsonPath"]:
        return [*errors, FieldError.required(where)]
    return errors + _simple_path(column["jsonPath"], where)


def _selectable(fields: Sequence[Object] | None, validation: Mapping[str, Any] | None, path: str) -> Errors:
    if not fields:
        return []
    where = f"{path}.selectableFields"
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        detail = (
            "selectableFields may only be set when validations.schema is included"
            if path == "spec"
            else "selectableFields may only be set when version.schema.openAPIV3Schema is not included"
        )
        return [FieldError.invalid(where, "", detail)]
    try:
        parsed = parse(schema)
    except UnsupportedSchema as error:
        return [FieldError.invalid(f"{path}.schema.openAPIV3Schema", "", str(error))]
    return list(_selectable_fields(fields, parsed, where))


def _selectable_fields(fields: Sequence[Object], schema: Structural, where: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, field in enumerate(fields):
        place, text = f"{where}[{index}].jsonPath", field["jsonPath"]
        if not text:
            yield FieldError.required(place)
            continue
        try:
            found, node = resolve(text, schema, with_keys=False)
        except FieldPathError as error:
            yield FieldError.invalid(place, text, f"is an invalid path: {error}")
            continue
        if found.partition(".")[0] == "metadata":
            yield FieldError.invalid(place, text, "must not point to fields in metadata")
        if node.type not in SELECTABLE_TYPES:
            detail = (
                "must point to a field of type string, boolean or integer. Enum string fields and strings "
                "with formats are allowed."
            )
            yield FieldError.invalid(place, text, detail)
        if found in seen:
            yield FieldError.duplicate(place, text)
        seen.add(found)
    if len(seen) > SELECTABLE_MAX:
        yield FieldError.too_many(where, len(seen), SELECTABLE_MAX)


# --- conversion ---------------------------------------------------------------------------------------------


def _conversion(conversion: Object) -> Iterator[FieldError]:
    strategy, webhook = conversion["strategy"], conversion.get("webhook")
    path = "spec.conversion"
    if not strategy:
        yield FieldError.required(f"{path}.strategy")
    elif strategy not in {"None", "Webhook"}:
        yield not_supported(f"{path}.strategy", strategy, ["None", "Webhook"])
    config = (webhook or {}).get("clientConfig")
    reviews = (webhook or {}).get("conversionReviewVersions") or []
    if strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        if config is not None:
            yield FieldError.forbidden(f"{path}.webhookClientConfig", detail)
        if reviews:
            yield FieldError.forbidden(f"{path}.conversionReviewVersions", detail)
        return
    where = f"{path}.webhookClientConfig"
    if config is None:
        yield FieldError.required(where, "required when strategy is set to Webhook")
    elif (config.get("url") is None) == (config.get("service") is None):
        yield FieldError.required(where, "exactly one of url or service is required")
    elif config.get("url") is not None:
        yield from _webhook_url(config["url"], f"{where}.url")
    else:
        yield from _webhook_service(config["service"], f"{where}.service")
    yield from _review_versions(reviews, f"{path}.conversionReviewVersions")


def _webhook_url(url: str, path: str) -> Iterator[FieldError]:
    form = "; desired format: https://host[/path]"
    parts = urlsplit(url)
    if parts.scheme != "https":
        detail = "'https' is the only allowed URL scheme" + form
        yield FieldError.invalid(path, parts.scheme, detail)
    host = parts.netloc.rpartition("@")[2]
    if not host:
        yield FieldError.invalid(path, "", "host must be specified" + form)
    if "@" in parts.netloc:
        user = parts.netloc.rpartition("@")[0]
        yield FieldError.invalid(path, user, "user information is not permitted in the URL")
    if parts.fragment:
        yield FieldError.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield FieldError.invalid(path, parts.query, "query parameters are not permitted in the URL")


def _webhook_service(service: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    if not service.get("name"):
        yield FieldError.required(f"{path}.name", "service name is required")
    if not service.get("namespace"):
        yield FieldError.required(f"{path}.namespace", "service namespace is required")
    if messages := names.port_number(service["port"]):
        yield FieldError.invalid(f"{path}.port", service["port"], f"port is not valid: {','.join(messages)}")
    text = service.get("path")
    if text is None or text == "/":
        return
    if not text.startswith("/"):
        yield FieldError.invalid(f"{path}.path", text, "must start with a '/'")
        return
    steps = text[1:].removesuffix("/").split("/")
    for index, step in enumerate(steps):
        if not step:
            yield FieldError.invalid(f"{path}.path", text, f"segment[{index}] may not be empty")
        elif messages := names.dns_subdomain(step):
            for message in messages:
                yield FieldError.invalid(f"{path}.path", text, f"segment[{index}]: {message}")


def _review_versions(versions: Sequence[str], path: str) -> Iterator[FieldError]:
    if not versions:
        yield FieldError.required(path)
        return
    seen: set[str] = set()
    for index, version in enumerate(versions):
        where = f"{path}[{index}]"
        if version in seen:
            yield FieldError.invalid(where, version, "duplicate version")
            continue
        seen.add(version)
        yield from invalid_each(where, version, names.dns_1035_label(version))
    if not seen & set(REVIEW_VERSIONS):
        yield FieldError.invalid(
            path, list(versions), f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
        )


# --- the rest -----------------------------------------------------------------------------------------------


def _status(status: Object) -> Errors:
    return _names(status["acceptedNames"], "status.acceptedNames")


def _stored_versions(stored: Sequence[str] | None, versions: Sequence[Object] | None) -> Errors:
    path = "status.storedVersions"
    if not stored:
        return [FieldError.invalid(path, stored, "must have at least one stored version")]
    errors: Errors = []
    missing = {name: index for index, name in enumerate(stored)}
    for version in versions or ():
        if version["storage"] and version["name"] not in missing:
            detail = f"must have the storage version {version['name']}"
            errors.append(FieldError.invalid(path, list(stored), detail))
        missing.pop(version["name"], None)
    for name, index in missing.items():
        detail = (
            f"missing from spec.versions; {name} was previously a storage version, and must remain in "
            f"spec.versions until a storage migration ensures no data remains persisted in {name} and "
            f"removes {name} from status.storedVersions"
        )
        errors.append(FieldError.invalid(f"{path}[{index}]", name, detail))
    return errors


def _approval(new: Object, old: Object | None) -> Errors:
    if not is_protected(new["spec"]["group"]):
        return []
    state, reason = approval_of(new)
    if old is not None and approval_of(old)[0] == state:
        return []
    path = f"metadata.annotations[{ANNOTATION}]"
    if state == "missing":
        return [FieldError.required(path, reason)]
    if state == "invalid":
        return [FieldError.invalid(path, new["metadata"]["annotations"][ANNOTATION], reason)]
    return []


def _preserve_unknown(spec: Object, old: Object | None) -> Errors:
    if not spec["preserveUnknownFields"] or (old is not None and old["preserveUnknownFields"]):
        return []
    detail = (
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema "
        "instead"
    )
    return [FieldError.invalid("spec.preserveUnknownFields", True, detail)]
