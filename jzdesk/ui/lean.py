"""Keeps PySide6 from reading, and keeping in memory, the source text of every module imported after it.

PySide6 looks through each module's source for its own name, to know whether `from __feature__ import …` may follow.
Nobody here uses that; it costs time at every import, and 20 MB as long as the program runs.
A frozen program has no source, so there PySide6 takes every module for one that does not use it: as here.
"""

from __future__ import annotations

import sys

import PySide6.QtCore  # noqa: F401 - brings the module below


def spare_the_sources() -> None:
    """Let PySide6 take every module for one without special wishes; a PySide6 without that search is left alone."""
    feature = sys.modules.get("shibokensupport.feature")
    if feature is not None and hasattr(feature, "_mod_uses_pyside"):
        vars(feature)["_mod_uses_pyside"] = lambda _module: False


spare_the_sources()
