"""What the window does with an error: the person's with its remedy, the machine's with what was kept, ours logged."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from jzdesk.core.errors import StationFault, UserError, ValueFault

log = logging.getLogger("jzdesk.ui")


@dataclass(frozen=True, slots=True)
class Message:
    """What a banner shows: `tone` is wrong, look, good or calm; `what` in bold, `remedy` beneath."""

    tone: str
    what: str
    remedy: str = ""


def message_of(error: BaseException) -> Message:
    """The banner for any error."""
    if isinstance(error, UserError):
        place = f"{error.where}：" if error.where else ""
        return Message("look", f"{place}{error.what.rstrip('。')}。", error.remedy)
    if isinstance(error, StationFault):
        kept = f"{error.kept.rstrip('。')}。" if error.kept else ""
        return Message("wrong", f"{error.what.rstrip('。')}。", f"{kept}{error.remedy}")
    if isinstance(error, ValueFault):
        return Message("look", f"{error.problem.rstrip('。')}。", error.remedy)
    return Message(
        "wrong",
        "程序出了意外，这一步没有做完；已经保存的内容都还在。",
        f"请重试一次；若再次出现，请把“{_place_of(error)}”告诉维护人员（日志里不含个人信息）。",
    )


def describe(error: BaseException) -> str:
    """The error for the log: kinds and places, never the words of the message, which may hold a person's data."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename.rsplit('jzdesk', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    lines = [type(error).__name__, *places]
    cause = error.__cause__ or error.__context__
    return "\n".join(lines) + (f"\ncaused by {describe(cause)}" if cause else "")


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {place}".strip()


class Presenter(QObject):
    """Shows every error in one place: whoever listens to `shown` (the banner of the window)."""

    shown = Signal(object)

    def __call__(self, error: BaseException) -> None:
        """Show `error`; log it when it is ours. May be called from any thread."""
        if not isinstance(error, UserError | ValueFault):
            log.error("%s", describe(error))
        self.shown.emit(message_of(error))


def install(present: Callable[[BaseException], None]) -> None:
    """Exceptions in slots and threads go to `present`; Qt's own messages go to the log."""

    def hook(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(type(error), error, error.__traceback__)
        else:
            present(error)

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            present(args.exc_value)

    sys.excepthook = hook
    threading.excepthook = thread_hook
    qInstallMessageHandler(_from_qt)


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = ("This plugin does not support", "QFontDatabase: Cannot find font directory")


def _from_qt(kind: QtMsgType, _: QMessageLogContext, words: str) -> None:
    """A message of Qt: for the log, never for the person."""
    if not words.startswith(_HARMLESS):
        logging.getLogger("jzdesk.qt").log(_LEVELS[kind], "%s", words)
