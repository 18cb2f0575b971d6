"""The figures that a county keeps are those that a count of everything gives, whatever is written and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from jzdesk.core.merge import Entry
from jzdesk.models import Enrolment, Hardship, Pairing, Payment, Student
from jzdesk.services import home
from jzdesk.services.bundle import Services
from jzdesk.services.duplicates import open_cases
from jzdesk.services.stations import open_station
from jzdesk.store import figures, rows
from jzdesk.store.engine import gate
from jzdesk.store.store import Store
from jzdesk.store.tables import setting
from tests.factories.stations import PASSWORD
from tests.factories.stores import AUTHOR, new_store
from tests.factories.world import World, new_world

ENTITIES = {"enrolment": Enrolment, "hardship": Hardship, "pairing": Pairing, "payment": Payment, "student": Student}
CHILDREN = [f"{n:032x}" for n in range(4)]
CHOICES = {
    "student": st.sampled_from([*CHILDREN, None]),
    "id_number": st.sampled_from(["431099201501020012", "431099201501020020", None]),
    "status": st.sampled_from(["01", "11", "03", None]),
    "boarding": st.sampled_from(["1", "2", None]),
    "valid_to": st.sampled_from(["2026-01-31", None]),
    "state": st.sampled_from(["due", "paid"]),
    "term": st.sampled_from(["2025-2026-1", "2025-2026-2", None]),
    "fen": st.sampled_from([-62500, 0, 62500]),
}
VALUES = st.fixed_dictionaries(CHOICES)
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "change", "void", "restore"]), st.sampled_from(sorted(ENTITIES)), VALUES,
              st.integers(0, 5)),
    min_size=1, max_size=12,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, both_databases: str) -> Iterator[Store]:
    made = new_store(tmp_path / "store")
    made.keep_figures()
    yield made
    made.close()


def agree(store: Store) -> figures.Figures:
    """The figures stand, and a count of everything gives the same."""
    with store.read() as connection:
        known = figures.read(connection)
        assert known is not None
        assert known == figures.counted(connection)
    return known


def play(store: Store, steps: list[tuple[str, str, dict[str, Any], int]]) -> None:
    """Write as the steps say, several in one transaction; a step without a record to act on does nothing."""
    made: dict[str, list[str]] = {}
    for half in (steps[::2], steps[1::2]):
        with store.write(AUTHOR) as unit:
            for deed, ent, chosen, which in half:
                values = {name: value for name, value in chosen.items() if name in rows.columns(ent)}
                known = made.setdefault(ent, [])
                if deed == "add":
                    known.append(unit.add(ENTITIES[ent], values))
                elif which < len(known) and deed == "change":
                    unit.change(ENTITIES[ent], known[which], values)
                elif which < len(known):
                    getattr(unit, deed)(ENTITIES[ent], known[which], *(["错"] if deed == "void" else []))
        agree(store)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_whatever_is_written_the_figures_are_those_of_a_count(
    steps: list[tuple[str, str, dict[str, Any], int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = new_store(tmp_path_factory.mktemp("store"))
    store.keep_figures()
    play(store, steps)
    store.close()


def test_each_figure_says_what_its_name_says(store: Store) -> None:
    def paid(child: str, fen: int, state: str = "paid") -> dict[str, Any]:
        return {"student": child, "term": "2025-2026-1", "fen": fen, "state": state}

    first, second, third = CHILDREN[:3]
    with store.write(AUTHOR) as unit:
        unit.add_many(Student, [{"name": name, "id_number": "431099201501020012"} for name in ("甲", "乙")])
        unit.add_many(Enrolment, [{"student": first, "status": "01", "boarding": "2"} for _ in range(2)])
        unit.add_many(Enrolment, [{"student": second, "status": "01", "boarding": "1"}])
        gone = unit.add(Enrolment, {"student": third, "status": "03", "boarding": "2"})
        unit.add_many(Hardship, [{"student": one, "code": "D01"} for one in (first, first, third)])
        unit.add_many(Hardship, [{"student": second, "code": "D01", "valid_to": "2025-01-01"}])
        unit.add(Pairing, {"student": first})
        unit.add_many(Payment, [paid(first, 62500), paid(first, 100), paid(second, 7), paid(third, 9, "due")])
    assert agree(store) == {
        "enrolled": {"": 2}, "boarding": {"": 1}, "poor": {"": 2}, "poor_at": {AUTHOR.scope: 2}, "paired": {"": 1},
        "paid_at": {f"{AUTHOR.scope} 2025-2026-1": 1}, "fen": {"2025-2026-1": 62607}, "lines": {"2025-2026-1": 3},
        "shared": {"431099201501020012": 2},
    }  # fmt: skip
    with store.write(AUTHOR) as unit:
        unit.change(Enrolment, gone, {"status": "11"})
    assert agree(store)["enrolled"] == {"": 3}


def test_what_somebody_wrote_who_does_not_know_the_figures_is_counted_at_the_next_occasion(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        unit.add(Enrolment, {"student": CHILDREN[0], "status": "01"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_KEYS", {})
        patch.setattr(figures, "_put", lambda *_: None)
        with store.write(AUTHOR) as unit:
            unit.add(Enrolment, {"student": CHILDREN[1], "status": "01"})
    with store.read() as connection:
        assert figures.read(connection) is None
    with store.write(AUTHOR) as unit:
        unit.add(Enrolment, {"student": CHILDREN[2], "status": "01"})
    assert agree(store)["enrolled"] == {"": 3}


def test_a_recount_finds_a_figure_that_was_bent(store: Store) -> None:
    from jzdesk.store.verify import verify

    with store.local() as connection:
        figures._put(connection, "figures", '{"enrolled": {"": 7}}')
    with store.read() as connection:
        assert verify(connection).differences == ("figures",)
    with store.local() as connection:
        figures.begin(connection)


def test_only_a_county_keeps_figures(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    for services, keeps in ((world.county, True), (world.school, False)):
        with services.context.read() as connection:
            assert (figures.read(connection) is not None) == keeps


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def summary(county: Services, *, known: bool, monkeypatch: pytest.MonkeyPatch) -> home.HomeSummary:
    with monkeypatch.context() as patch:
        if not known:
            patch.setattr(figures, "read", lambda _connection: None)
        return county.home.summary()


def test_the_first_page_shows_the_same_from_figures_as_from_a_count(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.school.context.write() as unit:
        twins = unit.add_many(Student, [{"name": one, "id_number": "431099201501020012"} for one in ("甲", "乙")])
        unit.add_many(
            Enrolment, [{"student": one, "school": "2143990001", "grade": "G01", "status": "01"} for one in twins]
        )
        unit.add_many(Hardship, [{"student": one, "code": "D01", "valid_from": "2025-09-01"} for one in twins])
    package = world.export()
    assert world.merge(package) == ["applied"]
    county = world.county
    with county.context.read() as connection:
        assert len(open_cases(connection)) == 1
    seen = summary(county, known=True, monkeypatch=monkeypatch)
    assert seen == summary(county, known=False, monkeypatch=monkeypatch)
    assert (seen.cards[0].value, seen.chart.bars[0][1:]) == ("2", (0, 2))
    county.settling.settle(twins[0], twins[1], same=True, reason="同一人")
    assert county.home.summary().cards[0].value == "1", "a child judged the same counts once"
    county.withdrawing.withdraw(package.name, "报错了")
    seen = summary(county, known=True, monkeypatch=monkeypatch)
    assert seen == summary(county, known=False, monkeypatch=monkeypatch)
    assert seen.cards[0].value == "0"
    county.close()
    again = open_station(world.county.info.folder, PASSWORD)
    assert again.home.summary() == seen
    world.county = again


def test_a_county_of_an_older_program_counts_once_when_it_is_opened(world: World) -> None:
    world.county.close()
    county = open_station(world.county.info.folder, PASSWORD)
    with county.context.store.local() as connection:
        for key in ("figures", "figures_stamp"):
            connection.execute(delete(setting).where(setting.c.key == key))
    county.close()
    county = open_station(world.county.info.folder, PASSWORD)
    with county.context.read() as connection:
        assert figures.read(connection) is not None
    county.close()


def test_rows_that_go_away_and_rows_of_one_shape_are_counted_too(store: Store) -> None:
    entry = Entry(
        at=1, actor="甲", dev="d" * 16, ent="enrolment", ep="e" * 16, n=1, op="put", role="school", salt="x",
        scope="2143990001", sv=3, uid="a" * 32, set={"student": CHILDREN[0], "status": "01"},
    )  # fmt: skip
    with store.local() as connection, gate(connection):
        rows.insert_entries(connection, "enrolment", [entry])
    assert agree(store)["enrolled"] == {"": 1}
    with store.local() as connection, gate(connection):
        rows.delete_rows(connection, "enrolment", ["a" * 32])
    assert agree(store)["enrolled"] == {}
