"""An operator to test: each EchoServer gets a Deployment and a Service, and sleeps after an hour."""

from __future__ import annotations

import kopf
from kubernetes import client

AWAKE_S = 3600
GROUP, VERSION, PLURAL = "examples.kubelite.dev", "v1", "echoservers"
DEFINITION = f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {PLURAL}.{GROUP}}}
spec:
  group: {GROUP}
  scope: Namespaced
  names: {{plural: {PLURAL}, singular: echoserver, kind: EchoServer}}
  versions:
  - name: {VERSION}
    served: true
    storage: true
    subresources: {{status: {{}}}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {{type: object, properties: {{replicas: {{type: integer, default: 1, minimum: 0}}}}}}
          status: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def registry() -> kopf.OperatorRegistry:
    """The operator's handlers."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(kopf.login_with_kubeconfig)

    @kopf.on.create(GROUP, VERSION, PLURAL, registry=handlers, id="create")
    def create(name, namespace, spec, **_):
        labels = {"echoserver": name}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": spec["replicas"],
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "echo", "image": "agnhost:2.53", "args": ["netexec"]}]},
                },
            },
        }
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        }
        kopf.adopt([deployment, service])
        client.AppsV1Api().create_namespaced_deployment(namespace, deployment)
        client.CoreV1Api().create_namespaced_service(namespace, service)
        return {"address": f"http://{name}.{namespace}.svc/"}

    @kopf.on.field(GROUP, VERSION, PLURAL, field="spec.replicas", registry=handlers)
    def scale(name, namespace, old, new, **_):
        if old is not None:
            body = {"spec": {"replicas": new}}
            client.AppsV1Api().patch_namespaced_deployment_scale(name, namespace, body)

    @kopf.timer(GROUP, VERSION, PLURAL, registry=handlers, initial_delay=AWAKE_S, interval=AWAKE_S)
    def sleep(name, namespace, **_):
        body = {"spec": {"replicas": 0}}
        client.AppsV1Api().patch_namespaced_deployment_scale(name, namespace, body)

    return handlers
