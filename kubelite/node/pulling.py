"""What comes of looking for an image: it is here, it is pulled, or why it cannot be had.

Source: k8s.io/kubernetes/pkg/kubelet/images/image_manager.go (EnsureImageExists).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kubelite.apimachinery.scheme import Object
from kubelite.images.registry import Image, ImageNotFound, ImageRegistry, InvalidImageName

_TOOK: Final = "in 1ms (1ms including waiting)"


class Pull(NamedTuple):
    """What came of it.

    Attributes:
        image: The image; None if it cannot be had.
        reason: Why not: InvalidImageName, ErrImageNeverPull or ErrImagePull.
        message: What is told of it.
        asked: It was asked for over the network.
    """

    image: Image | None
    reason: str
    message: str
    asked: bool = False


def pull(images: ImageRegistry, reference: str, policy: str, pulled: set[str]) -> Pull:
    """Have an image on a node.

    Args:
        images: What can be pulled.
        reference: Which one.
        policy: Always, IfNotPresent or Never.
        pulled: The images that were pulled there; one that is pulled now is added.
    """
    here = policy != "Always" and (policy == "Never" or reference in pulled)
    try:
        found = images.resolve(reference)
    except InvalidImageName as error:
        return Pull(None, "InvalidImageName", str(error))
    except ImageNotFound as error:
        if policy == "Never":
            text = f'Container image "{reference}" is not present with pull policy of Never'
            return Pull(None, "ErrImageNeverPull", text)
        return Pull(None, "ErrImagePull", f"rpc error: code = NotFound desc = {error}", asked=True)
    if here:
        text = f'Container image "{reference}" already present on machine and can be accessed by the pod'
        return Pull(found, "", text)
    pulled.add(reference)
    text = f'Successfully pulled image "{reference}" {_TOOK}. Image size: {found.size} bytes.'
    return Pull(found, "", text, asked=True)


def image_volumes(pod_spec: Object, container: Object) -> Iterator[tuple[str, Object]]:
    """The volumes that are images and that a container mounts: their names and sources."""
    mounted = {mount["name"] for mount in container.get("volumeMounts") or ()}
    for volume in pod_spec.get("volumes") or ():
        if volume.get("image") is not None and volume["name"] in mounted:
            yield volume["name"], volume["image"]
