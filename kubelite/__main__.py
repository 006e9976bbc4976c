"""`python -m kubelite` and the `kubelite` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; see `kubelite --help`."""
    from kubelite.cli.main import run  # noqa: PLC0415 - the front door loads only what the command needs

    return run(sys.argv[1:] if argv is None else list(argv))


if __name__ == "__main__":
    sys.exit(main())
