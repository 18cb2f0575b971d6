"""Small building blocks of every page: buttons, cards, banners, badges, rows and columns, questions, file pickers.

Roles and tones are properties that `theme.style_sheet` looks at: role card, banner, badge…; tone wrong, look, good,
muted, calm.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from jzdesk.ui import icons, theme
from jzdesk.ui.errors_shown import Message

_L = TypeVar("_L", bound=QBoxLayout)
_TONE_ICONS = {"wrong": "error", "look": "warning", "good": "ok", "calm": "info"}
_TONE_COLOURS = {"wrong": theme.WRONG, "look": theme.LOOK, "good": theme.GOOD, "calm": "#3b6a8a"}


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    *,
    icon: str = "",
    role: str = "",
    tip: str = "",
) -> QPushButton:
    """A push button; `role` is "" (plain), "primary", "danger" or "link". Enter presses it when it has the focus."""
    made = Button(text)
    made.setAutoDefault(False)
    if role:
        made.setProperty("role", role)
    if icon:
        made.setIcon(icons.icon(icon, _button_colour(role)))
        made.setIconSize(QSize(theme.em(1.2), theme.em(1.2)))
    if tip:
        made.setToolTip(tip)
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def _button_colour(role: str) -> str:
    return {"primary": "#ffffff", "danger": theme.WRONG, "link": theme.ACCENT}.get(role, theme.MUTED)


class Button(QPushButton):
    """A push button that Enter presses too, also outside dialogs."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Return click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.isEnabled():
            self.click()
        else:
            super().keyPressEvent(event)


def tool(icon: str, clicked: Callable[[], object], tip: str, colour: str = theme.MUTED) -> QToolButton:
    """A small button with an icon only; `tip` is also its name for screen readers."""
    made = QToolButton()
    made.setIcon(icons.icon(icon, colour))
    made.setIconSize(QSize(theme.em(1.15), theme.em(1.15)))
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setCursor(Qt.CursorShape.ArrowCursor)
    made.clicked.connect(lambda: clicked())
    return made


def label(text: str = "", *, tone: str = "", size: float = 1, bold: bool = False, wrap: bool = False) -> QLabel:
    """A label in plain text (never rich text: what people typed may look like HTML)."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if tone:
        made.setProperty("tone", tone)
    if size != 1 or bold:
        made.setFont(theme.large(size, bold=bold))
    return made


def badge(text: str, tone: str = "") -> QLabel:
    """A small rounded word: 已并入, 待核对…"""
    made = label(text, tone=tone)
    made.setProperty("role", "badge")
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
    return made


def line() -> QFrame:
    """A thin horizontal line."""
    made = QFrame()
    made.setProperty("role", "line")
    return made


def row(*parts: QWidget | QLayout | int | None, margins: int = 0, space: float = 0.6) -> QHBoxLayout:
    """A horizontal layout of widgets and layouts; None is a stretch, an int so many ems of space."""
    return _filled(QHBoxLayout(), parts, margins, space)


def column(*parts: QWidget | QLayout | int | None, margins: int = 0, space: float = 0.6) -> QVBoxLayout:
    """A vertical layout of widgets and layouts; None is a stretch, an int so many ems of space."""
    return _filled(QVBoxLayout(), parts, margins, space)


def _filled(layout: _L, parts: tuple[QWidget | QLayout | int | None, ...], margins: int, space: float) -> _L:
    layout.setContentsMargins(margins, margins, margins, margins)
    layout.setSpacing(theme.em(space))
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(theme.em(part))
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
    return layout


def holder(layout: QLayout) -> QWidget:
    """A bare widget around a layout."""
    made = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    made.setLayout(layout)
    return made


def scrolled(inside: QWidget) -> QScrollArea:
    """`inside`, scrolling vertically when it is too tall, as wide as there is room; without a frame."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    inside.setProperty("role", "inside")
    area.setWidget(inside)
    area.viewport().setAutoFillBackground(False)
    return area


