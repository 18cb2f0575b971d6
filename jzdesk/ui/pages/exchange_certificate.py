"""The certificate on the page 数据交换: what stands in it, how to get one, and the dialog that takes it in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.errors_shown import message_of
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.pages.figures import Figure

if TYPE_CHECKING:
    from jzdesk.services.enrolled import Enrolled


class CertificateCard(widgets.Card):
    """The certificate: what stands in it, the check characters, how to get one."""

    def __init__(self) -> None:
        super().__init__("证书")
        self.words = widgets.label(wrap=True)
        self.mine = _characters()
        self.ask = widgets.button("申请证书", icon="certificate")
        self.take = widgets.button("装入证书…", icon="key")
        self.body.addWidget(self.words)
        self.body.addLayout(widgets.row(widgets.label("本站校验字"), self.mine, None))
        buttons = Flow()
        buttons.addWidget(self.ask)
        buttons.addWidget(self.take)
        self.body.addWidget(widgets.holder(buttons))

    def show_state(self, state: Enrolled) -> None:
        """Show it."""
        self.mine.setText(state.fingerprint)
        self.ask.setText("重新申请" if state.certified else "申请证书")
        if state.certified:
            self.words.setText(
                f"{state.county}发证，有效期至 {state.expires}。县里的校验字：{state.county_fingerprint}"
            )
        else:
            self.words.setText(
                "还没有证书。第一步：插 U 盘，按“申请证书”，送到县教育局；"
                "第二步：电话里与县里逐字核对下面的校验字；第三步：带回证书文件，按“装入证书”。"
            )


def certificate_figure(state: Enrolled) -> Figure:
    """The certificate in a word, for the figures at the top of the page."""
    if not state.certified:
        return Figure("县级证书", "未登记", "look")
    if state.revoked:
        return Figure("县级证书", "已吊销", "wrong")
    if state.days_left < 0:
        return Figure("县级证书", "已到期", "wrong")
    return Figure("县级证书", "有效", "look" if state.cautions else "good")


def _characters() -> QLabel:
    """Eight characters large enough to read out over the telephone."""
    made = widgets.label(size=1.5, bold=True)
    font = made.font()
    font.setLetterSpacing(font.SpacingType.PercentageSpacing, 112)
    made.setFont(font)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class TakeCertificate(Dialog):
    """Asks for the county's check characters as heard by telephone, then takes the certificate in."""

    def __init__(self, parent: QWidget, desk: Desk, path: Path, taken: Callable[[str, bool], object]) -> None:
        explain = (
            "请打电话问县教育局“本县校验字”，把八个字符填在下面；与文件里的不一样就不会装入。"
            "电话一时打不通可以留空，装入后再核对。"
        )
        super().__init__(parent, f"装入证书 {path.name}", explain)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.desk, self.path, self._taken = desk, path, taken
        self.field = LineEdit()
        self.field.setPlaceholderText("如 ABCD-2345")
        self.field.setMaxLength(20)
        self.body.addWidget(widgets.label("县里电话告知的校验字"))
        self.body.addWidget(self.field)
        self.add_button("取消 (Esc)", self.reject)
        self.deed = self.add_button("装入", self.take, role="primary")
        self.field.setFocus()

    def take(self) -> None:
        """Take it in; what is wrong is said in the dialog."""
        heard = self.field.text().strip()
        job = partial(self.desk.services.exchange.take_certificate, self.path, heard or None)
        self.deed.setEnabled(False)
        self.desk.write(
            lambda _: job(),
            partial(self._finish, bool(heard)),
            self._refused,
            title="正在装入证书",
            owner=self,
            always=lambda: self.deed.setEnabled(True),
        )

    def _finish(self, compared: bool, fingerprint: str) -> None:
        self._taken(fingerprint, compared)
        self.accept()

    def _refused(self, error: Exception) -> bool:
        message = message_of(error)
        self.wrong(message.what, message.remedy)
        if (layout := self.layout()) is not None:  # the sentence needs room of its own
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
        return True
