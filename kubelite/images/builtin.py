"""The images which every cluster can pull; their programs are imported when they are first pulled."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from kubelite.images.registry import Image, ImageRegistry

if TYPE_CHECKING:
    from kubelite.images.container import Container


_WORDS: Final = (
    "latest|stable|mainline|oldstable|unstable|testing|edge|rolling|devel|stream"
    "|alpine|slim|minimal|full|musl|glibc|uclibc|perl|otel|debug|nonroot"
    "|bookworm|bullseye|buster|stretch|jessie|trixie|sid|noble|jammy|focal|bionic|xenial|trusty|ol|ubi|centos|el"
)
_PART: Final = rf"(?:{_WORDS})[\d.]*"
TAGS: Final = rf"(?:v?\d{{1,2}}(?:\.\d{{1,2}}){{0,3}}|\d{{8}}|{_PART})(?:-(?:\d{{8}}|r?\d{{1,2}}|{_PART}))*"
"""Tags as the well-known images have them; no version that cannot be, and no word like `nonexistent`."""

_BUSYBOX: Final = ("busybox", "alpine", "quay.io/prometheus/busybox")
_SYSTEMS: Final = (
    "ubuntu",
    "debian",
    "centos",
    "fedora",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "oraclelinux",
    "archlinux",
    "opensuse/leap",
    "opensuse/tumbleweed",
    "registry.access.redhat.com/ubi8/ubi",
    "registry.access.redhat.com/ubi8/ubi-minimal",
    "registry.access.redhat.com/ubi9/ubi",
    "registry.access.redhat.com/ubi9/ubi-minimal",
    "quay.io/centos/centos",
    "node",
    "ruby",
    "golang",
    "bash",
)
_SITES: Final = {
    "nginx": "NGINX",
    "nginx-slim": "NGINX",
    "public.ecr.aws/nginx/nginx": "NGINX",
    "nginxinc/nginx-unprivileged": "UNPRIVILEGED",
    "bitnami/nginx": "BITNAMI",
    "gcr.io/google-samples/hello-frontend": "FRONTEND",
    "httpd": "HTTPD",
}
_WEB_SERVERS: Final = (
    "gcr.io/kuar-demo/kuard-amd64",
    "gcr.io/google-samples/hello-app",
    "gcr.io/google-samples/hello-go-gke",
    "gcr.io/google-samples/node-hello",
    "hashicorp/http-echo",
    "traefik/whoami",
    "jmalloc/echo-server",
    "kicbase/echo-server",
    "registry.k8s.io/echoserver",
    "registry.k8s.io/hpa-example",
    "registry.k8s.io/e2e-test-images/nautilus",
    "registry.k8s.io/e2e-test-images/kitten",
)

_TOOLS: Final = (
    "registry.k8s.io/e2e-test-images/jessie-dnsutils",
    "radial/busyboxplus",
    "nicolaka/netshoot",
)
"""A shell with curl, dig and their like, to look at a network from within."""

_AGENTS: Final = (
    "fluentd",
    "fluent/fluentd",
    "fluent/fluent-bit",
    "quay.io/fluentd_elasticsearch/fluentd",
    "registry.k8s.io/fluentd-elasticsearch",
)
"""What examples of DaemonSets run: agents of which nobody asks anything."""


def make_registry() -> ImageRegistry:
    """A registry with the built-in images.

    pause and agnhost; busybox, alpine, distributions of Linux and images of languages, which are a shell and
    its tools; python, which runs small programs; perl, which prints; nginx and httpd; the web servers of
    tutorials and of Kubernetes' own tests; agents that collect logs; curl; kubernetes-bootcamp.
    """
    registry = ImageRegistry()
    registry.shell = _shell
    for name in ("pause", "agnhost"):
        registry.publish_later(name, partial(_image_of, name))
    for name in (*_BUSYBOX, *_SYSTEMS):
        registry.publish_later(name, partial(_shell_image, "sh" if name in _BUSYBOX else "bash", name), TAGS)
    for name in ("perl", "python"):
        registry.publish_later(name, partial(_image_of, name), TAGS)
    for name, site in _SITES.items():
        registry.publish_later(name, partial(_site, site), TAGS)
    for name in _WEB_SERVERS:
        registry.publish_later(name, partial(_web_server, name))
    for name in _AGENTS:
        registry.publish_later(name, partial(_image_of, "standin"), TAGS)
    registry.publish_later("curlimages/curl", _curl)
    for name in _TOOLS:
        registry.publish_later(name, _tools)
    for name in ("kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp"):
        for version in (1, 2):
            registry.publish_later(f"{name}:v{version}", partial(_bootcamp, version))
    return registry


def publish_waiting(registry: ImageRegistry, name: str) -> None:
    """Publish an image whose program does nothing until it is told to end."""
    registry.publish_later(name, _waiting)


def publish_stand_in(registry: ImageRegistry) -> None:
    """Let every name that is not published mean an image that does what can be done without knowing it."""
    registry.publish_later("*", partial(_image_of, "standin"))


def _image_of(name: str) -> Image:
    return cast("Image", import_module(f"kubelite.images.{name}").IMAGE)


def _shell_image(command: str, name: str) -> Image:
    from kubelite.images import busybox  # noqa: PLC0415 - see the module's docstring
    from kubelite.images.osrelease import OS_RELEASES  # noqa: PLC0415 - see the module's docstring

    alone = command == "sh"
    program = busybox.busybox_alone if alone else busybox.busybox
    applets = busybox.OWN_APPLETS if alone else busybox.APPLETS
    return Image(
        program=program,
        kind="main",
        default_args=(command,),
        exec=program,
        size=2_220_000,
        files={"/etc/os-release": OS_RELEASES[name]} if name in OS_RELEASES else {},
        commands=tuple(f"/bin/{each}" for each in sorted(applets)),
    )


def _site(name: str) -> Image:
    from kubelite.images import nginx  # noqa: PLC0415 - see the module's docstring

    return nginx.make_image(getattr(nginx, name))


def _web_server(name: str) -> Image:
    from kubelite.images.webservers import make_image  # noqa: PLC0415 - see the module's docstring

    return make_image(name)


def _waiting() -> Image:
    from kubelite.images.pause import WAITING  # noqa: PLC0415 - see the module's docstring

    return WAITING


def _curl() -> Image:
    from kubelite.images.curl import IMAGE  # noqa: PLC0415 - see the module's docstring

    return IMAGE


def _tools() -> Image:
    from kubelite.images.agnhost import TOOLS  # noqa: PLC0415 - see the module's docstring

    return TOOLS


def _bootcamp(version: int) -> Image:
    from kubelite.images.bootcamp import make_image  # noqa: PLC0415 - see the module's docstring

    return make_image(version)


async def _shell(container: Container) -> int:
    from kubelite.images.busybox import busybox  # noqa: PLC0415 - see the module's docstring

    return await busybox(container)
