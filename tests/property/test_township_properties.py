"""A township's view is a function of the files that came: children move, schools write, files come in any order."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.merge import GRANT, SCOPE, Known
from jzdesk.models import BY_NAME, Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.services.township_moves import writers
from jzdesk.store.unit import COUNTY
from tests.factories.entries import entry
from tests.factories.moves import child
from tests.factories.people import clock_at
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.township import JUNIOR, VILLAGE, make_township, open_township

FAR = "2143990004"
SCHOOLS = (VILLAGE, JUNIOR, FAR)
SEEDS = 2 * (settings().max_examples // 100)  # 10 with `--hypothesis-profile=search`


def by(school: str, at: int, values: dict[str, Value], dev: str, n: int = 1) -> Known:
    known = entry(at, values, dev=dev, n=n)
    return known._replace(entry=msgspec.structs.replace(known.entry, scope=school))


def grant(at: int, to: str) -> Known:
    known = entry(at, {SCOPE: to}, op=GRANT, role="county", dev="c", n=at)
    return known._replace(entry=msgspec.structs.replace(known.entry, scope=COUNTY))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_who_may_have_written_a_record_follows_from_the_set_of_its_entries(data: st.DataObject) -> None:
    """Whoever it began with and whoever got it; nobody else, wherever their clocks stand."""
    began, *others = data.draw(st.permutations(("a", "b", "c", "d")))
    given_to = data.draw(st.lists(st.sampled_from(others[:2]), max_size=3))
    first = by(began, data.draw(st.integers(50, 90)), {"name": "王小明"}, "d0")
    history = [first, *(grant(100 + at, to) for at, to in enumerate(given_to))]
    for at, school in enumerate(data.draw(st.lists(st.sampled_from((*others[:2], began)), max_size=4))):
        when = data.draw(st.integers(1, 200)) if school in given_to else 100 + at
        history.append(by(school, when, {"phone": str(at)}, f"d{at + 1}", at + 1))
    came = data.draw(st.permutations(history))
    assert writers(came) == {began, *given_to}


class World:
    """A county, a township station, schools below it and one that is not; a stick for every errand."""

    def __init__(self, made: Path, root: Path, seed: int) -> None:
        self.root, self.chance = root, random.Random(seed)
        shutil.copytree(made / "far", root / "far")
        self.place = open_township(made, root)
        schools = (self.place.village, self.place.junior, open_station(root / "far", PASSWORD))
        self.schools = dict(zip(SCHOOLS, schools, strict=True))
        self.county, self.centre = self.place.county, self.place.centre
        self.sticks: list[Path] = []
        self.day = 0
        self.tomorrow()
        self.children = [child(school, f"王{code[-1]}") for code, school in self.schools.items()]
        self.hand_in()

    def tomorrow(self) -> None:
        self.day += 1
        for station in (self.county, self.centre, *self.schools.values()):
            station.context.store.clock = clock_at(f"2025-10-{self.day:02}")

    def stick(self) -> Path:
        self.sticks.append(self.root / f"stick-{len(self.sticks)}")
        self.sticks[-1].mkdir()
        return self.sticks[-1]

    def hand_in(self) -> None:
        stick = self.stick()
        for school in self.schools.values():
            school.exchange.export(stick)
        self.county.merging.merge([stick])

    def answer(self) -> None:
        stick = self.stick()
        self.county.county.write_receipts(stick)
        for school in self.schools.values():
            if self.chance.random() < 0.7:
                school.exchange.read_receipts([stick])

    def move(self) -> None:
        """The county moves a child with its hardships to some school, or back."""
        uid, to = self.chance.choice(self.children), self.chance.choice(SCHOOLS)
        with self.county.context.write() as unit:
            unit.grant_many(Student, [uid], to, "转学")
            found = [row.uid for row in self.county.students.file(uid).hardships]
            unit.grant_many(BY_NAME["hardship"], found, to, "转学")

    def write(self) -> None:
        """Whoever believes that a child is its own puts something right."""
        for school in self.schools.values():
            with suppress(UserError):
                phone = f"138{self.chance.randrange(10**8):08}"
                school.ledger.save("student", {"phone": phone}, self.chance.choice(self.children))

    def live(self, days: int) -> None:
        deeds = (self.move, self.write, self.write, self.hand_in, self.answer)
        for _ in range(days):
            self.tomorrow()
            self.chance.choice(deeds)()
        for deed in (self.hand_in, self.answer):
            deed()

    def close(self) -> None:
        for station in (self.county, self.centre, *self.schools.values()):
            station.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_township(folder)
    county = open_station(folder / "county", PASSWORD)
    far = new_school(folder / "far", FAR)
    certify(far, county, folder)
    far.close()
    county.close()
    return folder


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_same_files_make_the_same_view_whatever_order_they_come_in(seed: int, made: Path, tmp_path: Path) -> None:
    world = World(made, tmp_path, seed)
    world.live(14)
    world.close()
    seen = set()
    for turn in range(3):
        shutil.copytree(made / "centre", tmp_path / f"centre-{turn}")
        centre = open_station(tmp_path / f"centre-{turn}", PASSWORD, clock=clock_at("2025-11-10"))
        for stick in world.sticks if turn == 0 else world.chance.sample(world.sticks, len(world.sticks)):
            centre.township.take([stick])
        seen.add(looked(centre))
        centre.close()
        shutil.rmtree(tmp_path / f"centre-{turn}" / "schools")
        centre = open_station(tmp_path / f"centre-{turn}", PASSWORD, clock=clock_at("2025-11-10"))
        seen.add(looked(centre))
        centre.close()
    assert len(seen) == 1
    (_, schools, pupils) = seen.pop()
    assert sum(students for _, students in schools) == len(pupils) == len(set(pupils))


def looked(centre: Services) -> tuple[str, tuple[tuple[str, int], ...], tuple[str, ...]]:
    """The tables of the view, pupils counted at each school, and the children listed."""
    schools = tuple((one.code, one.students) for one in centre.township.schools())
    listed = tuple(sorted(row.uid for code, _ in schools for row in centre.township.pupils(code)))
    found = Services(centre.township.view).verify()
    assert found.ok, found.differences
    assert centre.verify().ok
    return found.digest, schools, listed
