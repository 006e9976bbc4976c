"""The words of errors, and that a `Status` brings the same error back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubelite.apimachinery import apierrors
from kubelite.apimachinery.field import FieldError
from kubelite.apimachinery.scheme import Resource

PODS = Resource("", "v1", "pods", "Pod", namespaced=True)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            FieldError.invalid("spec.replicas", -1, "must be greater than or equal to 0"),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (FieldError.invalid("a", {"b": "c"}, "no"), 'a: Invalid value: {"b":"c"}: no'),
        (FieldError.invalid("a", 'x"\n', "no"), 'a: Invalid value: "x\\"\\n": no'),
        (FieldError.invalid("a", True, "no"), "a: Invalid value: true: no"),
        (FieldError.required("spec.selector"), "spec.selector: Required value"),
        (FieldError.required("a", "why"), "a: Required value: why"),
        (
            FieldError.not_supported("a", "x", ["B", "A"]),
            'a: Unsupported value: "x": supported values: "A", "B"',
        ),
        (FieldError.too_long("a", "x" * 64, 63), "a: Too long: may not be more than 63 bytes"),
        (FieldError.too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items"),
        (FieldError.duplicate("a[1].name", "x"), 'a[1].name: Duplicate value: "x"'),
        (FieldError.duplicate("a", None), "a: Duplicate value: null"),
        (FieldError.forbidden("a", "may not be set"), "a: Forbidden: may not be set"),
        (FieldError.not_found("a", "v"), 'a: Not found: "v"'),
        (FieldError.type_invalid("a", 1, "must be text"), "a: Invalid value: 1: must be text"),
        (FieldError.required("", "x"), "Required value: x"),
    ],
)
def test_field_errors_read_as_kubernetes_writes_them(error, text):
    assert str(error) == text
    assert error.cause()["field"] == error.field
    assert text.endswith(error.cause()["message"])


def test_invalid_names_each_cause():
    errors = [FieldError.required("spec.a"), FieldError.invalid("spec.r", -1, "no")]
    status = apierrors.Invalid(DEPLOYMENTS, "x", errors).status()
    assert status["message"] == (
        'Deployment.apps "x" is invalid: [spec.a: Required value, spec.r: Invalid value: -1: no]'
    )
    assert status["code"] == 422
    assert status["reason"] == "Invalid"
    assert status["details"] == {
        "name": "x",
        "group": "apps",
        "kind": "Deployment",
        "causes": [
            {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.a"},
            {"reason": "FieldValueInvalid", "message": "Invalid value: -1: no", "field": "spec.r"},
        ],
    }


def test_invalid_with_one_cause_has_no_brackets_and_says_nothing_twice():
    twice = [FieldError.required("a"), FieldError.required("a")]
    assert str(apierrors.Invalid("Pod", "x", twice)) == 'Pod "x" is invalid: a: Required value'


@pytest.mark.parametrize(
    ("error", "code", "reason", "message", "details"),
    [
        (
            apierrors.NotFound(PODS, "x"),
            404,
            "NotFound",
            'pods "x" not found',
            {"name": "x", "kind": "pods"},
        ),
        (
            apierrors.NotFound("deployments.apps", "x"),
            404,
            "NotFound",
            'deployments.apps "x" not found',
            {"name": "x", "group": "apps", "kind": "deployments"},
        ),
        (
            apierrors.NotFound.path(),
            404,
            "NotFound",
            "the server could not find the requested resource",
            {},
        ),
        (
            apierrors.AlreadyExists(PODS, "x"),
            409,
            "AlreadyExists",
            'pods "x" already exists',
            {"name": "x", "kind": "pods"},
        ),
        (
            apierrors.Conflict(DEPLOYMENTS, "x", "changed"),
            409,
            "Conflict",
            'Operation cannot be fulfilled on deployments.apps "x": changed',
            {"name": "x", "group": "apps", "kind": "deployments"},
        ),
        (
            apierrors.Forbidden("why", resource=PODS, name="x"),
            403,
            "Forbidden",
            'pods "x" is forbidden: why',
            {"name": "x", "kind": "pods"},
        ),
        (
            apierrors.Forbidden("why", resource=PODS),
            403,
            "Forbidden",
            "pods is forbidden: why",
            {"kind": "pods"},
        ),
        (apierrors.Unauthorized(), 401, "Unauthorized", "Unauthorized", None),
        (apierrors.BadRequest("b"), 400, "BadRequest", "b", None),
        (
            apierrors.MethodNotAllowed(),
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
            {},
        ),
        (
            apierrors.InternalError("b"),
            500,
            "InternalError",
            "Internal error occurred: b",
            {"causes": [{"message": "b"}]},
        ),
        (
            apierrors.TooManyRequests("b", retry_after_s=3),
            429,
            "TooManyRequests",
            "b",
            {"retryAfterSeconds": 3},
        ),
        (apierrors.Expired("b"), 410, "Expired", "b", None),
        (apierrors.Timeout("b"), 504, "Timeout", "b", None),
    ],
)
def test_words_codes_and_details(error, code, reason, message, details):
    status = error.status()
    assert (status["code"], status["reason"], status["message"]) == (code, reason, message)
    assert status.get("details") == details
    assert (status["kind"], status["status"], status["metadata"]) == ("Status", "Failure", {})


def test_retry_after():
    assert apierrors.TooManyRequests("b", retry_after_s=3).retry_after_s == 3
    assert apierrors.BadRequest("b").retry_after_s is None


FAMILY = [
    apierrors.BadRequest("m"),
    apierrors.Unauthorized(),
    apierrors.Forbidden("m"),
    apierrors.NotFound(PODS, "x"),
    apierrors.MethodNotAllowed(),
    apierrors.NotAcceptable("m"),
    apierrors.AlreadyExists(PODS, "x"),
    apierrors.Conflict(PODS, "x", "m", causes=[{"reason": "FieldManagerConflict"}]),
    apierrors.Gone("m"),
    apierrors.Expired("m"),
    apierrors.RequestEntityTooLarge("m"),
    apierrors.UnsupportedMediaType("m"),
    apierrors.Invalid(PODS, "x", [FieldError.required("a")]),
    apierrors.TooManyRequests("m", retry_after_s=1),
    apierrors.InternalError("m"),
    apierrors.ServiceUnavailable("m"),
    apierrors.Timeout("m"),
]


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: type(error).__name__)
def test_a_status_brings_the_same_error_back(error):
    back = apierrors.from_status(error.status())
    assert type(back) is type(error)
    assert back.status() == error.status()
    assert str(back) == str(error)


@given(
    reason=st.sampled_from(["", "Strange", *{error.reason for error in FAMILY}]),
    code=st.integers(400, 599),
    message=st.text(),
    details=st.none() | st.dictionaries(st.sampled_from(["name", "kind"]), st.text()),
)
def test_any_status_survives(reason, code, message, details):
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    status |= {"reason": reason} if reason else {}
    status |= {"details": details} if details is not None else {}
    status |= {"code": code}
    assert apierrors.from_status(status).status() == status


def test_invalid_without_causes():
    assert str(apierrors.Invalid("Pod", "x", [])) == 'Pod "x" is invalid'


def test_a_409_without_a_reason_is_a_conflict():
    assert isinstance(apierrors.from_status({"code": 409}), apierrors.Conflict)


def test_an_empty_status_is_an_internal_error():
    assert apierrors.from_status({}).code == 500
