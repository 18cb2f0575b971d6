"""The window: everything of Qt lives here and speaks to services and core only."""

from __future__ import annotations

from pathlib import Path

from jzdesk.ui import lean  # noqa: F401 - before anything else of the window is imported


def run(folder: Path | None = None, argv: list[str] | None = None) -> int:
    """Show the window on the station in `folder` (None: the usual place) until it is closed; the exit code."""
    from jzdesk.ui.program import run as show

    return show(folder, argv or [])
