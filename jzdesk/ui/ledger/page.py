"""The page of any entity: table, filters from its codes, form with history, all from its specs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from jzdesk.core.fields import EntitySpec, FieldSpec, Value
from jzdesk.core.kinds import Code, Options, YesNo
from jzdesk.services.ledger import Query
from jzdesk.ui import widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import columns_of, school_column, travel_column
from jzdesk.ui.ledger.record import RecordPanel, nothing_chosen
from jzdesk.ui.page import FIRST, ListPage

FILTERS = 3


class LedgerPage(ListPage):
    """The ledger of `entity`. Works for every registered entity without knowing it by name."""

    def __init__(self, desk: Desk, entity: str) -> None:
        self.spec: EntitySpec = desk.services.ledger.specs[entity]
        self.title, self.entity, self.entities = self.spec.label, entity, frozenset({entity})
        self._writable = desk.services.ledger.may_write(entity)
        self.hints = LedgerPage.hints if self._writable else "F3 查找　回车 打开　F5 刷新"
        fetch, columns = partial(desk.services.ledger.page, entity), columns_of(self.spec)
        county = desk.services.info.kind == "county"
        self._of_schools = county and self.spec.owner != "county"
        if self._of_schools:
            columns.insert(1, school_column())
        elif not county and self.spec.owner != "county":
            columns.append(travel_column())
        super().__init__(desk, columns, fetch, hint=_hint(self.spec), several=True)
        self._panel: RecordPanel | None = None
        self.choices = {spec.name: self._filter(spec) for spec in filtered_fields(self.spec)}
        self.school = self.add_filter("学校", [(None, "全部学校")]) if self._of_schools else None
        if self.school is not None:
            desk.tasks.read(f"schools:{id(self)}", desk.services.ledger.schools, self._fill_schools, owner=self)
        self.state = self.add_filter("现行或已作废", [(0, "现行"), (1, "已作废")])
        if self._writable:
            self.add_action("新增 (Ctrl+N)", self.new, icon="plus", primary=True)
        self.side.hold(nothing_chosen(self.spec.label, writable=self._writable))
        self.work_in_table(entity)

    @property
    def panel(self) -> RecordPanel:
        """The form beside the table, built when first needed."""
        if self._panel is None:
            self._panel = RecordPanel(self.desk, self.entity)
            self._panel.saved.connect(self._on_saved)
            self._panel.stepped.connect(self.table.step)
            self._panel.closed.connect(self.close_side)
            self.side.hold(self._panel)
        return self._panel

    def ids(self) -> Callable[[], Sequence[str]]:
        """The query as the search box and filters stand."""
        return partial(self.desk.services.ledger.ids, self._query())

    def first(self) -> Callable[[], Sequence[str]] | None:
        """The beginning of a county's ledger, where a million visits may stand."""
        if self.desk.services.info.kind != "county":
            return None
        return partial(self.desk.services.ledger.first, self._query(), FIRST)

    def _query(self) -> Query:
        name, descending = self.order
        filters: dict[str, Value] = {field: pick.value() for field, pick in self.choices.items()}
        return Query(
            self.entity,
            self.search.text().strip(),
            {field: value for field, value in filters.items() if value is not None},
            (name,) if name else (),
            descending,
            bool(self.state.value()),
            str(self.school.value()) if self.school is not None and self.school.value() else None,
        )

    def _fill_schools(self, schools: Sequence[tuple[str, str]]) -> None:
        assert self.school is not None
        self.school.fill([(None, "全部学校"), *schools])

    def show_record(self, uid: str) -> None:
        """Show the row with the cursor; asks first when the form holds changes."""
        if self.panel.uid == uid and not self._side_open_needed():
            return
        if self.panel.uid != uid and not self.panel.may_leave():
            self.table.go_to(self.panel.uid)
            return
        job = partial(self.desk.services.ledger.record, self.entity, uid)
        self.desk.tasks.read(f"record:{id(self)}", job, self._show, owner=self)

    def new(self) -> None:
        """Ctrl+N: a blank form with the cursor in its first field."""
        begun = self.panel.uid is None and self.panel.form.dirty()
        if not self._writable or not (begun or self.panel.may_leave()):
            return
        if not begun:
            self.table.clearSelection()
            self.panel.blank()
        self.reopen_side()
        self.panel.tabs.setCurrentIndex(0)
        self.panel.form.focus()

    def save(self) -> None:
        """Ctrl+S."""
        if self._panel is not None:
            self._panel.save()

    def may_leave(self) -> bool:
        """Asks when the form holds changes."""
        return self._panel is None or self._panel.may_leave()

    def empty(self) -> Any:
        """Nothing found, with the way to begin."""
        if self.search.text().strip() or not self._writable:
            return super().empty()
        begin = widgets.button(f"新增{self.spec.label}", self.new, icon="plus", role="primary")
        return widgets.Empty("ledger", f"这里还没有{self.spec.label}", "按 Ctrl+N 也可以开始。", begin)

    def _heard(self, changes: Changes) -> None:
        """The open record reads itself again too."""
        super()._heard(changes)
        uid = self._panel.uid if self._panel is not None else None
        if uid is not None and uid in changes.uids:
            job = partial(self.desk.services.ledger.record, self.entity, uid)
            self.desk.tasks.read(f"again:{id(self)}", job, self.panel.catch_up, owner=self)

    def _side_open_needed(self) -> bool:
        return not self.side.isVisible()

    def _show(self, row: Any) -> None:
        self.panel.show_row(row)
        if self.wide() or self._side_open:
            self.reopen_side()

    def _on_saved(self, uid: str) -> None:
        self.table.records().refresh()
        self.to_find = None if self.table.go_to(uid) else uid

    def _filter(self, spec: FieldSpec) -> Pick:
        items: list[tuple[Value, str]] = [(None, f"全部{spec.label}")]
        assert isinstance(spec.kind, Code | Options | YesNo)
        if isinstance(spec.kind, YesNo):
            items += [(1, f"{spec.label}：是"), (0, f"{spec.label}：否")]
        else:
            items += spec.kind.items()
        return self.add_filter(spec.label, items)


def filtered_fields(spec: EntitySpec) -> list[FieldSpec]:
    """The fields that make filters: the first codes shown as columns."""
    fields = [field for field in spec if isinstance(field.kind, Code | Options | YesNo) and field.table]
    return fields[:FILTERS]


def _hint(spec: EntitySpec) -> str:
    labels = [field.label for field in spec if field.search][:3]
    return f"{' / '.join(labels)} (F3)" if labels else "查找 (F3)"
