"""Through real sticks: schools that clone disks, restore backups and read receipts; a county that decides as it goes.

What the machine does in memory (`test_merge_machine`), with the services, files, keys and commits that people use. In
the end every school sees of its own records exactly what the county sees.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import BY_NAME, Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.store.tables import ERASED, chain, journal
from tests.factories.stations import PASSWORD, certify, new_county, new_school

CODES = ("2143990001", "2143990002")
SEEDS = 4 * (settings().max_examples // 100)  # 20 with `--hypothesis-profile=search`
STEPS = {
    "save": 8, "export": 4, "deliver": 6, "answer": 3, "back_up": 1, "restore": 1, "clone": 1, "edit": 2, "settle": 2,
    "withdraw": 1, "rejoin": 1, "decide": 2,
}  # fmt: skip
ERASING = STEPS | {"erase": 3}
Rows = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a county and its certified schools, to be copied for every schedule."""
    root = tmp_path_factory.mktemp("prepared")
    county = new_county(root / "county")
    for code in CODES:
        school = new_school(root / code, code)
        certify(school, county, root)
        school.close()
    county.close()
    return root


class World:
    """A county, its schools, clones of their disks, and every package that was ever written."""

    def __init__(self, prepared: Path, root: Path, seed: int) -> None:
        self.root, self.chance = root, random.Random(seed)
        for name in (*CODES, "county"):
            shutil.copytree(prepared / name, root / name)
        self.county = open_station(root / "county", PASSWORD)
        self.schools = {code: open_station(root / code, PASSWORD) for code in CODES}
        self.written: list[Path] = []
        self.outcomes: set[str] = set()
        (root / "stick").mkdir()

    def step(self, steps: Mapping[str, int] = STEPS) -> None:
        (name,) = self.chance.choices(list(steps), list(steps.values()))
        getattr(self, name)()

    def _who(self) -> str:
        return self.chance.choice(list(self.schools))

    def save(self) -> None:
        """Add a student, or change, void or restore one."""
        station = self.schools[self._who()]
        uids, pick = self._students(station), self.chance.randrange(400)
        with station.context.write() as unit:
            if pick % 4 == 0 or not uids:
                unit.add(Student, {"name": f"学生{pick}", "sex": "1", "birth": "2016-05-07"})
                return
            uid = self.chance.choice(uids)
            if pick % 4 == 1:
                unit.void(Student, uid, "误录")
            elif pick % 4 == 2:
                unit.restore(Student, uid)
            else:
                unit.change(Student, uid, {"name": f"改名{pick}", "phone": f"1380000{pick:04d}"})

    def _students(self, station: Services) -> list[str]:
        with station.context.read() as connection:
            return sorted(connection.execute(select(Student.__table__.c.uid)).scalars())

    def export(self) -> None:
        self.written += [done.path for done in self.schools[self._who()].exchange.export(self.root / "stick")]

    def deliver(self) -> None:
        if self.written:
            self.merge([self.chance.choice(self.written[-4:])])

    def merge(self, packages: list[Path]) -> None:
        for outcome in self.county.merging.merge(packages):
            counts = outcome.counts
            assert counts.entries_in == counts.applied + counts.known + counts.held + counts.rejected
            assert outcome.outcome != "rejected", outcome.reason
            self.outcomes.add(outcome.outcome)

    def answer(self) -> None:
        """Receipts for everybody; those who are not believed, or are told another story, refuse them."""
        before = set((self.root / "stick").iterdir())
        self.county.county.write_receipts(self.root / "stick")
        written = sorted(set((self.root / "stick").iterdir()) - before)  # and what a restored school had lost
        for school in self.schools.values():
            school.exchange.read_receipts(written)

    def back_up(self) -> None:
        name = self._who()
        self._close(name)
        shutil.copyfile(self.root / name / "jzdesk.db", self.root / f"{name}.backup")
        self._open(name)

    def restore(self) -> None:
        name = self._who()
        if (backup := self.root / f"{name}.backup").exists():
            self._close(name)
            shutil.copyfile(backup, self.root / name / "jzdesk.db")
            self._open(name)

    def clone(self) -> None:
        """A disk is copied, and both computers go on."""
        if len(self.schools) < 4:
            name = self._who()
            self._close(name)
            twin = f"{name}-{len(self.schools)}"
            shutil.copytree(self.root / name, self.root / twin)
            self._open(name)
            self._open(twin)

    def _close(self, name: str) -> None:
        self.schools.pop(name).close()

    def _open(self, name: str) -> None:
        self.schools[name] = open_station(self.root / name, PASSWORD)

    def edit(self) -> None:
        """The county changes a student it has."""
        if uids := self._students(self.county):
            with self.county.context.write() as unit:
                unit.change(Student, self.chance.choice(uids), {"phone": f"1390000{self.chance.randrange(10000):04d}"})

    def erase(self) -> None:
        """The county erases a student it has, or a telephone number; one in doubt it must settle first."""
        if uids := self._students(self.county):
            fields = self.chance.choice((None, ["phone"]))
            with suppress(UserError):
                self.county.erasures.erase("student", self.chance.choice(uids), "监护人申请 2025-3", fields)
                self.outcomes.add("erased")

    def settle(self) -> None:
        """A conflict is decided."""
        lines = [line for line in self.county.settling.conflicts() if line.field != "*"]
        if lines:
            line = self.chance.choice(lines)
            self.county.settling.resolve(line.entity, line.uid, line.field, self.chance.choice(line.values).value)

    def decide(self) -> None:
        """A fork is decided; one that cannot be joined yet waits."""
        for line in self.county.forks.waiting()[:1]:
            continues = self.chance.choice(("ours", "theirs"))
            try:
                self.county.forks.settle(line.id, continues, "已核实", keep_other=True)
                self.outcomes.add(continues)
            except UserError:
                self.outcomes.add("not yet")

    def withdraw(self) -> None:
        self._turn("withdraw", "报错了")

    def rejoin(self) -> None:
        self._turn("rejoin")

    def _turn(self, do: str, *reason: str) -> None:
        if self.written:
            with suppress(UserError):  # never merged, or turned that way already
                getattr(self.county.withdrawing, do)(self.chance.choice(self.written).name, *reason)
                self.outcomes.add(do)

    def everything_comes(self) -> None:
        """Every package that was written and one more of everybody; nothing is left to decide."""
        for school in self.schools.values():
            self.written += [done.path for done in school.exchange.export(self.root / "stick")]
        self.chance.shuffle(self.written)
        for line in self.county.merging.arrivals():
            if line.withdrawn:
                self._rejoin(line.package_id)
        self.merge(self.written)
        for _ in range(3):
            for fork in self.county.forks.waiting():
                self.county.forks.settle(fork.id, "ours", "都要", keep_other=True)
            self.merge(self.written)
        assert self.county.forks.waiting() == []

    def _rejoin(self, package: str) -> None:
        with suppress(UserError):  # it went back with another one
            self.county.withdrawing.rejoin(package)

    def close(self) -> None:
        for station in (*self.schools.values(), self.county):
            station.close()


