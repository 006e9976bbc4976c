"""From the name in a pod's `image` to a program.

`registry["shop/backend:1"] = program` is how a user publishes an image; pulling is looking the name up. A
name that was published without a tag matches every tag, `latest` and none are the same; `*` is what all names
mean that are not published. Names of the well-known mirrors mean the same image: `busybox`,
`docker.io/library/busybox` and `registry.k8s.io/e2e-test-images/busybox`.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

import attrs

from kubelite.runtime import Shown

if TYPE_CHECKING:
    from kubelite.images.container import Program

Kind: TypeAlias = Literal["app", "asgi", "factory", "main"]
"""What a program is.

app: an aiohttp Application; asgi: an ASGI 3 callable; factory: makes one of them;
main: `async def main(container)`.
"""

KINDS: Final = ("app", "asgi", "factory", "main")
DEFAULT_SIZE: Final = 4_000_000
"""Size that an image claims in its `Pulled` event, in bytes."""

_MIRRORS: Final = (
    "docker.io/library/",
    "index.docker.io/library/",
    "registry-1.docker.io/library/",
    "mirror.gcr.io/library/",
    "public.ecr.aws/docker/library/",
    "registry.k8s.io/e2e-test-images/",
    "registry.k8s.io/",
    "k8s.gcr.io/e2e-test-images/",
    "k8s.gcr.io/",
    "gcr.io/google-samples/",
    "us-docker.pkg.dev/google-samples/containers/gke/",
    "gcr.io/kubernetes-e2e-test-images/",
    "gcr.io/google_containers/",
    "gcr.io/google-containers/",
    "docker.io/",
)
_ANY: Final = "*"
_NAME: Final = re.compile(
    r"(?P<repository>(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class ImageNotFound(LookupError):  # noqa: N818  (Kubernetes' noun)
    """No image of this name is published; the text is what containerd says."""

    def __init__(self, reference: str) -> None:
        full = full_name(reference)
        problem = f'failed to resolve reference "{full}": {full}: not found'
        super().__init__(f'failed to pull and unpack image "{full}": {problem}')
        self.reference = reference


class InvalidImageName(ValueError):  # noqa: N818  (Kubernetes' reason)
    """The name is no image reference; the text is what the kubelet says."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f'Failed to apply default image tag "{reference}": '
            f'couldn\'t parse image name "{reference}": invalid reference format'
        )
        self.reference = reference


class Account(NamedTuple):
    """A user whom an image knows: a line of /etc/passwd, and the groups which have it as a member."""

    name: str
    gid: int
    groups: tuple[int, ...] = ()


