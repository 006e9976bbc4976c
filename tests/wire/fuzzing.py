"""What both fuzzers share: a cluster's address, and which server errors the real server gives, too."""

from __future__ import annotations

import re
from contextlib import closing

import orjson
import requests
import yaml

ALLOWED = {
    r"failed to create typed patch object": "apply-basic/apply-invalid",
    r"failed to convert new object": "apply-basic/apply-invalid",
    r"resourceVersion should not be set on objects to be created": "err-names/client-sets-resource-version",
    r"target\.name: Required value": "sub-pod/bind-no-target",
    r"target\.kind: Unsupported value": "sub-pod/bind-wrong-kind",
    r"strconv\.ParseUint: parsing": "k8s.io/apiserver/pkg/registry/generic/registry/store.go, Update",
    r"in scheme .{1,3}pkg/apis/meta/internalversion": "k8s.io/apiserver/pkg/endpoints/handlers/delete.go",
}
"""Server errors by their texts, each with the step of the oracle that shows it, or its source."""
TIMEOUT_S = 10.0
READ_BYTES = 1 << 16


class Server:
    """A cluster's API as a user of requests sees it."""

    def __init__(self, kubeconfig) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self.url = config["clusters"][0]["cluster"]["server"]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {config['users'][0]['user']['token']}"

    def ask(self, method, path, body, content_type="application/json"):
        """Send one request; what is wrong with the answer."""
        headers = {"Content-Type": content_type}
        return self.send(method=method, url=self.url + path, data=orjson.dumps(body), headers=headers)

    def send(self, **request):
        """The same for a request that is made already; a watch is only begun."""
        with closing(self.session.request(**request, timeout=TIMEOUT_S, stream=True)) as answer:
            if answer.status_code < 500:
                return None
            text = answer.raw.read(READ_BYTES, decode_content=True).decode(errors="replace")
        if any(re.search(pattern, text) for pattern in ALLOWED):
            return None
        return f"{request['method']} {request['url']}: {answer.status_code} {text}"
