"""The command line: the same services as the window, for scripts and for the county's night batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `jz`; the exit code: 0 done, 1 the person's problem, 2 the machine's."""
    from jzdesk.cli.program import run

    return run(list(sys.argv[1:] if argv is None else argv))
