"""不同填法 (county): a field with several values, who wrote which one when; one key settles it for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from jzdesk.core.fields import Value
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.settling import Candidate, ConflictLine

VOIDED = "*"  # an edit that met a 作废


class ConflictView(CaseView):
    """A field with several values: who wrote which one when; one key settles it for good."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("title", "记录", 11),
            Column("field_label", "栏目", 9),
            Column("entity_label", "台账", 8),
            Column("values", "填法", 5, numeric=True, text=lambda one: str(len(one.values))),
        )
        hint = "同一栏被两台电脑改成不同内容时，会列在这里；两种填法都留着，等县里选定。"
        table = Listing(columns, key=lambda one: f"{one.entity}-{one.uid}-{one.field}")
        super().__init__(table, widgets.Empty("ok", "没有等待裁定的填法", hint))
        self.desk, self._changed = desk, changed
        self._names: Mapping[str, str] = {}
        self._busy = False
        self.pressed.connect(self.choose)

    def show_conflicts(self, conflicts: Sequence[ConflictLine], names: Mapping[str, str]) -> None:
        """Show these."""
        self._names = names
        self.put(conflicts)

    def show_case(self) -> None:
        """The values side by side, each with its key."""
        line: ConflictLine | None = self.table.row_here()
        if line is None:
            return
        if line.field == VOIDED:
            self._show_voided(line)
            return
        self.question.setText(f"{line.entity_label}“{line.title}”的“{line.field_label}”应当是哪一个？")
        self.explain.setText("按数字键或点“采用”选定；其余填法留在历史里，选定的结果会随回执发给学校。")
        self._offer([(one.shown or "（空）", self._facts(one)) for one in line.values])

    def choose(self, number: int) -> None:
        """Settle the conflict with the cursor by its value `number` (from 0)."""
        line: ConflictLine | None = self.table.row_here()
        if line is None or self._busy:
            return
        services, deeds = self.desk.services, self._deeds(line)
        if number >= len(deeds):
            return
        self._busy = True
        said, do = deeds[number]
        self.desk.write(
            lambda _: do(services),
            lambda _: self._resolved(line.field_label, said),
            title="正在保存裁定",
            owner=self,
            always=self._free,
        )

    def _deeds(self, line: ConflictLine) -> list[tuple[str, Callable[[Services], object]]]:
        """What each key does, with the word for it."""

        def settle(value: Value) -> Callable[[Services], object]:
            return lambda services: services.settling.resolve(line.entity, line.uid, line.field, value)

        if line.field != VOIDED:
            return [(one.shown, settle(one.value)) for one in line.values]

        def stay(services: Services) -> None:
            services.settling.stay_void(line.entity, line.uid)

        return [("恢复这条记录", settle(None)), ("保持作废", stay)]

    def _show_voided(self, line: ConflictLine) -> None:
        """One side voided the record while another one went on editing it."""
        self.question.setText(f"{line.entity_label}“{line.title}”被作废，同时又有人修改，以哪个为准？")
        self.explain.setText("按数字键或点“采用”选定。恢复后各栏是最后的内容；保持作废时，历史仍然保留。")
        edit, void = line.values
        self._offer(
            [
                ("恢复这条记录", (("改了什么", edit.shown), *self._facts(edit))),
                ("保持作废", (("作废理由", void.shown), *self._facts(void))),
            ]
        )

    def _offer(self, sides: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """A card for each side, with its key."""
        cards = []
        for number, (headline, facts) in enumerate(sides, 1):
            card = Choice(number, headline, facts, "采用")
            card.clicked.connect(partial(self.choose, number - 1))
            cards.append(card)
        self.place(cards)

    def _facts(self, one: Candidate) -> tuple[tuple[str, str], ...]:
        return ("填写人", one.who), ("时间", one.when[:16]), ("来自", self._station(one.station))

    def _station(self, scope: str) -> str:
        return "县教育局" if scope == "county" else self._names.get(scope, scope)

    def _resolved(self, label: str, shown: str) -> None:
        self.desk.say(f"“{label}”已定为“{shown or '空'}”")
        self._changed()

    def _free(self) -> None:
        self._busy = False
