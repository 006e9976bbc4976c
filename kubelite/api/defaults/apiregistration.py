"""Defaults of API services.

Source: k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/defaults.go.
"""

from __future__ import annotations

from typing import Final

from kubelite.api import resources as r
from kubelite.api.defaults.podspec import changed, with_defaults
from kubelite.apimachinery.scheme import Object

SERVICE_PORT: Final = 443


def default_api_service(service: Object) -> Object:
    """Others' servers listen on 443."""

    def target(target: Object) -> Object:
        return with_defaults(target, {"port": SERVICE_PORT})

    return changed(service, "spec", lambda spec: changed(spec, "service", target))


DEFAULTS: Final = {r.APISERVICES: default_api_service}
