"""The merge machine is worth something: with any one rule of the merge broken, it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from jzdesk.core.merge import ERASE, GRANT, SCOPE, Known, RecordState, rank, record_state
from jzdesk.models import Student
from jzdesk.store import claims, erasing, journal, rows, standing
from jzdesk.store.tables import ACCEPTED, REFUSED, conflict
from jzdesk.store.tables import journal as journal_table
from jzdesk.store.unit import Unit
from jzdesk.sync import branches, merge
from tests.factories.machine import MergeMachine

SEEDS = 40  # schedules within which each broken rule has to show; most show in the first
Patch = Callable[[pytest.MonkeyPatch], None]


def _state(mutant: Callable[[Sequence[Known]], RecordState]) -> Patch:
    """The pure function is another one wherever the product calls it, in the recomputation as well."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        for name, module in tuple(sys.modules.items()):
            if name.startswith("jzdesk.") and getattr(module, "record_state", None) is record_state:
                monkeypatch.setattr(module, "record_state", mutant)

    return patch


def _instead(owner: Any, name: str, make: Callable[[Any], Any]) -> Patch:
    """A step of the merge is another one; `make` is given the real one."""
    return lambda monkeypatch: monkeypatch.setattr(owner, name, make(getattr(owner, name)))


def _shown(state: RecordState, entries: Iterable[Known]) -> RecordState:
    """The state with the last of these values shown."""
    values = {name: value for known in entries for name, value in known.entry.set.items()}
    return state._replace(values={name: values[name] for name in state.values})


def _as_if(entries: Sequence[Known], **changes: Any) -> list[Known]:
    return [Known(known.id, msgspec.structs.replace(known.entry, **changes)) for known in entries]


def _arrival_order_wins(entries: Sequence[Known]) -> RecordState:
    return _shown(record_state(entries), entries)


def _clock_wins_over_causality(entries: Sequence[Known]) -> RecordState:
    return _shown(record_state(entries), sorted(entries, key=lambda known: (known.entry.at, known.id)))


def _without_the_foundations(entries: Sequence[Known]) -> RecordState:
    here = {known.id for known in entries}
    kept = [known for known in entries if all(set(ids) <= here for ids in known.entry.base.values())]
    return record_state(kept or entries)


def _base_is_ignored(entries: Sequence[Known]) -> RecordState:
    return record_state(_as_if(entries, base={}))


def _authority_is_ignored(entries: Sequence[Known]) -> RecordState:
    return record_state(_as_if(entries, role="school"))


def _void_always_hides(entries: Sequence[Known]) -> RecordState:
    return record_state(entries)._replace(hidden=any(known.entry.op == "void" for known in entries))


def _void_never_hides(entries: Sequence[Known]) -> RecordState:
    return record_state(entries)._replace(hidden=False)


def _an_edit_after_a_void_is_not_told(entries: Sequence[Known]) -> RecordState:
    return record_state(entries)._replace(edited_after_void=False)


def _the_same_value_is_a_conflict(entries: Sequence[Known]) -> RecordState:
    state = record_state(entries)
    return state._replace(conflicts=frozenset(name for name, ids in state.leaves.items() if len(ids) > 1))


def _only_the_shown_value_is_kept(entries: Sequence[Known]) -> RecordState:
    return record_state(entries)._replace(conflicts=frozenset())


def _a_record_stays_where_it_began(entries: Sequence[Known]) -> RecordState:
    return record_state([one for one in entries if one.entry.op != GRANT] or entries)


def _anything_moves_a_record(entries: Sequence[Known]) -> RecordState:
    words = [one for one in entries if SCOPE in one.entry.set]
    state = record_state(entries)
    return state._replace(scope=str(max(words, key=rank).entry.set[SCOPE])) if words else state


def _a_move_is_an_edit(entries: Sequence[Known]) -> RecordState:
    put = [Known(one.id, msgspec.structs.replace(one.entry, op="put")) for one in entries if one.entry.op == GRANT]
    state = record_state([*(one for one in entries if one.entry.op != GRANT), *put])
    return record_state(entries)._replace(hidden=state.hidden, edited_after_void=state.edited_after_void)


def _an_erasure_is_an_edit(entries: Sequence[Known]) -> RecordState:
    put = [one for one in entries if one.entry.op == ERASE]
    return record_state([*(one for one in entries if one.entry.op != ERASE), *_as_if(put, op="put", seen=())])


def _an_erasure_names_nothing(entries: Sequence[Known]) -> RecordState:
    put = [one for one in entries if one.entry.op == ERASE]
    return record_state([*(one for one in entries if one.entry.op != ERASE), *_as_if(put, seen=())])


def _what_is_erased_stays(_real: Any) -> Any:
    return lambda *_args: None


def _what_comes_late_is_kept(_real: Any) -> Any:
    return lambda _connection, links, *_args: links


def _children_before_parents_are_dropped(real: Any) -> Any:
    def accept(unit: Unit, known: Any, links: Sequence[Any], **rest: Any) -> None:
        here = set(unit.connection.execute(select(Student.__table__.c.uid)).scalars())
        here |= {link.entry.uid for link in links}
        kept = [one for one in links if one.entry.ent != "enrolment" or one.entry.set.get("student") in here]
        if kept:
            real(unit, known, kept, **rest)

    return accept


def _known_ones_are_not_compared(_real: Any) -> Any:
    return lambda *_args: []


def _the_first_link_is_not_compared(_real: Any) -> Any:
    def place(connection: Any, manifest: Any) -> Any:
        known = journal.find_chain(connection, manifest.device, manifest.epoch)
        if manifest.first_n > (known.last_n if known else 0) + 1:
            raise merge.Gap(0, 0)
        return known

    return place


