"""Everything that prints has a preview: made off the GUI thread, saved, printed, and its folder removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from jzdesk.core.errors import UserError
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.preview import PreviewDialog, preview, print_images
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.tasks import Progress

Settle = Callable[[], None]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[PreviewDialog]:
    """Previews that opened."""
    opened: list[PreviewDialog] = []
    monkeypatch.setattr(PreviewDialog, "exec", lambda dialog: opened.append(dialog) or 0)  # type: ignore[func-returns-value]
    return opened


def write(desk: Desk) -> Callable[[Path, Progress], object]:
    return lambda path, _: desk.services.papers.recovery(path, "青石镇中心小学", "ABCD-EFGH-JKLM-NPQR")


def test_a_preview_shows_the_pages_and_leaves_no_file_behind(
    qtbot: QtBot, desk: Desk, settle: Settle, seen: list[PreviewDialog]
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    preview(desk, parent, "恢复钥匙单", "恢复钥匙单.pdf", write(desk))
    settle()
    assert len(seen) == 1
    assert any(not label.pixmap().isNull() and label.pixmap().width() > 400 for label in seen[0].findChildren(QLabel))
    assert not seen[0].pdf.parent.exists()


def test_a_paper_that_cannot_be_made_says_why(
    qtbot: QtBot, desk: Desk, settle: Settle, seen: list[PreviewDialog], messages: list[Message]
) -> None:
    def refuse(_: Path, __: Progress) -> None:
        raise UserError("没有可打印的责任状", "请先生成责任状。")

    parent = QWidget()
    qtbot.addWidget(parent)
    preview(desk, parent, "责任状", "责任状.pdf", refuse)
    settle()
    assert seen == []
    assert messages == [Message("look", "没有可打印的责任状。", "请先生成责任状。")]


def test_a_preview_is_saved_and_printed(
    qtbot: QtBot, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf, wanted, printed = tmp_path / "a.pdf", tmp_path / "b.pdf", tmp_path / "c.pdf"
    write(desk)(pdf, Progress())
    pages = desk.services.papers.preview(pdf)
    dialog = PreviewDialog(None, "恢复钥匙单", pdf, pages, lambda dpi: desk.services.papers.preview(pdf, dpi), "b.pdf")
    qtbot.addWidget(dialog)
    monkeypatch.setattr(widgets, "pick_save", lambda *_: wanted)
    dialog.save_as()
    assert wanted.read_bytes() == pdf.read_bytes()
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(printed))
    print_images(printer, pages + pages)
    assert len(desk.services.papers.preview(printed)) == 2
