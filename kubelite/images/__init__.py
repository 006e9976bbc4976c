"""What runs in containers: the Container protocol, the image registry, the built-in images.

Here belongs what a program may know: its `Container` (which the node implements), and how a name in a pod's
`image` becomes a program. What a node does with it (starting, stopping, probing) does not.
"""

from kubelite.images.container import CommandNotFoundError, Container, InputStream, OutputStream, Program
from kubelite.images.files import FileSystem
from kubelite.images.registry import Image, ImageNotFound, ImageRegistry, InvalidImageName, image

__all__ = [
    "CommandNotFoundError",
    "Container",
    "FileSystem",
    "Image",
    "ImageNotFound",
    "ImageRegistry",
    "InputStream",
    "InvalidImageName",
    "OutputStream",
    "Program",
    "image",
]