def _gaps_are_not_noticed(real: Any) -> Any:
    def place(connection: Any, manifest: Any) -> Any:
        try:
            return real(connection, manifest)
        except merge.Gap:
            return journal.find_chain(connection, manifest.device, manifest.epoch)

    return place


def _only_the_newest_entry_counts(_real: Any) -> Any:
    return lambda *_args: {}


def _held_ones_count(_real: Any) -> Any:
    return lambda *_args, **_options: None


def _the_records_of_others_are_open(_real: Any) -> Any:
    return lambda _connection, links, _licence, _counts: merge.Weighed(links, set())


def _settled_conflicts_stay(_real: Any) -> Any:
    def write(connection: Any, states: Any, ent: str) -> None:
        found = [row for uid, state in states.items() for row in rows.conflict_rows(uid, state)]
        if found:
            connection.execute(insert(conflict).prefix_with("OR REPLACE"), found)

    return write


def _tables_are_left_when_standing_changes(_real: Any) -> Any:
    return lambda *_args: None


def _branches_are_not_known_again(_real: Any) -> Any:
    return lambda _connection, trunk: [trunk.id]


def _the_cut_is_an_entry_too_early(real: Any) -> Any:
    def cuts(connection: Any, known: Any) -> standing.Cuts:
        found: standing.Cuts = real(connection, known)
        return found._replace(trusted=found.trusted - 1)

    return cuts


def _without_what_is_aside(real: Any) -> Any:
    return real & (journal_table.c.state != REFUSED)


def _what_waited_counts(real: Any) -> Any:
    return dict.fromkeys(real, ACCEPTED)


MUTANTS: dict[str, Patch] = {
    "arrival order wins": _state(_arrival_order_wins),
    "the clock wins over causality": _state(_clock_wins_over_causality),
    "an entry whose foundation is missing is dropped": _state(_without_the_foundations),
    "what an entry replaces is ignored": _state(_base_is_ignored),
    "authority is ignored": _state(_authority_is_ignored),
    "a void always hides": _state(_void_always_hides),
    "a void never hides": _state(_void_never_hides),
    "an edit that met a void is not told": _state(_an_edit_after_a_void_is_not_told),
    "the same value twice is a conflict": _state(_the_same_value_is_a_conflict),
    "the loser of two values is forgotten": _state(_only_the_shown_value_is_kept),
    "a child before its parent is dropped": _instead(Unit, "accept", _children_before_parents_are_dropped),
    "known entries are not compared": _instead(merge, "_not_held", _known_ones_are_not_compared),
    "the first link is not compared": _instead(merge, "place", _the_first_link_is_not_compared),
    "gaps are not noticed": _instead(merge, "place", _gaps_are_not_noticed),
    "only the newest entry counts": _instead(journal, "known_entries", _only_the_newest_entry_counts),
    "what is held counts": _instead(merge, "objection", _held_ones_count),
    "the records of other schools are open": _instead(merge, "_bound", _the_records_of_others_are_open),
    "settled conflicts stay on the list": _instead(rows, "write_conflicts", _settled_conflicts_stay),
    "tables are left when a standing changes": _instead(standing, "_recompute", _tables_are_left_when_standing_changes),
    "the branches of a fork are not known again": _instead(standing, "family", _branches_are_not_known_again),
}
MOVING: dict[str, Patch] = {
    "a record stays where it began": _state(_a_record_stays_where_it_began),
    "anything moves a record": _state(_anything_moves_a_record),
    "a move is an edit": _state(_a_move_is_an_edit),
    "a school moves records": _instead(merge, "_county_objection", _held_ones_count),
    "a revoked device goes on counting": _instead(standing, "cuts_of", lambda _real: lambda *_args: None),
    "the last trusted entry does not count": _instead(standing, "cuts_at", _the_cut_is_an_entry_too_early),
}
ERASING: dict[str, Patch] = {
    "an erasure is an edit": _state(_an_erasure_is_an_edit),
    "an erasure names nothing": _state(_an_erasure_names_nothing),
    "what is erased stays in the journal": _instead(erasing, "carry_out", _what_is_erased_stays),
    "what an erasure names and comes late is kept": _instead(merge, "_spared", _what_comes_late_is_kept),
    "a school erases": _instead(merge, "_county_objection", _held_ones_count),
}
ASIDE: dict[str, Patch] = {
    "what was set aside with its branch is nobody's": _instead(claims, "_MAY_COUNT", _without_what_is_aside),
    "what waits in the package of a fork is nobody's": _instead(claims, "_noted", lambda _real: lambda *_args: {}),
    "what waited counts when its branch returns": _instead(branches, "_REVIVED", _what_waited_counts),
}


@pytest.mark.parametrize("rule", [*MUTANTS, *MOVING, *ERASING, *ASIDE])
def test_the_machine_finds_that(rule: str, machine: type[MergeMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    (MUTANTS | MOVING | ERASING | ASIDE)[rule](monkeypatch)
    monkeypatch.setattr(machine, "thorough", False)
    with pytest.raises((AssertionError, IntegrityError)):  # the database too refuses one number twice
        _wander(machine, moving=rule in MOVING, erasing=rule in ERASING, aside=rule in ASIDE)


def _wander(machine: type[MergeMachine], *, moving: bool, erasing: bool, aside: bool) -> None:
    for seed in range(SEEDS):
        machine.wander(seed, moving=moving, erasing=erasing, aside=aside)
