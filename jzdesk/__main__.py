"""`python -m jzdesk` opens the window."""

from __future__ import annotations

import sys


def main() -> int:
    """The entry point of the program."""
    from jzdesk.app import main as start

    return start(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
