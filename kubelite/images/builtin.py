"""The images which every cluster can pull; their programs are imported when they are first pulled."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from kubelite.images.registry import Image, ImageRegistry

if TYPE_CHECKING:
    from kubelite.images.container import Container


def make_registry() -> ImageRegistry:
    """A registry with the built-in images.

    pause, agnhost, nginx, busybox (also as alpine), curl, and kubernetes-bootcamp in its two versions.
    """
    registry = ImageRegistry()
    registry.shell = _shell
    for name in ("pause", "agnhost", "nginx"):
        registry.publish_later(name, partial(_image_of, name))
    for name in ("busybox", "alpine"):
        registry.publish_later(name, _busybox)
    registry.publish_later("curlimages/curl", _curl)
    for name in ("kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp"):
        for version in (1, 2):
            registry.publish_later(f"{name}:v{version}", partial(_bootcamp, version))
    return registry


def _image_of(name: str) -> Image:
    return cast("Image", import_module(f"kubelite.images.{name}").IMAGE)


def _busybox() -> Image:
    from kubelite.images.busybox import DEFAULT_COMMAND, busybox  # noqa: PLC0415 - see the module's docstring

    return Image(program=busybox, kind="main", default_args=DEFAULT_COMMAND, exec=busybox, size=2_220_000)


def _curl() -> Image:
    from kubelite.images.curl import IMAGE  # noqa: PLC0415 - see the module's docstring

    return IMAGE


def _bootcamp(version: int) -> Image:
    from kubelite.images.bootcamp import make_image  # noqa: PLC0415 - see the module's docstring

    return make_image(version)


async def _shell(container: Container) -> int:
    from kubelite.images.busybox import busybox  # noqa: PLC0415 - see the module's docstring

    return await busybox(container)
