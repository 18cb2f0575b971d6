"""Taking back what was done: the last actions of this station, in words, and what stands in the way of undoing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.models import SPECS
from jzdesk.services import parked_rows
from jzdesk.services.context import Context
from jzdesk.services.ledger import titles
from jzdesk.store import actions
from jzdesk.store.actions import UNDO, Action, Dependent
from jzdesk.store.unit import Changes, Unit

_HOW = {"edited": "后来又改过", "refers": "后来登记的资料用到了它"}
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Done:
    """One action as people see it; `undone` once it has been taken back."""

    number: int
    label: str
    when: str
    who: str
    kind: str
    undone: bool


@dataclass(frozen=True, slots=True)
class InTheWay:
    """A record that keeps an action from being undone, and why; its form opens by `entity` and `uid`."""

    entity: str
    uid: str
    title: str
    why: str


class UndoService:
    """撤销: the last actions, taken back one by one or a chosen one when nothing was built on it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def recent(self, limit: int = 50) -> list[Done]:
        """The newest actions first."""
        with self._context.read() as connection:
            return [_shown(one) for one in actions.recent(connection, limit)]

    def last(self) -> Done | None:
        """What Ctrl+Z would take back now: the newest action of this account that still stands and is no undo."""
        with self._context.read() as connection:
            for one in actions.recent(connection, 200):
                if one.undone_by is None and one.kind != UNDO and one.account == self._context.actor.account:
                    return _shown(one)
        return None

    def last_undo(self) -> Done | None:
        """What Ctrl+Y would do again: the newest action of this account, when that is an undo that still stands."""
        with self._context.read() as connection:
            mine = (one for one in actions.recent(connection, 200) if one.account == self._context.actor.account)
            newest = next(mine, None)
        return _shown(newest) if newest is not None and newest.kind == UNDO and newest.undone_by is None else None

    def in_the_way(self, number: int) -> list[InTheWay]:
        """What was built on the action since, at most 200 records; empty when it can be undone."""
        with self._context.read() as connection:
            found = actions.dependents(connection, actions.find(connection, number))[:_SHOWN]
            return _described(connection, found)

    def undo(self, number: int) -> Changes:
        """Take an action back (an undo too: that is 重做); raises UserError when something was built on it."""
        with self._context.write("撤销") as unit:
            self.undo_within(unit, number)
        return unit.changes

    def take_back(self, number: int) -> Done:
        """As `undo`; answers with the action that the undo is, which can itself be taken back."""
        with self._context.write("撤销") as unit:
            self.undo_within(unit, number)
        if unit.deed.number is None:
            raise UserError("这一步已经没有可以撤销的内容", "记录已经和那一步之前一样。", "撤销")
        with self._context.read() as connection:
            return _shown(actions.find(connection, unit.deed.number))

    def undo_within(self, unit: Unit, number: int) -> Action:
        """As `undo`, within the caller's transaction, which becomes the action of the undo."""
        taken = actions.find(unit.connection, number)
        unit.deed.label = taken.label.removeprefix("撤销：") if taken.kind == UNDO else f"撤销：{taken.label}"
        unit.deed.kind, unit.deed.ref = UNDO, taken.id
        actions.undo(unit, taken)
        self._settle_parked(unit, taken)
        return taken

    def _settle_parked(self, unit: Unit, taken: Action) -> None:
        """The parked rows of an import go with it, and come back with it."""
        first, times = taken, 0
        while first.kind == UNDO and first.ref is not None:
            first, times = actions.find(unit.connection, first.ref), times + 1
        if first.kind == actions.IMPORT and first.ref is not None:
            if times % 2:
                parked_rows.bring_back(unit.connection, first.ref)
            else:
                parked_rows.take_back(unit.connection, first.ref, self._context.today())


def _shown(one: Action) -> Done:
    return Done(one.id, one.label, moment(one.at), one.account, one.kind, one.undone_by is not None)


def _described(connection: Connection, found: Sequence[Dependent]) -> list[InTheWay]:
    named: dict[tuple[str, str], str] = {}
    for ent in {one.ent for one in found}:
        shown = titles(connection, ent, [one.uid for one in found if one.ent == ent])
        named |= {(ent, uid): title for uid, title in shown.items()}
    return [
        InTheWay(one.ent, one.uid, f"{SPECS[one.ent].label} {named.get((one.ent, one.uid), '')}", _HOW[one.how])
        for one in found
    ]
