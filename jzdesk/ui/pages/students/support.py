"""What surrounds a child: hardships, caseworker, visits, accounts and payments, each with what can be done there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.core.fields import Value
from jzdesk.services.ledger import Query, Row
from jzdesk.services.students import StudentFile
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.pages.students.entries import Deed, Entry, EntryList


class Part(QWidget):
    """One tab of a child's file. `changed` is emitted after something was written."""

    changed = Signal()

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__()
        self.desk, self.writable = desk, writable
        self.uid = ""
        self.body = QVBoxLayout(self)
        self.body.setSpacing(theme.em(0.4))

    def add_list(self, heading: str, nothing: str, deed: str = "", do: Callable[[], object] | None = None) -> EntryList:
        """Add a list; `deed` is the button beside its heading."""
        button = widgets.button(deed, do, icon="plus", role="link") if deed and self.writable else None
        made = EntryList(heading, nothing, button)
        self.body.addWidget(made)
        return made

    def put(self, file: StudentFile | None) -> None:
        """Show the part of the file that belongs here; nothing before the child is saved."""
        self.uid = file.uid if file is not None else ""
        self.setEnabled(file is not None)
        self.fill(file)

    def fill(self, file: StudentFile | None) -> None:
        """Fill the lists."""
        raise NotImplementedError

    def ask(self, dialog: FieldsDialog) -> FieldsDialog:
        """Show a dialog; the file is read again when it has written."""
        dialog.done_with.connect(self.changed)
        dialog.begin()
        return dialog

    def take_back(self, entity: str, label: str, uid: str) -> None:
        """作废 an entry with a reason; can be undone."""
        reason = ask_reason(self, f"作废“{label}”", "作废后不再出现，历史仍然保留，可以恢复。", "作废")
        if reason is None:
            return
        undo = partial(self._restore, entity, uid)
        students = self.desk.services.students
        self.desk.write(
            lambda _: students.take_back(entity, self.uid, uid, reason),
            lambda _: self._said("已作废", "撤销", undo),
            title="正在作废",
            owner=self,
        )

    def deeds(self, *wanted: Deed) -> tuple[Deed, ...]:
        """The deeds, when this station may do anything here."""
        return wanted if self.writable else ()

    def _restore(self, entity: str, uid: str) -> None:
        students = self.desk.services.students
        self.desk.write(
            lambda _: students.bring_back(entity, self.uid, uid),
            lambda _: self._said("已恢复"),
            title="正在恢复",
            owner=self,
        )

    def _said(self, words: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        self.desk.say(words, action, do)
        self.changed.emit()


class HardshipPart(Part):
    """困难类型: dated, several at once; ended rather than erased."""

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(desk, writable=writable)
        self.list = self.add_list("困难类型", "没有登记困难类型。", "添加 (Ctrl+G)", self.add)
        self.body.addStretch(1)

    def fill(self, file: StudentFile | None) -> None:
        """In force first, then those that have ended."""
        rows = sorted(file.hardships if file else (), key=lambda row: bool(row.values["valid_to"]))
        self.list.put([self._entry(row) for row in rows])

    def add(self) -> FieldsDialog | None:
        """Record one more."""
        if not self.uid:
            return None
        values: dict[str, Value] = {"valid_from": self.desk.services.context.today(), "source": "school"}
        return self._ask("添加困难类型", None, values)

    def _ask(self, title: str, uid: str | None, values: dict[str, Value]) -> FieldsDialog:
        spec, student = self.desk.services.ledger.specs["hardship"], self.uid
        keep = self.desk.services.students.keep
        names = ("code", "valid_from", "valid_to", "source", "proof", "document", "end_reason")
        fields = [spec[name] for name in names if uid is not None or name != "end_reason"]
        return self.ask(
            FieldsDialog(
                self, self.desk, title, fields, lambda held: keep("hardship", student, held, uid), values=values
            )
        )

    def end(self, uid: str, label: str) -> FieldsDialog:
        """It no longer holds: say since when."""
        spec, keep, student = self.desk.services.ledger.specs["hardship"], self.desk.services.students.keep, self.uid
        return self.ask(
            FieldsDialog(
                self, self.desk, f"结束“{label}”", [spec["valid_to"], spec["end_reason"]],
                lambda held: keep("hardship", student, held, uid),
                explain="从这一天以后不再算这项困难；以前的认定和资助不受影响。",
                values={"valid_to": self.desk.services.context.today()}, said="已结束",
            )
        )  # fmt: skip

    def _entry(self, row: Row) -> Entry:
        shown, ended = row.shown, bool(row.values["valid_to"])
        span = f"{shown['valid_from']} 起" + (f"，{shown['valid_to']} 止" if ended else "")
        detail = "　".join(
            filter(None, (span, shown["source"], shown["proof"], shown["document"], shown["end_reason"]))
        )
        deeds: list[Deed] = [] if ended else [("结束", partial(self.end, row.uid, shown["code"]))]
        deeds.append(("修改", partial(self._ask, "修改困难类型", row.uid, row.values)))
        deeds.append(("作废", partial(self.take_back, "hardship", shown["code"], row.uid)))
        return Entry(shown["code"], detail, "已结束" if ended else "", "", self.deeds(*deeds))


class CarePart(Part):
    """帮扶: who is responsible, since when, who was before; and the visits."""

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(desk, writable=writable)
        self.pairings = self.add_list("帮扶责任人", "还没有帮扶责任人。", "指定或更换 (Ctrl+G)", self.add)
        self.visits = self.add_list("走访", "还没有走访记录。", "记一次走访", self._visit)
        self.body.addStretch(1)

    def fill(self, file: StudentFile | None) -> None:
        """Now first; all visits, newest first."""
        pairings = file.pairings[::-1] if file else []
        self.pairings.put([_pairing(row) for row in pairings])
        self.visits.put([visit_entry(row) for row in (file.visits if file else ())])

    def add(self) -> FieldsDialog | None:
        """Name a caseworker, or another one with the reason."""
        if not self.uid:
            return None
        spec, student = self.desk.services.ledger.specs["pairing"], self.uid
        assign = self.desk.services.pairing.assign
        current = self.desk.services.pairing.current(student)
        explain = f"现在是{current.name}，从 {current.valid_from} 开始；更换后原来的区间保留。" if current else ""
        return self.ask(
            FieldsDialog(
                self, self.desk, "更换帮扶责任人" if current else "指定帮扶责任人",
                [spec["staff"], spec["valid_from"], spec["reason"]],
                lambda held: assign([student], str(held["staff"]), _text(held["valid_from"]), _text(held["reason"])),
                explain=explain, values={"valid_from": self.desk.services.context.today()}, said="已指定责任人",
            )
        )  # fmt: skip

    def _visit(self) -> None:
        if self.uid:
            self.desk.go("visit", self.uid)


class MoneyPart(Part):
    """资助: the accounts that money goes to, and what was paid."""

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(desk, writable=writable)
        self._open: set[str] = set()
        self._accounts: Sequence[Row] = ()
        self.accounts = self.add_list("银行账户", "还没有银行账户，资助款发不出去。", "添加 (Ctrl+G)", self.add)
        self.payments = self.add_list("发放记录", "还没有发放记录。")
        self.body.addStretch(1)

    def fill(self, file: StudentFile | None) -> None:
        """Accounts masked until looked at; payments as the batches made them."""
        self._open.clear()
        self._accounts = file.accounts if file else ()
        self._show_accounts()
        payments = file.payments if file else []
        programmes = self._programmes() if payments else {}
        self.payments.put([_payment(programmes, row) for row in payments])

    def add(self) -> FieldsDialog | None:
        """Record one more account."""
        if not self.uid:
            return None
        return self._account_dialog("添加银行账户", None, {"valid_from": self.desk.services.context.today()})

    def _programmes(self) -> dict[str, str]:
        """Code → name of the programmes."""
        ledger = self.desk.services.ledger
        rows = ledger.rows("programme", ledger.ids(Query("programme")))
        return {str(row.values["code"]): row.shown["name"] for row in rows}

    def _show_accounts(self) -> None:
        self.accounts.put([self._account(row) for row in self._accounts])

    def _account(self, row: Row) -> Entry:
        shown, ended = row.shown, bool(row.values["valid_to"])
        number = str(row.values["account"]) if row.uid in self._open else shown["account"]
        relation = f"（{shown['relation']}）" if shown["relation"] else ""
        look: Deed = ("遮住" if row.uid in self._open else "显示", partial(self._look, row.uid))
        deeds = self.deeds(
            ("修改", partial(self._account_dialog, "修改银行账户", row.uid, row.values)),
            ("作废", partial(self.take_back, "bank_account", f"{shown['holder']}的账户", row.uid)),
        )
        title = f"{shown['holder']}{relation}　{number}"
        return Entry(title, shown["bank"], "已停用" if ended else "", "", (look, *deeds))

    def _look(self, uid: str) -> None:
        self._open ^= {uid}
        self._show_accounts()

    def _account_dialog(self, title: str, uid: str | None, values: dict[str, Value]) -> FieldsDialog:
        spec, keep = self.desk.services.ledger.specs["bank_account"], self.desk.services.students.keep
        fields = [field for field in spec.form_fields() if field.name != "student"]
        student = self.uid
        return self.ask(
            FieldsDialog(
                self, self.desk, title, fields, lambda held: keep("bank_account", student, held, uid), values=values,
            )
        )  # fmt: skip


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _pairing(row: Row) -> Entry:
    ended = bool(row.values["valid_to"])
    span = f"{row.shown['valid_from']} 起" + (f"，{row.shown['valid_to']} 止" if ended else "")
    detail = "　".join(filter(None, (span, row.shown["reason"])))
    return Entry(row.shown["staff"], detail, "" if ended else "现任", "good")


def visit_entry(row: Row) -> Entry:
    """A visit as one entry: when, how, by whom; then what was seen and done."""
    shown = row.shown
    title = "　".join(filter(None, (shown["date"], shown["method"], shown["staff"])))
    said = (("见到", "met"), ("", "situation"), ("措施", "measures"), ("需求", "needs"), ("下次", "next_plan"))
    parts = [f"{label}：{shown[name]}" if label else shown[name] for label, name in said if shown[name]]
    return Entry(title, "；".join(parts))


def _payment(programmes: Mapping[str, str], row: Row) -> Entry:
    shown = row.shown
    name = programmes.get(shown["programme"], shown["programme"])
    detail = "　".join(filter(None, (shown["term"], shown["kind"], shown["batch"], shown["reason"])))
    tone = {"returned": "look"}.get(str(row.values["kind"]), "good" if row.values["state"] == "paid" else "")
    return Entry(f"{name}　{shown['fen']} 元", detail, shown["state"], tone)
