"""The preview that everything printed has: the pages as they will come out, print, save as."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QPixmap
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from jzdesk.core.errors import StationFault
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.tasks import Progress

PRINT_DPI = 300
_SHOWN_EMS = 44


class PreviewDialog(Dialog):
    """Shows `pages` (PNG bytes). `pdf` is what is saved; `at(dpi)` gives the pages sharp enough for paper."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        pdf: Path,
        pages: Sequence[bytes],
        at: Callable[[int], Sequence[bytes]],
        name: str,
    ) -> None:
        super().__init__(parent, title, f"共 {len(pages)} 页", width=_SHOWN_EMS + 5)
        self.pdf, self.name, self._at = pdf, name, at
        self.body.addWidget(self._pages(pages), 1)
        self.add_button("关闭", self.reject)
        self.add_button("另存为 PDF", self.save_as, icon="save")
        self.add_button("打印", self.print_pages, role="primary", icon="print")
        self._fit_screen()

    def save_as(self) -> None:
        """Copy the PDF to where the person wants it."""
        path = widgets.pick_save(self, "另存为 PDF", self.name, "PDF (*.pdf)")
        if path is None:
            return
        try:
            shutil.copyfile(self.pdf, path)
        except OSError as fault:
            self.wrong(f"没有保存成功（{fault.strerror or fault}）。", "请换一个位置，或检查 U 盘后再试。")
        else:
            self.accept()

    def print_pages(self) -> None:
        """Ask for the printer, then print every page."""
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        printer.setFullPage(True)
        printer.setDocName(self.name)
        if QPrintDialog(printer, self).exec() == QPrintDialog.DialogCode.Accepted:
            print_images(printer, self._at(PRINT_DPI))
            self.accept()

    def _pages(self, pages: Sequence[bytes]) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(theme.em(1))
        for png in pages:
            column.addWidget(_picture(png), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        area = widgets.scrolled(inside)
        area.setStyleSheet(f"QScrollArea {{ background: #dde4e1; border-radius: {theme.em(0.3)}px; }}")
        return area

    def _fit_screen(self) -> None:
        screen = self.screen().availableSize()
        self.resize(min(theme.em(_SHOWN_EMS + 6), screen.width() - 40), screen.height() - 60)


def _picture(png: bytes) -> QLabel:
    """One page on paper."""
    made = QLabel()
    image = QPixmap()
    image.loadFromData(png)
    ratio = made.devicePixelRatioF()
    smooth = Qt.TransformationMode.SmoothTransformation
    shown = image.scaledToWidth(min(image.width(), round(theme.em(_SHOWN_EMS) * ratio)), smooth)
    shown.setDevicePixelRatio(ratio)
    made.setPixmap(shown)
    made.setStyleSheet("background: white; border: 1px solid #c3cfc9;")
    return made


def print_images(printer: QPrinter, pages: Sequence[bytes]) -> None:
    """Print each image on a page of its own, turned as it is; raises StationFault when the printer refuses."""
    painter = QPainter()
    for number, png in enumerate(pages):
        image = QImage.fromData(png)
        wide = image.width() > image.height()
        turn = QPageLayout.Orientation.Landscape if wide else QPageLayout.Orientation.Portrait
        printer.setPageOrientation(turn)
        printer.setPageMargins(QMarginsF(0, 0, 0, 0))
        ready = painter.begin(printer) if number == 0 else printer.newPage()
        if not ready:
            raise StationFault("打印机没有接受这份文件", "表已经做好，没有丢失", "请检查打印机后重试，或另存为 PDF。")
        painter.drawImage(QRectF(printer.pageLayout().fullRectPixels(printer.resolution())), image)
    painter.end()


def preview(
    desk: Desk,
    parent: QWidget,
    title: str,
    name: str,
    write: Callable[[Path, Progress], object],
    done: Callable[[], object] | None = None,
) -> None:
    """Make a PDF with `write(path, progress)` off the GUI thread, then show it; `name` is proposed for saving.

    `done` runs after the dialog has closed. The PDF lives in a private folder that is removed then::

        preview(desk, self, "责任状", "责任状.pdf", lambda path, progress: papers.pledges(path, uids, progress))
    """
    folder = tempfile.TemporaryDirectory(prefix="jzdesk-")
    pdf = Path(folder.name) / "page.pdf"
    pages_of = desk.services.papers.preview

    def job(progress: Progress) -> Sequence[bytes]:
        write(pdf, progress)
        progress(0, 0, "正在显示")
        pages: Sequence[bytes] = pages_of(pdf)
        return pages

    def show(pages: Sequence[bytes]) -> None:
        try:
            PreviewDialog(parent, title, pdf, pages, lambda dpi: pages_of(pdf, dpi), name).exec()
        finally:
            folder.cleanup()
        if done is not None:
            done()

    def failed(_: Exception) -> bool:
        folder.cleanup()
        return False

    desk.write(job, show, failed, title=f"正在制作{title}", cancellable=True, owner=parent)
