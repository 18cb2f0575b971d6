"""Finds files below `resources/` in a checkout, in an installed wheel and in a frozen build."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path


@cache
def root() -> Path:
    """The folder `resources/`; raises FileNotFoundError when the installation is incomplete."""
    frozen = getattr(sys, "_MEIPASS", None)
    package = Path(__file__).resolve().parents[1]
    candidates = [Path(frozen) / "resources"] if frozen else []
    candidates += [package / "resources", package.parent / "resources"]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError("resources/")


def resource(*parts: str) -> Path:
    """The path of one resource, e.g. `resource("codes", "sex.csv")`; raises FileNotFoundError when absent."""
    path = root().joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError("/".join(("resources", *parts)))
    return path
