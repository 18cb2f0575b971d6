"""Township: the packages of its schools that it may read, in a database of their own beside the station's.

What is read here never mixes with the station's own records: nothing in it can be changed, decided upon or exported. It
can be made anew from the files that are carried, so no backup holds it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from jzdesk.services.context import Context
from jzdesk.services.disk import files
from jzdesk.services.opening import make_database
from jzdesk.store.folder import StationFolder
from jzdesk.store.store import Store

_FOLDER = "schools"
_BORROWED = ("county", "certificate", "term")  # settings of the station that reading packages needs


def open_view(context: Context) -> tuple[Context, bool]:
    """The station's context with the other database, and whether that was only made just now."""
    folder = context.folder.path / _FOLDER
    fresh = not folder.is_dir()
    if fresh:
        _make(context, folder)
    store = Store(StationFolder(folder).database, context.key, context.store.clock)
    view = replace(context, store=store)
    borrow(view, context)
    return view, fresh


def borrow(view: Context, station: Context) -> None:
    """The view goes by the same county, keys and certificate as the station, also when these have changed."""
    for name in _BORROWED:
        if (ours := station.store.setting(name)) != view.store.setting(name):
            view.store.set_setting(name, ours)


def _make(context: Context, folder: Path) -> None:
    """Whole or not at all: what is left of an attempt that was cut short goes first."""
    unfinished = folder.with_name(f"{_FOLDER}.part")
    with files("建立各校数据的文件夹"):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make_database(
            StationFolder(unfinished), context.key, context.info.device, os.urandom(8).hex(), context.author.scope
        )
        unfinished.replace(folder)