class Card(QFrame):
    """A white surface with a title. Put things into `body`; `clicked` is emitted when `live`."""

    clicked = Signal()

    def __init__(self, title: str = "", *, live: bool = False, space: float = 0.6) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setProperty("live", "true" if live else "false")
        self._live = live
        if live:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.em(1), theme.em(0.85), theme.em(1), theme.em(0.85))
        self.body.setSpacing(theme.em(space))
        if title:
            self.body.addWidget(label(title, size=1.15, bold=True))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click anywhere on a live card."""
        super().mouseReleaseEvent(event)
        if self._live and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter or space on a live card."""
        if self._live and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class Banner(QFrame):
    """A calm strip that says something and how to put it right; stays until closed or replaced."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self._icon, self._what, self._remedy = QLabel(), label(wrap=True, bold=True), label(wrap=True)
        self._actions = QHBoxLayout()
        words = column(self._what, self._remedy, space=0.2)
        close = tool("close", self.dismiss, "关闭这条提示")
        inside = row(self._icon, words, self._actions, close, space=0.7)
        inside.setStretch(1, 1)
        inside.setAlignment(self._icon, Qt.AlignmentFlag.AlignTop)
        inside.setAlignment(close, Qt.AlignmentFlag.AlignTop)
        inside.setContentsMargins(theme.em(0.9), theme.em(0.6), theme.em(0.6), theme.em(0.6))
        self.setLayout(inside)
        self.hide()

    def say(self, message: Message, actions: tuple[tuple[str, Callable[[], object]], ...] = ()) -> None:
        """Show `message`; each action is (text of its button, what it does)."""
        theme.mark(self, tone=message.tone)
        self._icon.setPixmap(self._picture(message.tone))
        self._what.setText(message.what)
        self._remedy.setText(message.remedy)
        self._remedy.setVisible(bool(message.remedy))
        self._set_actions(actions)
        self.show()

    def text(self) -> str:
        """Both sentences as shown; empty when hidden."""
        return f"{self._what.text()}{self._remedy.text()}" if not self.isHidden() else ""

    def dismiss(self) -> None:
        """Put the banner away."""
        self.hide()
        self.closed.emit()

    def _picture(self, tone: str) -> QPixmap:
        return icons.pixmap(_TONE_ICONS[tone], theme.em(1.5), _TONE_COLOURS[tone], self.devicePixelRatioF())

    def _set_actions(self, actions: tuple[tuple[str, Callable[[], object]], ...]) -> None:
        clear(self._actions)
        for text, do in actions:
            self._actions.addWidget(button(text, do))


class Empty(QWidget):
    """What stands where there is nothing: an icon, a sentence, what to do, and its button."""

    def __init__(self, icon: str, what: str, hint: str = "", act: QPushButton | None = None) -> None:
        super().__init__()
        picture = QLabel()
        picture.setPixmap(icons.pixmap(icon, theme.em(3.2), "#a9bbb3", self.devicePixelRatioF()))
        inside = column(None, picture, label(what, size=1.1, bold=True, wrap=True), space=0.7)
        if hint:
            inside.addWidget(label(hint, tone="muted", wrap=True))
        if act is not None:
            inside.addWidget(act, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(2)
        for number in range(inside.count()):
            item = inside.itemAt(number)
            widget = item.widget() if item is not None else None
            if isinstance(widget, QLabel):
                widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(inside)


def clear(layout: QLayout) -> None:
    """Remove and delete everything in `layout`."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)


class Elided(QLabel):
    """A label that ends in … when there is no room; the whole text is its tool tip."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.put(text)

    def put(self, text: str) -> None:
        """Show `text`."""
        self._whole = text
        self._fit()

    def whole(self) -> str:
        """All of the text."""
        return self._whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(self.width(), theme.em(2)))
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def confirm(parent: QWidget, what: str, then: str, yes: str, *, no: str = "取消", danger: bool = False) -> bool:
    """Ask before something that matters: `what` in bold, `then` says what will happen, `yes` names the deed.

    The careful answer has the focus: Enter alone does nothing that cannot be taken back.
    """
    box = QMessageBox(parent)
    box.setWindowTitle("请确认")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(what)
    box.setInformativeText(then)
    agreed = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    agreed.setProperty("role", "danger" if danger else "primary")
    careful = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(careful)
    box.setEscapeButton(careful)
    box.exec()
    return box.clickedButton() is agreed


def pick_open(parent: QWidget, title: str, kinds: str = "工作簿 (*.xlsx *.xls *.et *.csv)") -> Path | None:
    """Let the person choose a file to read; None when they changed their mind."""
    return next(iter(_picked(_file_dialog(parent, title, _start(), kinds))), None)


def pick_opens(parent: QWidget, title: str, kinds: str) -> list[Path]:
    """Several files to read."""
    dialog = _file_dialog(parent, title, _start(), kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return _picked(dialog)


def pick_save(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Where to write a file proposed as `name`; asks before replacing one. None when they changed their mind."""
    dialog = _file_dialog(parent, title, _start(), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
    dialog.selectFile(name)
    return next(iter(_picked(dialog)), None)


def pick_folder(parent: QWidget, title: str, start: Path | None = None) -> Path | None:
    """A folder or a stick; None when they changed their mind."""
    dialog = _file_dialog(parent, title, str(start or _start()), "")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return next(iter(_picked(dialog, folder=True)), None)


def _file_dialog(parent: QWidget, title: str, start: str, kinds: str) -> QFileDialog:
    """The desktop's own dialog, else Qt's, of which two labels lack in its Chinese."""
    made = QFileDialog(parent, title, start, kinds)
    made.setFileMode(QFileDialog.FileMode.ExistingFile)
    made.setLabelText(QFileDialog.DialogLabel.LookIn, "查找范围：")
    made.setLabelText(QFileDialog.DialogLabel.FileType, "文件类型：")
    return made


def _picked(dialog: QFileDialog, *, folder: bool = False) -> list[Path]:
    chosen = dialog.exec() == QFileDialog.DialogCode.Accepted
    names = dialog.selectedFiles() if chosen else []
    dialog.deleteLater()
    return [path for name in names if (path := _remember(name, folder=folder))]


_last_folder: list[Path] = []


def _start() -> str:
    """Where file dialogs open: the folder used last, else the person's own."""
    return str(_last_folder[-1] if _last_folder and _last_folder[-1].is_dir() else Path.home())


def _remember(name: str, *, folder: bool = False) -> Path | None:
    if not name:
        return None
    path = Path(name)
    _last_folder[:] = [path if folder else path.parent]
    return path
