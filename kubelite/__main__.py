"""`python -m kubelite` and the `kubelite` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; see `kubelite --help`."""
    try:
        from kubelite.cli.main import run  # noqa: PLC0415 - the front door loads only what the command needs

        return run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:
        # Before a cluster takes signals itself, there is nothing to clean up.
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
