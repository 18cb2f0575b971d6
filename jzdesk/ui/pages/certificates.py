"""学校与证书 (county): lists of divisions and schools, the standards shipped with the program, certificates issued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from jzdesk.ui import widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.escrow import EscrowDialog
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.dialogs.revoking import Revoking
from jzdesk.ui.dialogs.rotating import RotateDialog, write_notice
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import SearchEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty, found_by, learn_names

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.escrow import EscrowState
    from jzdesk.services.renewing import CertificateLine
    from jzdesk.services.revoking import RevocationLine
    from jzdesk.services.rotating import CountyKeys

CSV = "名单 (*.csv)"
_TONES = {"good": "good", "soon": "look", "expired": "wrong", "replaced": "muted", "revoked": "wrong"}
_COUNTED = (("division", "行政区划"), ("school", "学校"), ("programme", "资助项目"), ("standard", "资助标准"))


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the page shows: `counts` are divisions, schools, programmes and standards."""

    issued: list[CertificateLine]
    counts: list[int]
    keys: CountyKeys
    revocations: list[RevocationLine]
    escrow: EscrowState


def look(services: Services) -> Seen:
    """Read it."""
    from jzdesk.services.ledger import Query

    counts = [len(services.ledger.ids(Query(entity))) for entity, _ in _COUNTED]
    keys, escrow = services.rotating.look(), services.escrow.look()
    issued = services.county.issued()
    learn_names(line.name for line in issued)
    return Seen(issued, counts, keys, services.revoking.listed(), escrow)


