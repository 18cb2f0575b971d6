"""A child's moves as a set of entries: whatever order they come in, one scope, one record, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.core.merge import GRANT, SCOPE, Known, RecordState, record_state
from jzdesk.services.stations import open_station
from tests.factories.entries import entry
from tests.factories.moves import NEW, Three, child, file_of, paid, three_stations, write_history
from tests.factories.stations import PASSWORD

PURE = settings(max_examples=150, deadline=None)
SCHOOLS = ("2143990001", "2143990002", "2143990004")


def grant(at: int, to: str, replaces: tuple[str, ...] = ()) -> Known:
    return entry(at, {SCOPE: to}, {SCOPE: replaces} if replaces else {}, op=GRANT, role="county", dev="c", n=at)


@st.composite
def lives(draw: st.DrawFn) -> list[Known]:
    """A child's record: put, changed, moved by the county from school to school, voided and restored by schools."""
    history = [entry(1, {"name": "王小明", "phone": "1"})]
    moves: list[Known] = []
    for at in range(2, draw(st.integers(2, 9))):
        what = draw(st.sampled_from(("edit", "grant", "unaware", "void", "restore", "forged")))
        seen = tuple(known.id for known in history if known.entry.op != GRANT)
        if what == "grant":
            moves.append(grant(at, draw(st.sampled_from(SCHOOLS)), tuple(one.id for one in moves[-1:])))
            history.append(moves[-1])
        elif what == "unaware":  # a county restored from its backup, which does not know of the last move
            moves.append(grant(at, draw(st.sampled_from(SCHOOLS)), tuple(one.id for one in moves[:1])))
            history.append(moves[-1])
        elif what == "forged":  # a school writes itself into the scope, and replaces the grants
            base = {SCOPE: tuple(one.id for one in moves), "phone": seen[-1:]}
            history.append(entry(at, {SCOPE: "0000", "phone": str(at)}, base, dev="d9", n=at))
        elif what == "edit":
            history.append(entry(at, {"phone": str(at)}, {"phone": seen[-1:]}, n=at))
        else:
            history.append(entry(at, op=what, seen=seen, n=at))
    return history


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Known], list[Known]]:
    history = draw(lives())
    came = draw(st.lists(st.sampled_from(history), unique_by=lambda known: known.id, min_size=1))
    return came, draw(st.permutations(came))


def reading(entries: Sequence[Known]) -> tuple[str, bool, frozenset[str]]:
    """Scope, hidden and who disagrees about the scope, told a second way, sentence by sentence."""
    grants = [one for one in entries if one.entry.op == GRANT]
    replaced = {named for one in grants for named in one.entry.base.get(SCOPE, ())}
    heads = [one for one in grants if one.id not in replaced]
    content = [one for one in entries if one.entry.op != GRANT]
    scope = str(max(heads, key=lambda one: (one.entry.at, one.entry.dev, one.id)).entry.set[SCOPE]) if heads else None
    without = record_state(content) if content else None
    began = without.scope if without else None
    return scope or began or "", without.hidden if without else True, frozenset(str(h.entry.set[SCOPE]) for h in heads)


@PURE
@given(arrivals())
def test_the_scope_follows_from_the_set_and_a_move_is_no_edit(case: tuple[list[Known], list[Known]]) -> None:
    came, again = case
    state = record_state(came)
    assert repr(state) == repr(record_state(again))
    scope, hidden, heads = reading(came)
    if scope:
        assert state.scope == scope
    assert state.hidden == hidden
    assert (SCOPE in state.conflicts) == (len(heads) > 1)
    assert SCOPE not in state.values


def _anybody_moves(entries: Sequence[Known]) -> RecordState:
    """The mutant that takes every entry's word for the scope."""
    words = [one for one in entries if SCOPE in one.entry.set]
    state = record_state(entries)
    return state._replace(scope=str(words[-1].entry.set[SCOPE])) if words else state


