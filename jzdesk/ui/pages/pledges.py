"""责任状: made from the pairings, previewed, printed, signed and returned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton, QWidget

from jzdesk.core.term import Term
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.ledger.panel import Panel
from jzdesk.ui.page import ListPage
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.pledges import PledgeRow, PledgeRun

PDF = "PDF (*.pdf)"
_STATE_TONES = {"made": "look", "printed": "", "signed": "good", "returned": "good"}
_COLUMNS = (
    Column("number", "编号", 16),
    Column("party_b", "帮扶责任人", 12),
    Column("pupils", "学生数", 7, numeric=True),
    Column("state_label", "状态", 10, tone=lambda row: _STATE_TONES.get(row.state, "")),
    Column("signed_on", "签订日期", 12),
    Column("valid_from", "有效期起", 12),
    Column("valid_to", "有效期止", 12),
    Column("party_a", "甲方", 22),
    Column("level", "层级", 16),
)
_STATES = (
    (None, "全部状态"),
    ("made", "待打印"),
    ("printed", "已打印待签"),
    ("signed", "已签订"),
    ("returned", "已回收"),
)


@dataclass(frozen=True, slots=True)
class PupilLine:
    """A pupil of one pledge, for the panel."""

    name: str
    place: str


class PledgesPage(ListPage):
    """The pledges of a school year; several can be chosen for printing and for marking."""

    title, icon, entities, unit = "责任状", "pledge", frozenset({"pledge", "pairing"}), "份"
    hints = "F3 查找　F5 刷新　Ctrl+N 生成　Ctrl+A 全选　回车 查看　Ctrl+S 保存 PDF"

    def __init__(self, desk: Desk) -> None:
        self._rows: dict[str, PledgeRow] = {}
        super().__init__(desk, _COLUMNS, self._fetch, hint="责任人 / 编号 (F3)", several=True)
        self.term = self.add_filter("学年", [])
        self.state = self.add_filter("状态", _STATES)
        self.add_action("标记已回收", partial(self.mark, "returned"), icon="ok")
        self.add_action("标记已签订", partial(self.mark, "signed"), icon="edit")
        self.add_action("保存 PDF", self.save, icon="save")
        self.add_action("预览打印", self.print_chosen, icon="print")
        self.add_action("生成责任书 (Ctrl+N)", self.new, icon="plus", primary=True)
        self.panel = PledgePanel(self.print_uids)
        self.panel.closed.connect(self.close_side)
        self.side.hold(
            widgets.Empty("pledge", "还没有选中责任书", "选中左边一行查看；按 Ctrl 或 Shift 可选多份一起打印。")
        )

    def arrive(self, hint: str = "") -> None:
        """`made`, `printed`… shows those only."""
        if self.term.count() == 0:
            self.desk.tasks.read("pledge-terms", self.desk.services.aid.terms, self._show_terms, owner=self)
        if hint in [value for value, _ in _STATES if value]:
            self.state.choose(hint)
        super().arrive()

    def ids(self) -> Callable[[], Sequence[str]]:
        """All pledges of the year; search and state sift them."""
        term, state, text = self.term.value(), self.state.value(), self.search.text().strip()
        service = self.desk.services.pledges

        def job() -> Sequence[str]:
            rows = service.list(str(term) if term else None)
            self._rows = {row.uid: row for row in rows}
            return [row.uid for row in rows if state in (None, row.state) and text in f"{row.party_b} {row.number}"]

        return job

    def show_record(self, uid: str) -> None:
        """The pledge and its pupils in the panel."""
        services = self.desk.services
        self.desk.tasks.read(f"pledge:{id(self)}", lambda: (uid, _pupils(services, uid)), self._show, owner=self)

    def new(self) -> None:
        """Ctrl+N: make the pledges of the year; again, it only follows what has changed."""
        term = str(self.term.value() or self.desk.services.context.term())
        service = self.desk.services.pledges
        self.desk.write(lambda _: service.make(term), self._made, title="正在生成责任书", owner=self)

    def save(self) -> None:
        """Ctrl+S: the chosen pledges (or all that are shown) into one PDF."""
        if not (uids := self._wanted()):
            return
        name = f"责任状-{self.desk.services.info.name}.pdf"
        if (path := widgets.pick_save(self, f"保存 {len(uids)} 份责任书", name, PDF)) is not None:
            self.save_to(path, uids)

    def save_to(self, path: Path, uids: Sequence[str]) -> None:
        """Write the PDF with progress; it can be stopped between pages."""
        papers = self.desk.services.papers

        def job(progress: Progress) -> int:
            return papers.pledges(path, uids, progress)

        def done(pages: int) -> None:
            self.desk.say(f"已保存 {len(uids):,} 份责任书，共 {pages:,} 页：{path.name}")

        self.desk.write(job, done, title="正在制作责任书", cancellable=True, owner=self)

    def print_chosen(self) -> None:
        """Preview, then print or save, the chosen pledges (or all that are shown)."""
        if uids := self._wanted():
            self.print_uids(uids)

    def print_uids(self, uids: Sequence[str]) -> None:
        """Preview these."""
        papers, name = self.desk.services.papers, f"责任状-{self.desk.services.info.name}.pdf"

        def write(path: Path, progress: Progress) -> int:
            return papers.pledges(path, uids, progress)

        preview(self.desk, self, f"责任书（{len(uids)} 份）", name, write, self.refresh)

    def mark(self, state: str) -> None:
        """Note that the chosen pledges were signed or have come back."""
        if not (uids := self.table.chosen_uids()):
            self.desk.say("请先选中责任书（Ctrl+A 全选）")
            return
        label = {"signed": "已签订", "returned": "已回收"}[state]
        service = self.desk.services.pledges
        FieldsDialog(
            self,
            self.desk,
            f"标记 {len(uids)} 份为{label}",
            [self.desk.services.ledger.specs["pledge"]["signed_on"]],
            lambda values: service.mark(uids, state, _text(values.get("signed_on"))),
            explain="签订日期留空就记今天；已登记过签订日期的不改。",
            values={"signed_on": self.desk.services.context.today()},
            deed=f"标记{label} (Ctrl+S)",
            said=f"已标记 {len(uids)} 份{label}",
        ).begin()

    def empty(self) -> QWidget:
        """Nothing there: how to begin."""
        if self.search.text().strip() or self.state.value():
            return super().empty()
        begin = widgets.button("生成责任书", self.new, icon="plus", role="primary")
        return widgets.Empty(
            "pledge",
            "这个学年还没有责任书",
            "先在“学生”页或用“结对”表指定帮扶责任人，再按“生成责任书”，每位责任人一份。",
            begin,
        )

    def _fetch(self, uids: Sequence[str]) -> list[PledgeRow]:
        return [self._rows[uid] for uid in uids if uid in self._rows]

    def _wanted(self) -> list[str]:
        """The chosen pledges, or all that are shown when at most one is chosen."""
        chosen = self.table.chosen_uids()
        if len(chosen) > 1:
            return chosen
        shown = list(self.table.records().uids())
        if not shown:
            self.desk.say("这里还没有责任书，请先生成")
        return shown

    def _show_terms(self, terms: list[tuple[str, str]]) -> None:
        years = {Term.parse(term).school_year: term for term, _ in terms}
        now = str(self.desk.services.context.term())
        years[Term.parse(now).school_year] = now
        self.term.fill([(term, f"{year} 学年") for year, term in sorted(years.items(), reverse=True)])
        self.term.choose(now)
        self.refresh()

    def _show(self, found: tuple[str, list[PupilLine]]) -> None:
        uid, pupils = found
        if uid in self._rows:
            self.panel.show_pledge(self._rows[uid], pupils)
            self.open_side(self.panel) if self.side.findChild(PledgePanel) is None else self.reopen_side()

    def _made(self, run: PledgeRun) -> None:
        said = f"新生成 {run.made} 份，更新 {run.updated} 份，撤回 {run.withdrawn} 份"
        if not (run.made or run.updated or run.withdrawn):
            said = "责任书与结对一致，没有改动"
        self.desk.say(said)
        if run.outdated:
            names = "、".join(run.outdated[:6]) + ("等" if len(run.outdated) > 6 else "")
            remedy = f"{names}。已打印、已签订的文书不会自动更改；请与责任人核对，需要时下学年重新签订。"
            self.desk.note(Message("look", f"有 {len(run.outdated)} 份已打印的责任书与现在的结对不一致。", remedy))
        self.refresh()


def _text(value: object) -> str | None:
    return str(value) if value else None


def _pupils(services: object, uid: str) -> list[PupilLine]:
    from jzdesk.services.bundle import Services

    assert isinstance(services, Services)
    listed = str(services.ledger.record("pledge", uid).values.get("students") or "")
    rows = services.students.rows([one for one in listed.split(",") if one])
    return [PupilLine(row.name, f"{row.grade} {row.school_class}".strip()) for row in rows]


class PledgePanel(Panel):
    """One pledge: who promises what for whom, and until when."""

    def __init__(self, print_: Callable[[Sequence[str]], object]) -> None:
        super().__init__("责任书")
        self._uid = ""
        self._inside = QWidget()
        self._lines = widgets.column(space=0.45)
        self._inside.setLayout(self._lines)
        self.add_tab(self._inside, "内容")
        self.print_button: QPushButton = self.add_button("预览打印这一份", lambda: print_([self._uid]), icon="print")

    def show_pledge(self, row: PledgeRow, pupils: Sequence[PupilLine]) -> None:
        """Show this one."""
        self._uid = row.uid
        self.set_title(f"{row.party_b}的责任书")
        self.set_state(row.state_label, _STATE_TONES.get(row.state) or "muted")
        widgets.clear(self._lines)
        facts = (
            ("编号", row.number),
            ("甲方", row.party_a),
            ("乙方", row.party_b),
            ("有效期", f"{row.valid_from} 至 {row.valid_to}"),
            ("签订日期", row.signed_on or "未签订"),
        )
        for name, value in facts:
            words = widgets.label(name, tone="muted")
            words.setMinimumWidth(theme.em(4.6))
            line = widgets.row(words, widgets.label(value, wrap=True))
            line.setStretch(1, 1)
            self._lines.addLayout(line)
        self._lines.addWidget(widgets.line())
        self._lines.addWidget(widgets.label(f"帮扶学生 {row.pupils} 人", bold=True))
        for pupil in pupils:
            self._lines.addWidget(widgets.label(f"{pupil.name}　{pupil.place}", wrap=True))
        self._lines.addStretch(1)