class CertificatesPage(Page):
    """What the county lays down before schools can ask for anything, and whom it trusts."""

    title, icon, entities = "学校与证书", "certificate", frozenset(name for name, _ in _COUNTED)
    hints = "F3 查找　F5 刷新　↑↓ 换行"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.figures = Figures()
        self.fingerprint = widgets.label(bold=True)
        self._revocations: list[RevocationLine] = []
        self._escrow: EscrowState | None = None
        self.search = SearchEdit("学校 / 拼音首字母 / 电脑 (F3)")
        self.search.searched.connect(lambda _: self._fill())
        self._issued: list[CertificateLine] = []
        buttons = self.heading(self.search)
        for text, do in (
            ("导入行政区划…", partial(self._ask, "行政区划.csv", desk.services.county.learn_divisions)),
            ("导入学校名单…", partial(self._ask, "学校名单.csv", desk.services.county.learn_schools)),
            ("载入资助标准", self.learn_standards),
        ):
            buttons.addWidget(widgets.button(text, do, icon="import"))
        self.table = Listing(
            (
                Column("serial", "编号", 6, numeric=True),
                Column("name", "学校", 26),
                Column("code", "学校标识码", 14),
                Column("state", "状态", 18, text=lambda one: one.state_label, tone=lambda one: _TONES[one.state]),
                Column("expires", "有效期至", 12),
                Column("issued", "发证日期", 12),
                Column("device", "电脑", 20),
            ),
            key=lambda one: str(one.serial),
        )
        inbox = widgets.button("打开收件箱", partial(desk.go, "inbox"), icon="inbox", role="primary")
        hint = "学校送来的证书申请在“收件箱”里核对校验字后发证。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("certificate", "还没有发过证书", hint, inbox))
        tip = "给同一台电脑换一张新证书，写到 U 盘；不急时不用管，下次写回执会自动带去"
        self.renew_button = widgets.button("续发证书…", self.renew, icon="certificate", tip=tip)
        self.revoke_button = widgets.button("吊销电脑…", self.revoke, icon="void", role="danger")
        tip = "误吊销的、找回来的电脑：它的记录原样回来"
        self.reinstate_button = widgets.button("撤销吊销…", self.reinstate, icon="undo", tip=tip)
        self._revoking = Revoking(desk, self, self.refresh)
        tip = "学校的数据库丢失或从旧备份恢复以后，把它报过的数据写回 U 盘"
        self.return_button = widgets.button("送还数据…", self.return_entries, icon="undo", tip=tip)
        tip = "回执 U 盘丢失时，打印一页带二维码的回执单"
        self.slip_button = widgets.button("打印回执单…", self.print_slip, icon="print", tip=tip)
        card = widgets.Card()
        card.body.addWidget(self.figures)
        self.earlier = widgets.label(tone="muted")
        self.rotate_button = widgets.button("换县密钥…", self.rotate, icon="key")
        tip = "没有回执的学校，用这个文件知道县里的新密钥和托管钥匙"
        self.notice_button = widgets.button("写换钥通知…", partial(write_notice, desk, self), icon="stick", tip=tip)
        tip = "印在纸上的一把钥匙：县站电脑坏了，凭它和一份备份接着用"
        self.escrow_button = widgets.button("托管钥匙…", self.open_escrow, icon="key", tip=tip)
        ours = Flow()
        for part in (
            widgets.label("本县校验字（学校装证书时电话核对）", tone="muted"), self.fingerprint, self.earlier,
            self.rotate_button, self.escrow_button, self.notice_button,
        ):  # fmt: skip
            ours.addWidget(part)
        deeds = Flow()
        for button in (
            self.slip_button, self.return_button, self.renew_button, self.reinstate_button, self.revoke_button
        ):  # fmt: skip
            deeds.addWidget(button)
        self.words = widgets.label(wrap=True)
        self.body.addWidget(card)
        self.body.addWidget(self.middle, 1)
        self.body.addWidget(self.words)
        self.body.addWidget(widgets.holder(ours))
        self.body.addWidget(widgets.holder(deeds))
        self.table.chosen.connect(lambda _: self._allow())
        self.search.down.connect(self.table.setFocus)
        self._allow()

    def arrive(self, hint: str = "") -> None:
        """Look again each time."""
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        self.desk.tasks.read("certificates", partial(look, self.desk.services), self._show, owner=self)

    def seek(self) -> None:
        """F3."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _fill(self) -> None:
        typed = self.search.text()
        found = [one for one in self._issued if found_by(typed, one.name, one.code, one.device)]
        self.middle.put_rows(found, narrowed=bool(self._issued))
        if self.table.uid() is None and self.table.records().rowCount():
            self.table.selectRow(0)
        self._allow()

    def learn(self, take: Callable[[Path], Any], path: Path) -> None:
        """Take a list in."""

        def done(learned: Any) -> None:
            self.desk.say(f"读了 {learned.read:,} 行：新增 {learned.added:,}，更新 {learned.changed:,}")

        self.desk.write(lambda _: take(path), done, title=f"正在导入 {path.name}", owner=self)

    def learn_standards(self) -> None:
        """Take over the programmes and standards shipped with the program; what was changed here stays."""
        service = self.desk.services.standards

        def done(learned: Any) -> None:
            self.desk.say(f"新增项目 {learned.programmes:,} 个、标准 {learned.standards:,} 条；已有的没有改动")

        self.desk.write(lambda _: service.learn(), done, title="正在载入资助标准", owner=self)

    def print_slip(self) -> None:
        """The receipt of the computer with the cursor, on paper."""
        line: CertificateLine | None = self.table.row_here()
        if line is not None:
            write = self.desk.services.slips.write
            name = f"回执单-{line.name}.pdf"
            preview(self.desk, self, "回执单", name, lambda path, _: write(line.device, path))

    def return_entries(self) -> None:
        """Write back what the computer with the cursor has handed in."""
        line: CertificateLine | None = self.table.row_here()
        if line is None or (to := widgets.pick_folder(self, f"“{line.name}”的数据写到哪个 U 盘")) is None:
            return
        job = partial(self.desk.services.county.return_entries, line.device, to)

        def done(written: list[Path]) -> None:
            self.desk.say(f"已写 {len(written)} 个文件，请学校在“数据交换”里读取")

        self.desk.write(lambda _: job(), done, title="正在送还数据", owner=self)

    def rotate(self) -> None:
        """New keys for the county, after saying what that means."""
        RotateDialog(self, self.desk, self._rotated).open()

    def _rotated(self, keys: CountyKeys) -> None:
        self.desk.say(
            f"县密钥已换，新校验字 {keys.fingerprint}。请马上备份一次（没有托管钥匙的另存整个工作站文件夹），再写回执"
        )
        self.refresh()

    def open_escrow(self) -> None:
        """The key on paper: print one, use it, check it."""
        if self._escrow is not None:
            EscrowDialog(self, self.desk, self._escrow, self._escrowed).open()

    def _escrowed(self, state: EscrowState) -> None:
        self.desk.say(f"托管钥匙 {state.mark} 能用。请在“维护”页备份一次，纸和备份分开保管")
        self.refresh()

    def renew(self) -> None:
        """Write a renewed certificate for the computer with the cursor."""
        line: CertificateLine | None = self.table.row_here()
        if line is None or (to := widgets.pick_folder(self, f"“{line.name}”的新证书写到哪个 U 盘")) is None:
            return
        job = partial(self.desk.services.county.renew, line.device, to)
        self.desk.write(lambda _: job(), self._renewed, title="正在续发证书", owner=self)

    def _renewed(self, path: Path) -> None:
        self.desk.say(f"可以拔出 U 盘了。新证书：{path.name}，请学校在“数据交换”里“装入证书”")
        self.refresh()

    def revoke(self) -> None:
        """Trust the computer with the cursor no longer, beyond a cut that the person chooses."""
        line: CertificateLine | None = self.table.row_here()
        if line is not None and not line.revoked:
            self._revoking.ask(line)

    def reinstate(self) -> None:
        """Trust it again."""
        line: CertificateLine | None = self.table.row_here()
        if line is not None and line.revoked:
            self._revoking.ask_back(line)

    def _heard(self, changes: Changes) -> None:
        if self.entities & changes.entities and self.isVisible():
            self.refresh()

    def _ask(self, name: str, take: Callable[[Path], Any]) -> None:
        if (path := widgets.pick_open(self, f"选择{name}", CSV)) is not None:
            self.learn(take, path)

    def _show(self, seen: Seen) -> None:
        issued, counts, self._revocations, self._escrow = seen.issued, seen.counts, seen.revocations, seen.escrow
        self._issued = issued
        self._fill()
        self.fingerprint.setText(seen.keys.fingerprint)
        self.earlier.setText("；".join(f"{words} 用到 {day}" for words, day in seen.keys.earlier))
        self.earlier.setVisible(bool(seen.keys.earlier))
        self.notice_button.setVisible(bool(seen.keys.earlier or seen.escrow.mark))
        self.figures.put(
            [
                Figure(label, f"{count:,}", "" if count else "look")
                for (_, label), count in zip(_COUNTED, counts, strict=True)
            ]
            + _certificate_figures(issued)
            + [Figure("托管钥匙", seen.escrow.mark or "没有", "" if seen.escrow.mark else "look")]
        )
        self._allow()

    def _allow(self) -> None:
        line: CertificateLine | None = self.table.row_here()
        self.revoke_button.setEnabled(line is not None and not line.revoked)
        self.return_button.setEnabled(line is not None)
        self.slip_button.setEnabled(line is not None)
        self.renew_button.setEnabled(line is not None and line.state != "revoked")
        self.reinstate_button.setVisible(line is not None and line.state == "revoked")
        self.revoke_button.setVisible(line is None or line.state != "revoked")
        told = next((one for one in self._revocations if line is not None and one.device == line.device), None)
        self.words.setText(_revoked(told) if told else "")
        self.words.setVisible(told is not None)


def _revoked(one: RevocationLine) -> str:
    """What was decided about a computer, in a sentence."""
    said = f"{one.when or '以前'} 吊销，理由：{one.reason}。"
    if one.undone:
        return f"{said}{one.undone} 已撤销吊销，理由：{one.undone_why}。"
    return f"{said}认可 {one.trusted:,} 条；另有 {one.beyond:,} 条保存在案、不计入台账。"


def _certificate_figures(issued: list[CertificateLine]) -> list[Figure]:
    """How many count, and how many run out soon or have run out."""
    valid, soon, expired = (
        sum(one.state in states for one in issued) for states in (("good", "soon"), ("soon",), ("expired",))
    )
    found = [Figure("有效证书", f"{valid:,}")]
    if soon:
        found.append(Figure("快到期（写回执时续发）", f"{soon:,}", "look"))
    return [*found, Figure("已到期", f"{expired:,}", "wrong")] if expired else found
