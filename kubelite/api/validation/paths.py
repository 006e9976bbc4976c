"""What paths inside volumes must be.

Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go (validateLocalDescendingPath).
"""

from __future__ import annotations

from kubelite.api.validation.problems import Errors, invalid


def validate_descending_path(text: str, path: str) -> Errors:
    """A relative path that does not leave its folder."""
    if text.startswith("/"):
        return [invalid(path, text, "must be a relative path")]
    if ".." in text.split("/"):
        return [invalid(path, text, "must not contain '..'")]
    return []
