"""Ctrl+Z and its kin: the last actions taken back and done again, with a word and a way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit

from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.yesno import YesNoEdit

if TYPE_CHECKING:
    from jzdesk.services.undoing import Done

Failed = Callable[[int, Exception], bool]
_REDO = "重做"


def typing() -> bool:
    """Whether the keyboard is in a field, which has a Ctrl+Z of its own."""
    here = QApplication.focusWidget()
    return isinstance(here, QLineEdit | QPlainTextEdit | QComboBox | YesNoEdit)


def undo_last(desk: Desk, failed: Failed | None = None) -> None:
    """Take the newest action of this account back."""
    _look(desk, desk.services.undoing.last, "没有可以撤销的操作", failed)


def redo_last(desk: Desk, failed: Failed | None = None) -> None:
    """Do again what was undone last, when nothing was done since."""
    _look(desk, desk.services.undoing.last_undo, "没有可以重做的操作", failed)


def take_back(desk: Desk, number: int, failed: Failed | None = None) -> None:
    """Take one action back (an undo: that is 重做). `failed(number, error)` returns True when it has shown why not."""
    undoing = desk.services.undoing
    desk.write(
        lambda _: undoing.take_back(number),
        lambda done: _say(desk, done),
        (lambda error: failed(number, error)) if failed is not None else None,
        title="正在撤销",
    )


def _look(desk: Desk, find: Callable[[], Done | None], nothing: str, failed: Failed | None) -> None:
    def found(done: Done | None) -> None:
        if done is None:
            desk.say(nothing)
        else:
            take_back(desk, done.number, failed)

    desk.tasks.read("undo", find, found, owner=desk)


def _say(desk: Desk, done: Done) -> None:
    undone = done.label.startswith("撤销：")
    words = f"已{done.label}" if undone else f"已{_REDO}：{done.label}"
    desk.say(words, _REDO if undone else "撤销", lambda: take_back(desk, done.number))
