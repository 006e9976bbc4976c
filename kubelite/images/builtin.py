"""The images which every cluster can pull."""

from __future__ import annotations

from kubelite.images.registry import Image, ImageRegistry


def make_registry() -> ImageRegistry:
    """A registry with the built-in images: pause, agnhost, nginx, busybox (also as alpine)."""
    from kubelite.images import agnhost, nginx, pause  # noqa: PLC0415 - programs load when the first cluster is made
    from kubelite.images.busybox import DEFAULT_COMMAND, busybox  # noqa: PLC0415 - as above

    registry = ImageRegistry()
    registry.shell = busybox
    box = Image(program=busybox, kind="main", default_args=DEFAULT_COMMAND, exec=busybox, size=2_220_000)
    for name, image in {
        "pause": pause.IMAGE,
        "agnhost": agnhost.IMAGE,
        "nginx": nginx.IMAGE,
        "busybox": box,
        "alpine": box,
    }.items():
        registry[name] = image
    return registry
