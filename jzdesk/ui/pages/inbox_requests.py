"""The requests of the 收件箱: stations that ask for a certificate, certified after a telephone call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.county import RequestLine


class RequestsView(QWidget):
    """Stations that ask for a certificate, each with the characters to compare by telephone."""

    def __init__(self, issue: Callable[[RequestLine], object]) -> None:
        super().__init__()
        self._issue = issue
        self.table = Listing(
            (
                Column("name", "学校", 24),
                Column("code", "学校标识码", 14),
                Column("fingerprint", "校验字", 13),
                Column("known", "在学校名单里", 12, text=_known, tone=lambda one: "" if one.known else "wrong"),
                Column("sentence", "说明", 50, text=_request_sentence),
            ),
            key=lambda one: str(one.path),
        )
        hint = "学校在“数据交换”里按“申请证书”，把申请文件放到 U 盘上带来，就会出现在这里。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("certificate", "没有证书申请", hint))
        self.mine = widgets.label(bold=True)
        self.deed = widgets.button("发证…（回车）", self.issue, icon="certificate", role="primary")
        foot = widgets.row(widgets.label("本县校验字（学校装证书时要核对）", tone="muted"), self.mine, None, self.deed)
        inside = widgets.column(self.middle, foot)
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.opened.connect(lambda _: self.issue())
        self.table.chosen.connect(lambda _: self._allow())

    def show_requests(self, lines: Sequence[RequestLine], fingerprint: str) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        self.mine.setText(fingerprint)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._allow()

    def issue(self) -> None:
        """Certify the one with the cursor."""
        line: RequestLine | None = self.table.row_here()
        if line is not None and self.deed.isEnabled():
            self._issue(line)

    def _allow(self) -> None:
        line: RequestLine | None = self.table.row_here()
        self.deed.setEnabled(line is not None and line.known and line.sentence is None)


def _known(line: RequestLine) -> str:
    return "是" if line.known else "" if line.sentence else "否"


def _request_sentence(line: RequestLine) -> str:
    if line.sentence:
        return line.sentence
    if line.known and line.inherits:
        return f"换了电脑、从备份恢复：接替 {'、'.join(line.inherits)}。电话里也请核实原来的电脑已停用。"
    return "" if line.known else "不在本县学校名单里。请先在“学校与证书”里补上这所学校。"
