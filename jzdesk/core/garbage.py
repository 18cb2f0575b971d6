"""Work that makes many objects and throws none away, without the collector looking through them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def none_expected() -> Iterator[None]:
    """No automatic collection inside: looking through thousands of entries for cycles costs a fifth of a merge.

    Objects without cycles are freed at once all the same.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
