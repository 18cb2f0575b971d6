"""Finds removable drives, on Linux by their mount points, on Windows by their kind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Where desktops mount what is plugged in, also when it can only be read; what stands below /mnt may be anything.
_MOUNT_ROOTS = {"/media": os.R_OK, "/run/media": os.R_OK, "/mnt": os.W_OK}


def removable() -> list[tuple[Path, str]]:
    """(path, name) of every removable drive that is present; one that is write-protected can still be read."""
    return _windows() if sys.platform == "win32" else _linux()


def _linux() -> list[tuple[Path, str]]:
    found = []
    for line in _mounts():
        parts = line.split(" ")
        if len(parts) < 2:
            continue
        path = Path(parts[1].replace("\\040", " "))
        needed = next((need for root, need in _MOUNT_ROOTS.items() if str(path).startswith(root + "/")), None)
        if needed is not None and os.access(path, needed):
            found.append((path, path.name))
    return found


def _mounts() -> list[str]:
    try:
        return Path("/proc/mounts").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _windows() -> list[tuple[Path, str]]:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    removable_kind = 2
    letters = (f"{chr(code)}:\\" for code in range(ord("D"), ord("Z") + 1))
    return [(Path(root), root[:2]) for root in letters if kernel.GetDriveTypeW(root) == removable_kind]
