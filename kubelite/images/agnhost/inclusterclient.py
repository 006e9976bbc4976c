"""`agnhost inclusterclient`: asks the API server how it is, again and again, as the pod's service account.

Source: the inclusterclient section of agnhost's README; k8s.io/client-go/rest (InClusterConfig).
"""

from __future__ import annotations

import hashlib
import ssl
from typing import Final

import aiohttp

from kubelite.images.agnhost.netexec import note
from kubelite.images.agnhost.options import flag
from kubelite.images.agnhost.signals import TERMINATED, is_terminated_within
from kubelite.images.container import Container

CREDENTIALS: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
DIGEST_CHARS: Final = 12


async def main(container: Container, args: list[str]) -> int:
    """Asks every `--poll-interval` seconds, until SIGTERM."""
    files, env = container.files, container.env
    host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port or not files.exists(f"{CREDENTIALS}/token"):
        container.stderr.write("err: unable to load in-cluster configuration\n")
        return 1
    trust = ssl.create_default_context(cadata=files.read_text(f"{CREDENTIALS}/ca.crt"))
    url, period_s = f"https://{host}:{port}/healthz", float(flag(args, "poll-interval", "30"))
    while True:
        note(container, "calling /healthz", "main.go:61")
        token = files.read_text(f"{CREDENTIALS}/token").strip()
        digest = hashlib.sha256(token.encode()).hexdigest()[:DIGEST_CHARS]
        note(container, f"authz_header={digest}", "main.go:83")
        try:
            async with (
                container.http() as session,
                session.get(url, headers={"Authorization": f"Bearer {token}"}, ssl=trust) as answer,
            ):
                if not answer.ok:
                    note(container, f"status={answer.status}", "main.go:67")
        except (OSError, aiohttp.ClientError) as error:
            note(container, f"err: {error}", "main.go:65")
        if await is_terminated_within(container, period_s):
            return TERMINATED
