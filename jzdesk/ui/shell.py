"""The main window: navigation, pages built when first opened, banner, progress, status, keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import zip_longest

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTime, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from jzdesk.core.errors import UserError
from jzdesk.ui import icons, theme, undoing, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.indexing import Indexing
from jzdesk.ui.page import Page
from jzdesk.ui.places import Place, places_of
from jzdesk.ui.tasks import Task
from jzdesk.ui.toast import Toast

NAVIGATION = 11
PLACE_KEYS = "1234567890-=`"  # with Alt, in the order of the navigation: the upper row, and its left end last
KIND_LABELS = {"school": "学校", "township": "乡镇中心学校", "county": "县教育局"}
PRODUCT = "教育帮扶台账"


class Navigation(QFrame):
    """The dark column at the left; Alt with the upper row of the keyboard (`PLACE_KEYS`) opens the places in order."""

    def __init__(self, places: list[Place], station: str, open_: Callable[[str], object]) -> None:
        super().__init__()
        self.setProperty("role", "navigation")
        self.setFixedWidth(theme.em(NAVIGATION))
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, theme.em(0.8))
        inside.setSpacing(0)
        inside.addWidget(_brand(station))
        self._buttons = {
            place.key: self._button(place, key, open_) for place, key in zip_longest(places, PLACE_KEYS) if place
        }
        for made in self._buttons.values():
            inside.addWidget(made, 100)  # a low window makes the places lower, rather than hide one
        inside.addStretch(1)

    def mark_here(self, key: str) -> None:
        """Show which place is open."""
        for each, made in self._buttons.items():
            made.setChecked(each == key)

    def _button(self, place: Place, key: str | None, open_: Callable[[str], object]) -> QPushButton:
        made = PlaceButton(place.title, key or "")
        made.setIcon(icons.icon(place.icon, "#a8c4ba", "#ffffff"))
        made.clicked.connect(lambda: open_(place.key))
        return made


class PlaceButton(widgets.Button):
    """One place of the navigation, with the key that opens it at the right."""

    def __init__(self, title: str, key: str) -> None:
        super().__init__(title)
        self._key = key
        self.setProperty("role", "place")
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setIconSize(QSize(theme.em(1.25), theme.em(1.25)))
        self.setToolTip(f"Alt+{key}" if key else title)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMaximumHeight(theme.em(2.75))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The usual button, then the key, small and faint."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setFont(theme.large(0.8, bold=False))
        painter.setPen(QColor(theme.NAVIGATION_KEY))
        room = self.rect().adjusted(0, 0, -theme.em(0.8), 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._key)
        painter.end()


def _brand(station: str) -> QWidget:
    made = QWidget()
    name = widgets.Elided(station)
    theme.mark(name, tone="muted")
    inside = widgets.column(widgets.label("教育帮扶", size=1.2, bold=True), name, space=0.1)
    inside.setContentsMargins(theme.em(1.2), theme.em(1.1), theme.em(0.8), theme.em(0.9))
    made.setLayout(inside)
    return made


class ProgressStrip(QFrame):
    """What is being done, how far, and a way to stop; appears when a job takes more than a moment."""

    PATIENCE_MS = 350

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._tasks: list[Task[object]] = []
        self._words, self._bar = widgets.Elided(), QProgressBar()
        self._bar.setTextVisible(False)
        self._stop = widgets.button("停止", self._cancel)
        inside = QHBoxLayout(self)
        inside.setContentsMargins(theme.em(1), theme.em(0.5), theme.em(1), theme.em(0.5))
        inside.setSpacing(theme.em(1))
        inside.addWidget(self._words, 2)
        inside.addWidget(self._bar, 3)
        inside.addWidget(self._stop)
        self._timer = QTimer(self, singleShot=True, interval=self.PATIENCE_MS)
        self._timer.timeout.connect(self.show)
        self.hide()

    def begin(self, task: Task[object]) -> None:
        """A job was handed over."""
        self._tasks.append(task)
        if len(self._tasks) == 1:
            self._present(task)
            self._timer.start()

    def report(self, task: Task[object], done: int, total: int, text: str) -> None:
        """A job says how far it is."""
        if not self._tasks or self._tasks[0] is not task:
            return
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        amount = f"　{done:,} / {total:,}" if total else ""
        self._words.put(f"{task.title}　{text}{amount}")

    def end(self, task: Task[object]) -> None:
        """A job is over."""
        self._tasks = [each for each in self._tasks if each is not task]
        if self._tasks:
            self._present(self._tasks[0])
        else:
            self._timer.stop()
            self.hide()

    def _present(self, task: Task[object]) -> None:
        self._words.put(f"{task.title}……")
        self._bar.setRange(0, 0)
        self._stop.setVisible(task.cancellable)
        self._stop.setEnabled(True)
        self._stop.setText("停止")

    def _cancel(self) -> None:
        if self._tasks:
            self._tasks[0].progress.cancel()
            self._stop.setEnabled(False)
            self._stop.setText("正在停止……")


class Hints(QLabel):
    """The keys of a page at the right of the status bar; whole hints are left out at the end where room is short."""

    def __init__(self) -> None:
        super().__init__()
        self._hints: list[str] = []
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def put(self, hints: str) -> None:
        """Show these, which ideographic spaces separate, the most needed first."""
        self._hints = hints.split("\u3000")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, room = self.fontMetrics(), self.width() - theme.em(1.2)
        shown = list(self._hints)
        while len(shown) > 1 and metrics.horizontalAdvance("\u3000".join(shown)) > room:
            shown.pop()
        self.setText("\u3000".join(shown))
        self.setToolTip("\n".join(self._hints) if len(shown) < len(self._hints) else "")


class Shell(QMainWindow):
    """The window of one open station."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        info = desk.services.info
        self.setWindowIcon(icons.icon("school", theme.ACCENT))
        self.places = places_of(info.kind)
        self._pages: dict[str, Page] = {}
        self._here = ""
        self.navigation = Navigation(self.places, info.name, self.open)
        self.banner, self.strip, self.stack = widgets.Banner(), ProgressStrip(), QStackedWidget()
        self.setCentralWidget(self._middle())
        self.toast = Toast(self.stack)
        self._status_bar()
        self._wire()
        self._keys()
        self.resize(1366, 768)
        self.open(self.places[0].key)

    def open(self, key: str, hint: str = "") -> bool:
        """Open a place; False when the person chose to stay or the place does not exist."""
        place = next((each for each in self.places if each.key == key), None)
        here = self.page()
        if place is None or (here is not None and key != self._here and not here.may_leave()):
            self.navigation.mark_here(self._here)
            return False
        page = self._built(place)
        if key != self._here and self.banner.property("tone") != "wrong":
            self.banner.dismiss()  # what was to be put right was about the page that is left
        self._here = key
        self.setWindowTitle(f"{PRODUCT} — {self.desk.services.info.name} — {place.title}")
        self.navigation.mark_here(key)
        self.stack.setCurrentWidget(page)
        self.toast.raise_()  # a page built just now would cover it
        self._hints.put(page.hints)
        page.arrive(hint)
        page.take_cursor()
        return True

    def page(self) -> Page | None:
        """The page in front."""
        return self._pages.get(self._here)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about changes and about work under way."""
        page = self.page()
        if page is not None and not page.may_leave():
            event.ignore()
            return
        if self.desk.tasks.busy() and not self._leave_work():
            event.ignore()
            return
        super().closeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The strip above the page is there only while something stands in it."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._strips.setVisible(not self.banner.isHidden() or not self.strip.isHidden())
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the toast in its place."""
        super().resizeEvent(event)
        self.toast.settle()

    def _built(self, place: Place) -> Page:
        if place.key not in self._pages:
            page = place.build(self.desk)
            self._pages[place.key] = page
            page.hinted.connect(lambda: self._hints.put(page.hints))
            self.stack.addWidget(page)
        return self._pages[place.key]

    def _middle(self) -> QWidget:
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        strips = widgets.column(self.banner, self.strip)
        strips.setContentsMargins(theme.em(1.4), theme.em(1), theme.em(1.4), 0)
        self._strips = widgets.holder(strips)
        strips.setContentsMargins(theme.em(1.4), theme.em(1), theme.em(1.4), 0)
        for part in (self.banner, self.strip):
            part.installEventFilter(self)
        self._strips.hide()
        right.addWidget(self._strips)
        right.addWidget(self.stack, 1)
        whole = QWidget()
        inside = QHBoxLayout(whole)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.navigation)
        inside.addLayout(right, 1)
        return whole

    def _status_bar(self) -> None:
        info, actor = self.desk.services.info, self.desk.services.actor
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(0, 0, theme.em(0.6), 0)
        words = f"{KIND_LABELS.get(info.kind, info.kind)}　{info.code}　操作人 {actor.account}"
        if not info.certified:
            words += "　尚未登记县级证书"
        bar.addWidget(widgets.label(words))
        self._saved = widgets.label()
        bar.addWidget(self._saved)
        self._hints = Hints()
        bar.addPermanentWidget(self._hints, 1)
        bar.addPermanentWidget(
            widgets.button("最近操作", lambda: self.show_actions(), role="link", tip="Ctrl+Shift+Z；Ctrl+Z 撤销上一步")
        )

    def _wire(self) -> None:
        desk = self.desk
        desk.toasted.connect(self.toast.say)
        desk.noted.connect(self._note)
        desk.present.shown.connect(self._note)
        desk.wanted.connect(self.open)
        desk.changed.connect(self._on_change)
        Indexing(desk, self)
        desk.tasks.started.connect(self.strip.begin)
        desk.tasks.progressed.connect(self.strip.report)
        desk.tasks.ended.connect(self.strip.end)

    def _keys(self) -> None:
        for place, key in zip(self.places, PLACE_KEYS, strict=False):
            self._key(f"Alt+{key}", partial(self.open, place.key))
        self._key("F3", lambda: self._tell(Page.seek))
        self._key("Ctrl+F", lambda: self._tell(Page.seek))
        self._key("F5", lambda: self._tell(Page.refresh))
        self._key("Ctrl+N", lambda: self._tell(Page.new))
        self._key("Ctrl+S", lambda: self._tell(Page.save))
        self._key("Ctrl+Z", self.undo)
        self._key("Ctrl+Y", self.redo)
        self._key("Ctrl+Shift+Z", self.show_actions)
        self._key("F1", self._about)

    def _key(self, keys: str, do: Callable[[], object]) -> None:
        QShortcut(QKeySequence(keys), self, lambda: do())

    def _tell(self, verb: Callable[[Page], None]) -> None:
        """Call the page's own version of a verb."""
        if (page := self.page()) is not None:
            getattr(page, verb.__name__)()

    def _about(self) -> None:
        from jzdesk.ui.dialogs.about import AboutDialog

        AboutDialog(self, self.desk.services.info).exec()

    def undo(self) -> None:
        """Ctrl+Z: take the last action back; a field that is being typed into has its own."""
        if not undoing.typing():
            undoing.undo_last(self.desk, self._cannot_undo)

    def redo(self) -> None:
        """Ctrl+Y: do again what was undone last."""
        if not undoing.typing():
            undoing.redo_last(self.desk, self._cannot_undo)

    def show_actions(self, number: int | None = None) -> None:
        """Ctrl+Shift+Z: the list of the last actions, the cursor on the one with this number."""
        from jzdesk.ui.dialogs.history import HistoryDialog

        HistoryDialog(self, self.desk, number).open()

    def _cannot_undo(self, number: int, error: Exception) -> bool:
        """Something was built on the action: the list shows what."""
        if not isinstance(error, UserError):
            return False
        self.show_actions(number)
        return True

    def _note(self, message: Message) -> None:
        self.banner.say(message)

    def _on_change(self, _: Changes) -> None:
        self._saved.setText(f"已保存 {QTime.currentTime().toString('HH:mm:ss')}")

    def _leave_work(self) -> bool:
        what, then = "还有工作没有做完", "现在退出会等手头这一步做完；已经保存的内容都在。"
        return widgets.confirm(self, what, then, "做完就退出", no="不退出")
