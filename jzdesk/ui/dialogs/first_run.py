"""The first-run guide: which kind of station, its code and name, the first account, the recovery key shown once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QStackedWidget, QVBoxLayout, QWidget

from jzdesk.services import stations
from jzdesk.ui import icons, theme, widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import PasswordPair
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.tasks import Tasks

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services

START, KIND, UNIT, ACCOUNT, KEY = range(5)
_KINDS = (
    ("school", "school", "学校（含教学点）", "登记本校学生、走访、资助，把数据包带到县里。"),
    ("township", "township", "乡镇中心学校", "汇总本乡镇各村小和教学点，也登记本校。"),
    ("county", "county", "县教育局", "合并各校数据包，发证书和回执，维护标准。"),
)


class FirstRunDialog(Dialog):
    """`folder` is the station chosen or made; `services` it, open, when it was just made."""

    def __init__(self, folder: Path, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent, "欢迎使用教育帮扶台账", width=40)
        self.folder, self.tasks = folder, tasks
        self.services: Services | None = None
        self.kind = ""
        self.recovery_key = ""
        self.steps = QStackedWidget()
        self.body.addWidget(self.steps)
        for build in (self._start, self._kinds, self._unit, self._account, self._key):
            self.steps.addWidget(build())
        self.back = self.add_button("上一步", lambda: self.go(self.steps.currentIndex() - 1))
        self.forward = self.add_button("下一步", self._next, role="primary")
        self.go(START)

    def go(self, step: int) -> None:
        """Show a step."""
        self.banner.hide()
        self.steps.setCurrentIndex(step)
        self.back.setVisible(step in (KIND, UNIT, ACCOUNT))
        self.forward.setVisible(step >= UNIT)
        self.forward.setText({UNIT: "下一步", ACCOUNT: "建立工作站", KEY: "开始使用"}.get(step, ""))
        self.forward.setEnabled(step != KEY or self.kept.isChecked())
        first = {UNIT: self.code, ACCOUNT: self.account}.get(step)
        if first is not None:
            first.setFocus()

    def choose_kind(self, kind: str) -> None:
        """Take the kind of station and go on."""
        self.kind = kind
        county = kind == "county"
        self.code_label.setText("行政区划代码（6 位）" if county else "学校标识码（10 位）")
        self.code.setPlaceholderText("例如 431022" if county else "10 位数字，与学籍系统一致")
        self.name.setPlaceholderText("例如 宜章县教育局" if county else "例如 青石镇中心小学")
        self.go(UNIT)

    def show_key(self, key: str) -> None:
        """Show the recovery key, once."""
        self.recovery_key = key
        self.key_label.setText(in_lines(key))
        self.go(KEY)

    def open_existing(self) -> None:
        """Let the person point to a station that is already there."""
        folder = widgets.pick_folder(self, "选择工作站文件夹", self.folder.parent)
        if folder is None:
            return
        if not stations.is_station(folder):
            self.wrong("这个文件夹里没有工作站。", "请选择含有工作站的文件夹，通常叫 station；或者新建一个。")
            return
        self.folder = folder
        self.accept()

    def move_in(self) -> None:
        """Let a backup become the station of this computer."""
        from jzdesk.ui.dialogs.moving import FILES, MoveInDialog

        if (path := widgets.pick_open(self, "选择备份文件", FILES)) is None:
            return
        dialog = MoveInDialog(self, self.folder, path, self.tasks)
        dialog.accepted.connect(self.accept)
        dialog.open()

    def _start(self) -> QWidget:
        new = _choice("plus", "新建工作站", "第一次在这台电脑上使用。", lambda: self.go(KIND))
        old = _choice("folder", "打开已有的工作站", "换了电脑，或文件夹在别的位置。", self.open_existing)
        back = _choice("undo", "用备份恢复到这台电脑", "原来的电脑坏了、丢了，手里有备份文件。", self.move_in)
        return _step("数据全部存在本机并加密，不需要网络。", new, old, back)

    def _kinds(self) -> QWidget:
        cards = [_choice(icon, title, hint, partial(self.choose_kind, kind)) for kind, icon, title, hint in _KINDS]
        return _step("这台电脑属于哪一级？", *cards)

    def _unit(self) -> QWidget:
        self.code, self.name, self.where = LineEdit(), LineEdit(), LineEdit()
        self.code_label = widgets.label(tone="muted")
        self.where.put(str(self.folder))
        change = widgets.button("更改", self._change_folder)
        place = widgets.row(self.where, change)
        place.setStretch(0, 1)
        return _step(
            "单位的代码和全称，会写进数据包和打印的表。",
            self.code_label,
            self.code,
            widgets.label("单位全称", tone="muted"),
            self.name,
            widgets.label("数据存放的文件夹", tone="muted"),
            widgets.holder(place),
        )

    def _account(self) -> QWidget:
        self.account, self.passwords = LineEdit(), PasswordPair()
        self.account.setPlaceholderText("使用人的姓名，例如 李老师")
        return _step(
            "第一个账户。每次改动都会记下是谁改的。",
            widgets.label("账户名", tone="muted"),
            self.account,
            self.passwords,
        )

    def _key(self) -> QWidget:
        self.key_label = widgets.label(size=1.5, bold=True, wrap=True)
        self.key_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.key_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        card = widgets.Card()
        card.body.addWidget(self.key_label)
        self.saved_as = widgets.label(tone="good", wrap=True)
        self.kept = QCheckBox("我已经打印或抄好恢复钥匙，并交给负责人收存")
        self.kept.toggled.connect(self.forward_allowed)
        paper = widgets.button("保存为 PDF 打印", self._save_sheet, icon="print")
        return _step(
            "这是恢复钥匙，只显示这一次。忘了密码时，只有它能打开数据；请和公章放在一起。",
            card,
            widgets.holder(widgets.row(paper, self.saved_as, None)),
            self.kept,
        )

    def forward_allowed(self, allowed: bool) -> None:
        """开始使用 waits until the key is kept."""
        self.forward.setEnabled(allowed)

    def _next(self) -> None:
        step = self.steps.currentIndex()
        if step == UNIT and self._unit_right():
            self.go(ACCOUNT)
        elif step == ACCOUNT:
            self._create()
        elif step == KEY:
            self.accept()

    def _unit_right(self) -> bool:
        """Say what is wrong with code or name before going on; the service checks again."""
        digits = 6 if self.kind == "county" else 10
        code = self.code.text().strip()
        if not (code.isdecimal() and len(code) == digits):
            self.wrong(f"代码应是 {digits} 位数字，现在是 {len(code)} 位。", "请对照学籍系统或公章核对。")
            self.code.setFocus()
            return False
        if not self.name.text().strip():
            self.wrong("还没有填写单位全称。", "请填写与公章一致的全称。")
            self.name.setFocus()
            return False
        return True

    def _change_folder(self) -> None:
        if (folder := widgets.pick_folder(self, "数据存放在哪里", self.folder.parent)) is not None:
            self.where.put(str(folder))

    def _create(self) -> None:
        if not self.account.text().strip():
            self.wrong("还没有填写账户名。", "请填写使用人的姓名。")
            return
        if problem := self.passwords.problem():
            self.wrong(problem, "请输入两遍同样的密码。")
            return
        self.folder = Path(self.where.text().strip())
        self.forward.setEnabled(False)
        self.tasks.run(self._job(), self._created, self._refused, title="正在建立工作站", owner=self)

    def _job(self) -> Callable[[object], tuple[str, Services]]:
        folder, kind, password = self.folder, self.kind, self.passwords.password()
        code, name, account = (edit.text().strip() for edit in (self.code, self.name, self.account))

        def make(_: object) -> tuple[str, Services]:
            made = stations.create_station(folder, kind=kind, code=code, name=name, account=account, password=password)
            return made.recovery_key, stations.open_station(folder, password, account)

        return make

    def _created(self, outcome: tuple[str, Services]) -> None:
        key, self.services = outcome
        self.show_key(key)

    def _refused(self, error: Exception) -> bool:
        self.forward.setEnabled(True)
        return show_in(self, error)

    def _save_sheet(self) -> None:
        path = widgets.pick_save(self, "保存恢复钥匙单", "恢复钥匙单.pdf", "PDF (*.pdf)")
        if path is None or self.services is None:
            return
        papers, station, key = self.services.papers, self.services.info.name, self.recovery_key
        self.tasks.run(
            lambda _: papers.recovery(path, station, key),
            lambda _: self.saved_as.setText(f"已保存到 {path.name}，打印后请删除这个文件。"),
            lambda error: show_in(self, error),
            title="正在制作恢复钥匙单",
            owner=self,
        )

    def reject(self) -> None:
        """Leaving while the key is on screen would lose it: ask."""
        if self.steps.currentIndex() == KEY and not self.kept.isChecked():
            what, then = "恢复钥匙还没有收好", "离开后它不会再显示。忘了密码就再也打不开数据。"
            if not widgets.confirm(self, what, then, "不要钥匙，继续", no="回去收好", danger=True):
                return
            self.accept()
            return
        super().reject()


def in_lines(key: str) -> str:
    """The groups of the key, four in a line."""
    parts = key.split("-")
    return "\n".join(" - ".join(parts[at : at + 4]) for at in range(0, len(parts), 4))


def _choice(icon: str, title: str, hint: str, chosen: Callable[[], object]) -> widgets.Card:
    """A large thing to click, with a picture and a sentence."""
    made = widgets.Card(live=True)
    picture = widgets.label()
    picture.setPixmap(icons.pixmap(icon, theme.em(2), theme.ACCENT))
    words = widgets.column(widgets.label(title, bold=True), widgets.label(hint, tone="muted", wrap=True), space=0.15)
    row = widgets.row(picture, words, space=1)
    row.setStretch(1, 1)
    made.body.addLayout(row)
    made.setAccessibleName(f"{title}：{hint}")
    made.clicked.connect(lambda: chosen())
    return made


def _step(explain: str, *parts: QWidget) -> QWidget:
    """One step: a sentence, then its parts, at the top."""
    made = QWidget()
    inside = QVBoxLayout(made)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.setSpacing(theme.em(0.55))
    inside.addWidget(widgets.label(explain, wrap=True))
    inside.addSpacing(theme.em(0.2))
    for part in parts:
        inside.addWidget(part)
    inside.addStretch(1)
    return made
