"""Wiring only: the window on a station, and the check a frozen program makes of itself."""

from __future__ import annotations

import sys
from pathlib import Path

from jzdesk import __version__
from jzdesk.core.errors import StationFault, UserError


def main(argv: list[str]) -> int:
    """Open the window; `--version` and `--self-check FOLDER` do without a person."""
    if "--version" in argv:
        print(__version__)
        return 0
    try:
        if "--self-check" in argv:
            return self_check(Path(argv[argv.index("--self-check") + 1]))
        return _window(argv)
    except (UserError, StationFault) as fault:
        print(fault.sentence(), file=sys.stderr)
        return 2 if isinstance(fault, StationFault) else 1


def _window(argv: list[str]) -> int:
    from jzdesk import ui

    folder = next((Path(word) for word in argv if not word.startswith("-")), None)
    return ui.run(folder, [word for word in argv if word.startswith("-")])


def self_check(folder: Path) -> int:
    """Make a station below `folder`, show its window for a moment, print one pledge; 0 when all of it worked."""
    from jzdesk.services.selfcheck import make_and_print
    from jzdesk.ui.selfcheck import show_for_a_moment

    services = make_and_print(folder)
    try:
        return show_for_a_moment(services, folder / "window.png")
    finally:
        services.close()