def rows_of(station: Services, scope: str) -> Rows:
    """The records of a school as a station shows them."""
    with station.context.read() as connection:
        query = select(BY_NAME["student"].__table__).where(BY_NAME["student"].__table__.c.scope == scope)
        return {("student", row["uid"]): dict(row) for row in connection.execute(query).mappings()}


def entries_of(station: Services) -> set[bytes]:
    with station.context.read() as connection:
        found = list(connection.execute(select(journal.c.h)).scalars())
    assert len(found) == len(set(found)), "an entry stands in the journal once"
    return set(found)


def entries_of_others(school: Services) -> set[bytes]:
    """What a school holds of others' chains: the county's own."""
    with school.context.read() as connection:
        query = select(journal.c.h).join(chain, chain.c.id == journal.c.chain).where(chain.c.own == 0)
        return set(connection.execute(query).scalars())


@pytest.fixture
def world(prepared: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(prepared, tmp_path, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("world", range(SEEDS), indirect=True)
def test_after_any_schedule_the_county_has_everything_and_the_schools_see_what_it_sees(world: World) -> None:
    _goes_well(world, STEPS)


@pytest.mark.parametrize("world", range(100, 100 + SEEDS), indirect=True)
def test_and_so_it_is_where_the_county_erases(world: World) -> None:
    _goes_well(world, ERASING)
    gone = {station: _erased(station) for station in (world.county, *world.schools.values())}
    for station, hashes in gone.items():
        assert hashes <= gone[world.county]
        assert not hashes - entries_of(station)


def _erased(station: Services) -> set[bytes]:
    with station.context.read() as connection:
        return set(connection.execute(select(journal.c.h).where(journal.c.state == ERASED)).scalars())


def _goes_well(world: World, steps: Mapping[str, int]) -> None:
    accepted: set[bytes] = set()
    for _ in range(45):
        world.step(steps)
        assert accepted <= (accepted := entries_of(world.county)), "nothing taken in is ever lost"
    world.everything_comes()
    world.everything_comes()
    assert world.county.verify().ok
    for school in world.schools.values():
        assert entries_of(school) <= entries_of(world.county) | entries_of_others(school)
    world.answer()
    world.answer()
    for code in CODES:
        if all(not name.startswith(f"{code}-") for name in world.schools):
            assert rows_of(world.schools[code], code) == rows_of(world.county, code)