def _a_move_revives(entries: Sequence[Known]) -> RecordState:
    """The mutant to whom a move is an edit that a void has not seen."""
    return record_state([
        Known(one.id, msgspec.structs.replace(one.entry, op="put")) if one.entry.op == GRANT else one for one in entries
    ])  # fmt: skip


@pytest.mark.parametrize("mutant", [_anybody_moves, _a_move_revives])
def test_broken_rules_are_found(mutant: Callable[[Sequence[Known]], RecordState]) -> None:
    quick = settings(PURE, max_examples=2000, phases=[Phase.generate])

    def broken(case: tuple[list[Known], list[Known]]) -> bool:
        came, again = case
        scope, hidden, _ = reading(came)
        state = mutant(came)
        return repr(state) != repr(mutant(again)) or (bool(scope) and state.scope != scope) or state.hidden != hidden

    find(arrivals(), broken, settings=quick)


# Through the real files: after the county has moved a child, in whatever order and however often the sticks come.


@pytest.fixture(scope="module")
def came_down(stations: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What the county sent to the new school when a child came: the receipt, and the file."""
    with three_stations(stations, tmp_path_factory.mktemp("life")) as three:
        three.moved()
        (receipt,) = three.root.glob(f"stick-2/{NEW}_*.jzh")
        (file,) = three.root.glob(f"stick-2/{NEW}_*.jzd")
        return [receipt, file]


def _after(stations: Path, files: Sequence[Path]) -> str:
    """The digest of the new school's station once it has read these files one after the other."""
    with TemporaryDirectory() as folder:
        shutil.copytree(stations / "new", Path(folder) / "new")
        station = open_station(Path(folder) / "new", PASSWORD)
        for path in files:
            station.exchange.read_receipts([path])
        report = station.verify()
        assert report.ok
        assert [line.state for line in station.transfers.lines()] == ["approved"]
        station.close()
        return report.digest


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(0, 1), max_size=4))
def test_receipt_and_file_may_come_in_any_order_and_again(
    stations: Path, came_down: list[Path], order: list[int]
) -> None:
    files = [came_down[number] for number in (*order, 1, 0)]
    assert _after(stations, files) == _after(stations, came_down)


# After the move the county takes packages back and lets them return, and its sticks get lost or come late.

_TURNS = st.sampled_from(("withdraw", "rejoin", "edit", "answer", "lose", "find"))


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(_TURNS, st.integers(0, 5)), min_size=4, max_size=7))
def test_the_new_school_shows_of_the_file_what_the_county_counts(stations: Path, turns: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, three_stations(stations, Path(folder)) as three:
        uid, packages, lost = child(three.old), list[str](), list[Path]()
        packages += [path.name for path in three.up(three.old)]
        paid(three.old)
        packages += [path.name for path in three.up(three.old)]
        three.county.transfers.approve(three.asked(uid))
        three.down()
        for turn, pick in turns:
            _turn(three, turn, pick, packages, lost)
        three.down(three.new)
        for stick in lost:
            three.new.exchange.read_receipts([stick])
        assert file_of(three.new, uid) == file_of(three.county, uid)
        assert three.new.verify().ok


def _turn(three: Three, turn: str, pick: int, packages: list[str], lost: list[Path]) -> None:
    match turn:
        case "withdraw" | "rejoin":
            with suppress(UserError):  # it stands that way already
                deed = getattr(three.county.withdrawing, turn)
                deed(packages[pick % len(packages)], *(["报错了"] if turn == "withdraw" else []))
        case "edit":  # what tells history stays with the old school
            write_history(three.old, pick)
            packages += [path.name for path in three.up(three.old)]
        case "answer":
            three.down(three.new)
        case "lose":
            lost.append(three.stick())
            three.county.county.write_receipts(lost[-1])
        case _:
            for stick in lost[pick % 3 :]:
                three.new.exchange.read_receipts([stick])
