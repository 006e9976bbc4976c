"""What the demo deploys: manifests and programs.

The backend answers with its pod's name, so that one sees who served a request; the frontend knows of the
backend nothing but the host name `backend-service`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from kubelite.images.container import Container

BACKEND_LABELS = {"tier": "backend", "app": "myapp"}
NODE_MONITOR_GRACE_S = 2.0
TOLERATION_S = 1
LOAD_BALANCER_PORT = 8080
WORK_S = 0.002

MANIFEST = f"""
apiVersion: v1
kind: ReplicationController
metadata:
  name: backend
spec:
  replicas: 2
  selector: {{tier: backend, app: myapp}}
  template:
    metadata:
      labels: {{tier: backend, app: myapp}}
    spec:
      terminationGracePeriodSeconds: 5
      tolerations:
      - key: node.kubernetes.io/not-ready
        operator: Exists
        effect: NoExecute
        tolerationSeconds: {TOLERATION_S}
      - key: node.kubernetes.io/unreachable
        operator: Exists
        effect: NoExecute
        tolerationSeconds: {TOLERATION_S}
      containers:
      - name: backend
        image: shop/backend:1
        ports: [{{containerPort: 8000}}]
        readinessProbe: {{httpGet: {{path: /healthz, port: 8000}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata:
  name: backend-service
spec:
  selector: {{tier: backend, app: myapp}}
  ports: [{{name: http, port: 80, targetPort: 8000}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: frontend
  labels: {{tier: frontend, app: myapp}}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: frontend
    image: shop/frontend:1
    ports: [{{containerPort: 8000}}]
"""

LOAD_BALANCER = f"""
apiVersion: v1
kind: Service
metadata:
  name: backend-public
spec:
  type: LoadBalancer
  selector: {{tier: backend, app: myapp}}
  ports: [{{port: {LOAD_BALANCER_PORT}, targetPort: 8000}}]
"""


async def backend(container: Container) -> int:
    """Serves its pod's name."""

    async def name(_: web.Request) -> web.Response:
        await container.clock.sleep(WORK_S)
        return web.Response(text=container.pod_name)

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/", name)
    app.router.add_get("/healthz", healthz)
    await container.serve(app)
    return 0


async def frontend(container: Container) -> int:
    """Serves a page for which it asks `http://backend-service/`, a name and nothing else."""

    async def page(_: web.Request) -> web.Response:
        headers = {"Connection": "close"}
        async with container.http() as http, http.get("http://backend-service/", headers=headers) as answer:
            return web.Response(text=f"the page, by {await answer.text()}", status=answer.status)

    app = web.Application()
    app.router.add_get("/", page)
    await container.serve(app)
    return 0