ACCOUNTS: Final[Mapping[int, Account]] = {0: Account("root", 0), 65534: Account("nobody", 65534)}
"""Whom images know that say nothing else."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Image(Shown):
    """What stands behind a name.

    Attributes:
        program: The program, of the kind that `kind` says.
        kind: What the program is.
        entrypoint: The first part of `argv` when the pod gives no command (args come after it).
        default_args: The rest of `argv` when the pod gives neither command nor args.
        exec: Runs exec'd commands: `async def main(container)` with the command in `container.argv`. None
            means the registry's `shell`, if it has one.
        size: Bytes, as the `Pulled` event shows them.
        env: Environment variables of the image, beaten by the pod's.
        working_dir: Working directory unless the pod says another.
        user: Who runs the program unless the pod says another.
        accounts: The users it knows, by their numbers.
        groups: Names of the groups that are not those of one user, by their numbers.
        files: Files of its own: text by absolute path.
        commands: The files which are its commands, for those who look at it as a volume.
        foreign: Nobody knows whose its files are, nor who runs its program: everybody may write everywhere.
    """

    program: Any
    kind: Kind
    entrypoint: tuple[str, ...] = ()
    default_args: tuple[str, ...] = ()
    exec: Program | None = None
    size: int = DEFAULT_SIZE
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = "/"
    user: int = 0
    accounts: Mapping[int, Account] = ACCOUNTS
    groups: Mapping[int, str] = attrs.field(factory=dict)
    files: Mapping[str, str] = attrs.field(factory=dict)
    commands: tuple[str, ...] = ()
    foreign: bool = False


def image(
    program: Any,
    kind: Kind | None = None,
    *,
    entrypoint: tuple[str, ...] = (),
    exec: Program | None = None,  # noqa: A002  (the word of Kubernetes)
    size: int = DEFAULT_SIZE,
) -> Image:
    """Say what a program is, where looking at it does not tell; and what else belongs to its image.

    Raises:
        TypeError: `kind` is none of the four, or is not given and cannot be told.
    """
    if kind is not None and kind not in KINDS:
        raise TypeError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return Image(
        program=program,
        kind=kind or kind_of(program),
        entrypoint=entrypoint,
        exec=exec,
        size=size,
        foreign=True,
    )


def kind_of(program: Any) -> Kind:
    """What a program is, told by its type and the arguments it needs.

    Raises:
        TypeError: It could be several things, or none.
    """
    from aiohttp import web  # noqa: PLC0415  (not needed by those who only name images)

    if isinstance(program, web.Application | web.Server):
        return "app"
    if not callable(program):
        raise TypeError(f"an image must be an application or callable, not {type(program).__name__}")
    needed, most = _positional(program)
    if needed == 0 and most == 0:
        return "factory"
    if needed == 1 and _is_async(program):
        return "main"
    if needed == 3:
        return "asgi"
    raise TypeError(
        f"cannot tell what {_name(program)} is: an application factory takes no argument, "
        "a main one (and is async), an ASGI application three; "
        f"say it with kubelite.image(program, kind={' | '.join(map(repr, KINDS))})"
    )


class ImageRegistry(MutableMapping[str, Any]):
    """The images that nodes can pull: name -> Application, factory, ASGI callable, main, or `Image`.

    Attributes:
        shell: Runs exec'd commands in images that have no `exec` of their own; None refuses them.
    """

    def __init__(self) -> None:
        self.shell: Program | None = None
        self._images: dict[tuple[str, str], Image | Callable[[], Image]] = {}
        self._tags: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<ImageRegistry {', '.join(sorted(self)) or 'empty'}>"

    def __setitem__(self, name: str, program: Any) -> None:
        """Publish.

        Raises:
            InvalidImageName: `name` is no image reference.
            TypeError: What the program is cannot be told: wrap it in `kubelite.image(program, kind=…)`.
        """
        repository, tag = key = _published(name)
        if not tag:
            self._tags.pop(repository, None)
        self._images[key] = program if isinstance(program, Image) else image(program)

    def publish_later(self, name: str, make: Callable[[], Image], tags: str = "") -> None:
        """Publish an image that is made when it is first wanted.

        Args:
            name: Of the image.
            make: Makes it.
            tags: What tags there are of a name without one, as a regular expression; empty means any.

        Raises:
            InvalidImageName: `name` is no image reference.
        """
        repository, _ = key = _published(name)
        if tags:
            self._tags[repository] = tags
        self._images[key] = make

    def __getitem__(self, name: str) -> Image:
        """What was published under exactly this name and tag."""
        return self._made(_published(name))

    def _made(self, key: tuple[str, str]) -> Image:
        found = self._images[key]
        if not isinstance(found, Image):
            found = self._images[key] = found()
        return found

    def __delitem__(self, name: str) -> None:
        """Withdraw it: containers that run go on, new ones get ErrImagePull."""
        del self._images[_published(name)]

    def __iter__(self) -> Iterator[str]:
        return (f"{repository}:{tag}" if tag else repository for repository, tag in self._images)

    def __len__(self) -> int:
        return len(self._images)

    def resolve(self, reference: str) -> Image:
        """The image that a pod's `image` means: the exact tag, the name published without one, or else `*`.

        Raises:
            InvalidImageName: `reference` is no image reference.
            ImageNotFound: Nothing of that name and tag is published.
        """
        repository, tag = _key(reference)
        tags = self._tags.get(repository)
        exists = not (tag and tags) or re.fullmatch(tags, tag)
        for key in ((repository, tag or "latest"), (repository, ""), (_ANY, "")):
            if key in self._images and (exists or key != (repository, "")):
                return self._made(key)
        raise ImageNotFound(reference)


def full_name(reference: str) -> str:
    """The name as a container runtime writes it: `docker.io/library/busybox:latest`.

    Raises:
        InvalidImageName: `reference` is no image reference.
    """
    match = _NAME.fullmatch(reference)
    if match is None:
        raise InvalidImageName(reference)
    repository, tag, digest = match["repository"], match["tag"], match["digest"]
    first, slash, _ = repository.partition("/")
    if not slash:
        repository = f"docker.io/library/{repository}"
    elif not ("." in first or ":" in first or first == "localhost"):
        repository = f"docker.io/{repository}"
    return repository + (f":{tag}" if tag else "" if digest else ":latest") + (f"@{digest}" if digest else "")


def image_id(reference: str) -> str:
    """What a container status shows as `imageID`: a digest made of the name, the same in every run."""
    name = full_name(reference).partition("@")[0]
    repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    return f"{repository}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def _published(name: str) -> tuple[str, str]:
    """The key under which an image is kept."""
    return (_ANY, "") if name == _ANY else _key(name)


def _key(reference: str) -> tuple[str, str]:
    """(name without well-known prefixes, tag or "")."""
    match = _NAME.fullmatch(reference)
    if match is None:
        raise InvalidImageName(reference)
    repository = match["repository"]
    for prefix in _MIRRORS:
        if repository.startswith(prefix):
            repository = repository[len(prefix) :]
            break
    return repository, match["tag"] or ""


def _positional(program: Callable[..., Any]) -> tuple[int, int]:
    """How many positional arguments a call needs, and takes at most (a large number for `*args`).

    Raises:
        TypeError: The callable does not tell its arguments.
    """
    try:
        parameters = inspect.signature(program).parameters.values()
    except ValueError as error:
        raise TypeError(
            f"{_name(program)} does not tell its arguments; use kubelite.image(program, kind=…)"
        ) from error
    needed = most = 0
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            most += 1000
        elif parameter.kind in {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}:
            most += 1
            needed += parameter.default is inspect.Parameter.empty
    return needed, most


def _is_async(program: Any) -> bool:
    """Whether a call gives a coroutine: functions, partials, and instances with an async `__call__`."""
    while hasattr(program, "func"):
        program = program.func
    call = getattr(type(program), "__call__", None)  # noqa: B004  (the function itself is wanted)
    return inspect.iscoroutinefunction(program) or inspect.iscoroutinefunction(call)


def _name(program: Any) -> str:
    return cast("str", getattr(program, "__qualname__", None) or repr(program))
