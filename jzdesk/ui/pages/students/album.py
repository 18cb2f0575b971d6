"""照片与同意: a child's photographs, and the consent of its guardians."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from jzdesk.core.fields import Value
from jzdesk.services.consents import USUAL_SCOPE, is_child
from jzdesk.services.ledger import Row
from jzdesk.services.photos import FILES
from jzdesk.services.students import StudentFile
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.pages.students.entries import Deed, Entry
from jzdesk.ui.pages.students.support import Part

KINDS = (("portrait", "证件照"), ("proof", "证明材料"), ("consent", "同意书"), ("visit", "走访照片"))
ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".heic", ".heif"})
_ACROSS, _DOWN = 8.5, 6.5
"""Largest size of a thumbnail in ems."""


class AlbumPart(Part):
    """Photographs are added from files or dropped here; consents are recorded and taken back."""

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(desk, writable=writable)
        self.consents = self.add_list("监护人同意", "", "登记同意 (Ctrl+G)", self.add)
        self.pictures: dict[str, QLabel] = {}
        self.kind = Pick(KINDS, "添加的照片是什么")
        self.body.addLayout(self._heading())
        self._wall = Flow()
        self.body.addWidget(widgets.holder(self._wall))
        self._hint = widgets.label(tone="muted", wrap=True)
        self.body.addWidget(self._hint)
        self.body.addStretch(1)
        self.setAcceptDrops(writable)
        self._contents: dict[str, bytes] = {}
        self._guardians: Sequence[dict[str, Value]] = ()

    def fill(self, file: StudentFile | None) -> None:
        """Consents at once, pictures when they have been read."""
        self._guardians = file.guardians if file else ()
        self.consents.put([self._consent(row) for row in (file.consents if file else ())])
        child = file is not None and is_child(_text(file.student.values["birth"]), self.desk.services.context.today())
        self.consents.say(
            "不满 14 周岁，还没有监护人同意。" if child else "已满 14 周岁，不需要监护人同意。",
            tone="look" if child else "muted",
        )
        photos = list(file.photos) if file else []
        job = partial(self.desk.services.photos.contents, [row.uid for row in photos])
        self._show(photos, {uid: data for uid, data in self._contents.items() if uid in {row.uid for row in photos}})
        if photos:
            self.desk.tasks.read(f"photos:{id(self)}", job, partial(self._show, photos), owner=self)

    def add(self) -> FieldsDialog | None:
        """Record a consent, with the first guardian already filled in."""
        if not self.uid:
            return None
        spec, student = self.desk.services.ledger.specs["consent"], self.uid
        first = next(iter(self._guardians), {})
        values: dict[str, Value] = {
            "given_by": first.get("name"), "relation": first.get("relation"), "how": "written",
            "given_on": self.desk.services.context.today(), "covers": USUAL_SCOPE,
        }  # fmt: skip
        fields = [spec[name] for name in ("given_by", "relation", "given_on", "how", "covers", "note")]
        add = self.desk.services.consents.add
        return self.ask(
            FieldsDialog(
                self, self.desk, "登记监护人同意", fields, lambda held: add(student, held), values=values,
                explain="不满 14 周岁儿童的个人信息须由监护人同意；写明谁、何时、以什么方式同意。",
            )
        )  # fmt: skip

    def choose(self) -> None:
        """Add photographs from files."""
        if self.uid:
            self.take(widgets.pick_opens(self, "添加照片", FILES))

    def take(self, files: Sequence[Path]) -> None:
        """Add these files, one after another; what cannot be read is said, the others are kept."""
        student, photos, kind = self.uid, self.desk.services.photos, str(self.kind.value())
        for file in files:
            self.desk.write(
                lambda _, file=file: photos.add(student, file, {"kind": kind}),  # type: ignore[misc]
                lambda saved: self._said("已添加照片" if saved.changed else "这张照片已经有了"),
                title="正在添加照片",
                owner=self,
            )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files of pictures are welcome."""
        if self.uid and _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        event.acceptProposedAction()
        self.take(_dropped(event))

    def look(self, uid: str) -> Dialog:
        """One picture, as large as it fits."""
        dialog = Dialog(self, "照片")
        picture, room = QLabel(), self.window().size() * 0.75
        pixmap = _pixmap(self._contents[uid])
        picture.setPixmap(
            pixmap.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        )
        dialog.body.addWidget(picture)
        dialog.add_button("关闭 (Esc)", dialog.reject)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def _heading(self) -> QHBoxLayout:
        title = widgets.label("照片", bold=True, size=1.05)
        add = widgets.button("从文件添加", self.choose, icon="plus", role="link")
        if not self.writable:
            return widgets.row(title, None)
        return widgets.row(title, None, self.kind, add)

    def _show(self, photos: Sequence[Row], contents: dict[str, bytes]) -> None:
        self._contents = contents
        self.pictures = {}
        widgets.clear(self._wall)
        for row in photos:
            self._wall.addWidget(self._card(row))
        drop = "把照片文件拖到这里也可以添加。照片自动转正、缩小，并去掉拍摄地点等信息。"
        self._hint.setText(drop if self.writable else "" if photos else "没有照片。")
        self._hint.setVisible(bool(self._hint.text()))

    def _card(self, row: Row) -> QWidget:
        picture = QLabel()
        picture.setFixedSize(theme.em(_ACROSS), theme.em(_DOWN))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.mark(picture, role="picture")
        if (data := self._contents.get(row.uid)) is not None:
            fitted = _pixmap(data).scaled(
                picture.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            picture.setPixmap(fitted)
        else:
            picture.setText("照片不在本机")
        picture.setAccessibleName(row.shown["kind"])
        self.pictures[row.uid] = picture
        said = widgets.label("　".join(filter(None, (row.shown["kind"], row.shown["taken_on"]))), tone="muted")
        here = row.uid in self._contents
        deeds: list[Deed] = (
            [("查看", partial(self.look, row.uid)), ("另存", partial(self._export, row.uid))] if here else []
        )
        deeds += self.deeds(("作废", partial(self._void, row)))
        buttons = widgets.row(*(_link(text, do, row) for text, do in deeds), None, space=0.3)
        card = QWidget()
        card.setLayout(widgets.column(picture, said, buttons, space=0.2))
        return card

    def _export(self, uid: str) -> None:
        folder = widgets.pick_folder(self, "照片存到哪个文件夹")
        if folder is None:
            return
        photos = self.desk.services.photos
        self.desk.write(
            lambda _: photos.export(uid, folder), lambda path: self.desk.say(f"已存为 {path.name}"),
            title="正在保存照片", owner=self,
        )  # fmt: skip

    def _void(self, row: Row) -> None:
        reason = ask_reason(self, f"作废“{row.shown['kind']}”", "作废后不再出现，历史仍然保留，可以恢复。", "作废")
        if reason is None:
            return
        photos = self.desk.services.photos
        undo = partial(self._bring_back, row.uid)
        self.desk.write(
            lambda _: photos.void(row.uid, reason), lambda _: self._said("已作废", "撤销", undo), title="正在作废",
            owner=self,
        )  # fmt: skip

    def _bring_back(self, uid: str) -> None:
        photos = self.desk.services.photos
        self.desk.write(lambda _: photos.restore(uid), lambda _: self._said("已恢复"), title="正在恢复", owner=self)

    def _consent(self, row: Row) -> Entry:
        shown, gone = row.shown, bool(row.values["withdrawn_on"])
        relation = f"（{shown['relation']}）" if shown["relation"] else ""
        span = f"{shown['given_on']} {shown['how']}" + (f"，{shown['withdrawn_on']} 撤回" if gone else "")
        deeds: list[Deed] = [] if gone else [("撤回", partial(self._withdraw, row.uid))]
        deeds.append(("作废", partial(self.take_back, "consent", "监护人同意", row.uid)))
        detail = "　".join(filter(None, (span, shown["covers"], shown["note"])))
        return Entry(f"{shown['given_by']}{relation}", detail, "已撤回" if gone else "", "", self.deeds(*deeds))

    def _withdraw(self, uid: str) -> FieldsDialog:
        spec, withdraw = self.desk.services.ledger.specs["consent"], self.desk.services.consents.withdraw
        return self.ask(
            FieldsDialog(
                self, self.desk, "撤回监护人同意", [spec["withdrawn_on"], spec["note"]],
                lambda held: withdraw(uid, _text(held["withdrawn_on"]), _text(held["note"])),
                explain="从这一天起不再有同意；撤回以前已经做的登记和发放不受影响。",
                values={"withdrawn_on": self.desk.services.context.today()}, said="已撤回",
            )
        )  # fmt: skip


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _link(text: str, do: object, row: Row) -> QWidget:
    assert callable(do)
    made = widgets.button(text, do, role="link")
    made.setAccessibleName(f"{text}：{row.shown['kind']}")
    return made


def _pixmap(data: bytes) -> QPixmap:
    made = QPixmap()
    made.loadFromData(data)
    return made


def _dropped(event: QDropEvent) -> list[Path]:
    """The picture files among what is being dropped."""
    files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [file for file in files if file.suffix.lower() in ENDINGS]
