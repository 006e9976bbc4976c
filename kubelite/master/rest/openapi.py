"""The OpenAPI documents: made of the schema facts when first asked for, kept until the scheme changes.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition.
"""

from __future__ import annotations

import attrs

from kubelite.apimachinery.scheme import Scheme


@attrs.frozen
class OpenAPIDocument:
    """An encoded document, its entity tag and its media type."""

    body: bytes
    etag: str
    content_type: str


class OpenAPIDocuments:
    """The documents below /openapi."""

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme

    def find(self, path: str, accept: str) -> OpenAPIDocument | None:
        """A document by its path below /openapi, in the form that `accept` wants; None if there is none."""
        return None
