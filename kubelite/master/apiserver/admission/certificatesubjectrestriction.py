"""Nobody gets a certificate that makes its owner a master.

Source: k8s.io/kubernetes/plugin/pkg/admission/certificates/subjectrestriction.
"""

from __future__ import annotations

from typing import Final

from kubelite.api.certificates import parse_request
from kubelite.api.resources import CERTIFICATESIGNINGREQUESTS
from kubelite.apimachinery.scheme import Object
from kubelite.client.requests import SYSTEM_MASTERS
from kubelite.master.apiserver.admission.attributes import Attributes, Plugin
from kubelite.master.apiserver.environment import Environment

CLIENT_SIGNER: Final = "kubernetes.io/kube-apiserver-client"


def _validate(_env: Environment, attributes: Attributes, obj: Object) -> None:
    if obj["spec"].get("signerName") != CLIENT_SIGNER:
        return
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 - heavy: the request was just parsed with it

    subject = parse_request(obj["spec"]["request"]).subject
    groups = {each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
    if SYSTEM_MASTERS in groups:
        raise attributes.forbidden(
            f"use of {CLIENT_SIGNER} signer with {SYSTEM_MASTERS} group is not allowed"
        )


PLUGIN: Final = Plugin(
    name="CertificateSubjectRestriction",
    resources=frozenset({CERTIFICATESIGNINGREQUESTS.group_resource}),
    validate=_validate,
)
