"""Whatever is merged, taken back, returned and ruled on, in any order: tables are what the standing entries say."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.core.merge import decode
from jzdesk.models import BY_NAME, Student
from jzdesk.services import foretelling
from jzdesk.services.bundle import Services
from jzdesk.services.duplicates import open_cases
from jzdesk.services.effects import Effects
from jzdesk.services.stations import open_station
from jzdesk.store import journal as book
from jzdesk.store.journal import Link
from jzdesk.store.tables import conflict, journal
from tests.factories.people import id_number
from tests.factories.stations import PASSWORD, certify, new_county, new_school

CODES = ("2143990001", "2143990002", "3143990003")
AHEAD = CODES[2]  # its clock runs three days ahead
NUMBER = id_number("2016-05-07", serial=7)


def _clock(code: str) -> Clock:
    ahead = 72 * 3600 * 1000 if code == AHEAD else 0
    return Clock(lambda: int(time.time() * 1000) + ahead)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a county and its certified schools, to be copied for every schedule."""
    root = tmp_path_factory.mktemp("prepared")
    county = new_county(root / "county")
    for code in CODES:
        school = new_school(root / code, code, clock=_clock(code))
        certify(school, county, root)
        school.close()
    county.close()
    return root


@dataclass(frozen=True)
class Picture:
    """All tables, conflicts and duplicate cases of a county at one moment."""

    rows: dict[tuple[str, str], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    conflicts: frozenset[tuple[str, str, str]] = frozenset()
    cases: frozenset[tuple[str, ...]] = frozenset()


def picture(county: Services) -> Picture:
    with county.context.read() as connection:
        rows = {
            (ent, row["uid"]): (row["hidden"], dict(row))
            for ent, entity in BY_NAME.items()
            for row in connection.execute(select(entity.__table__)).mappings()
        }
        conflicts = connection.execute(select(conflict.c.ent, conflict.c.uid, conflict.c.field)).all()
        cases = frozenset(case.uids for case in open_cases(connection))
    return Picture(rows, frozenset(tuple(row) for row in conflicts), cases)


def difference(before: Picture, after: Picture) -> dict[str, int]:
    """What an outsider sees that became of the records between two moments."""
    old, new = before.rows, after.rows
    both = [(old[key], new[key]) for key in old.keys() & new.keys()]
    return {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "voided": sum(not was[0] and bool(now[0]) for was, now in both),
        "restored": sum(bool(was[0]) and not now[0] for was, now in both),
        "changed": sum(was[0] == now[0] and was[1] != now[1] for was, now in both),
        "opened": len(after.conflicts - before.conflicts),
        "closed": len(before.conflicts - after.conflicts),
    }


def foretold(effects: Effects) -> dict[str, int]:
    return {name: effects.total(name) for name in ("new", "gone", "voided", "restored", "changed", "opened", "closed")}


class World:
    """A county, three schools, every package that was ever written, and a county where nothing is ever taken back."""

    def __init__(self, prepared: Path, root: Path) -> None:
        self.root = root
        for name in (*CODES, "county"):
            shutil.copytree(prepared / name, root / name)
        for name in ("never", "fresh"):
            shutil.copytree(prepared / "county", root / name)
        self.schools = {code: open_station(root / code, PASSWORD, clock=_clock(code)) for code in CODES}
        self.county, self.never, self.fresh = (
            open_station(root / name, PASSWORD) for name in ("county", "never", "fresh")
        )
        self.written: list[Path] = []
        self.uids: dict[str, list[str]] = {code: [] for code in CODES}
        self.done: set[str] = set()
        (root / "stick").mkdir()

    def close(self) -> None:
        for station in (*self.schools.values(), self.county, self.never, self.fresh):
            station.close()

    def save(self, code: str, pick: int) -> None:
        station, uids = self.schools[code], self.uids[code]
        with station.context.write() as unit:
            if pick % 4 == 0 or not uids:
                number = NUMBER if pick % 3 == 0 else None
                row = {"name": f"学生{pick}", "sex": "1", "birth": "2016-05-07", "id_number": number}
                uids.append(unit.add(Student, row))
            elif pick % 4 == 1:
                unit.void(Student, uids[pick % len(uids)], "误录")
            else:
                unit.change(Student, uids[pick % len(uids)], {"name": f"改名{pick}", "phone": f"1380000{pick:04d}"})

    def export(self, code: str, _pick: int) -> None:
        self.written += [done.path for done in self.schools[code].exchange.export(self.root / "stick")]

    def edit(self, _code: str, pick: int) -> None:
        """The county changes a student it has, so that what a school sends meets it."""
        with self.county.context.read() as connection:
            known = sorted(connection.execute(select(Student.__table__.c.uid)).scalars())
        if known:
            with self.county.context.write() as unit:
                unit.change(Student, known[pick % len(known)], {"phone": f"1390000{pick:04d}"})

    def deliver(self, _code: str, pick: int) -> None:
        """Look at a package, merge it, and compare."""
        if not self.written:
            return
        path = self.written[pick % len(self.written)]
        before = picture(self.county)
        seen = self.county.previewing.preview(path)
        assert picture(self.county) == before, "a preview writes nothing"
        outcomes = self.county.merging.merge([path])
        counts = outcomes[0].counts
        assert counts.entries_in == counts.applied + counts.known + counts.held + counts.rejected
        self.done.add(outcomes[0].outcome)
        if len(outcomes) == 1:
            after = picture(self.county)
            assert (seen.outcome, seen.reason, seen.counts) == (outcomes[0].outcome, outcomes[0].reason, counts)
            assert foretold(seen.effects) == difference(before, after)
            assert seen.cases == len(after.cases - before.cases)

    def withdraw(self, _code: str, pick: int) -> None:
        self._turn("look", "withdraw", pick, "报错了")

    def rejoin(self, _code: str, pick: int) -> None:
        self._turn("look_back", "rejoin", pick)

    def _turn(self, look: str, do: str, pick: int, *reason: str) -> None:
        if not self.written:
            return
        name, service = self.written[pick % len(self.written)].name, self.county.withdrawing
        before = picture(self.county)
        try:
            seen = getattr(service, look)(name)
        except UserError:
            with pytest.raises(UserError):
                getattr(service, do)(name, *reason)
            return
        turned = getattr(service, do)(name, *reason)
        assert (turned.entries, turned.along) == (seen.entries, seen.along)
        assert foretold(seen.effects) == difference(before, picture(self.county))
        self.done.add(do)

    def revoke(self, code: str, pick: int) -> None:
        """Trust a school's computer no longer, or again."""
        service, device = self.county.revoking, self.schools[code].info.device
        before = picture(self.county)
        if any(one.device == device and not one.undone for one in service.listed()):
            seen = service.look_back(device)
            assert service.reinstate(device, "找回来了") == seen.entries
            self.done.add("reinstate")
        else:
            choices = service.choices(device)
            cut = choices[pick % len(choices)].key
            seen = service.look(device, cut)
            assert service.revoke(device, "被盗", cut) == seen.entries
            self.done.add("revoke")
        assert foretold(seen.effects) == difference(before, picture(self.county))

    def rule(self, _code: str, pick: int) -> None:
        """Admit or refuse something that is held."""
        waiting = self.county.holds.waiting()
        if not waiting:
            return
        line, before = waiting[pick % len(waiting)], picture(self.county)
        if pick % 2:
            self.county.holds.refuse(line.id, "不采纳")
            assert picture(self.county) == before
            return
        seen = self.county.holds.detail(line.id)
        self.county.holds.admit(line.id, "时钟已核实", max(seen.ahead_hours, 0) or None)
        assert foretold(seen.effects) == difference(before, picture(self.county))
        self.done.add("admit")

    def everything_returns(self) -> None:
        for line in self.county.revoking.listed():
            if not line.undone:
                self.county.revoking.reinstate(line.device, "找回来了")
        for path in self.written:
            if any(line.file == path.name and line.withdrawn for line in self.county.merging.arrivals()):
                self.county.withdrawing.rejoin(path.name)


def replay(source: Services, target: Services, reverse: bool) -> None:
    """Give a fresh county exactly the entries the other holds, each with its standing, chain by chain."""
    with source.context.read() as connection:
        chains = book.chains(connection)
        links = {known.id: list(_links(connection, known.id)) for known in chains}
    for known in chains[::-1] if reverse else chains:
        with target.context.write() as unit:
            here = book.find_chain(unit.connection, known.dev, known.ep) or book.open_chain(
                unit.connection, known.dev, known.ep, known.school, own=False
            )
            unit.accept(here, [link for link in links[known.id] if link.n > here.last_n])


def _links(connection: Any, chain: int) -> Iterator[Link]:
    query = select(journal.c.n, journal.c.h, journal.c.body, journal.c.state).where(journal.c.chain == chain)
    for row in connection.execute(query.order_by(journal.c.n)):
        yield Link(row.n, row.h, row.body, decode(row.body), row.state)


_STEP = st.tuples(
    st.sampled_from(
        ("save", "save", "save", "export", "export", "edit", "deliver", "deliver", "deliver", "withdraw", "rejoin",
         "rule", "revoke")
    ),
    st.sampled_from(CODES), st.integers(0, 400),
)  # fmt: skip


@settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],
)  # fmt: skip
@given(schedule=st.lists(_STEP, min_size=15, max_size=45), reverse=st.booleans())
def test_tables_are_what_the_standing_entries_say(
    prepared: Path, schedule: list[tuple[str, str, int]], reverse: bool
) -> None:
    with TemporaryDirectory() as folder, ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(foretelling, "SHARE", 2 if reverse else 40_000)  # a package is looked at in rounds, or at once
        world = World(prepared, Path(folder))
        stack.callback(world.close)
        for work, code, pick in schedule:
            getattr(world, work)(code, pick)
        _compare(world, reverse)


def _compare(world: World, reverse: bool) -> None:
    report = world.county.verify()
    assert report.ok, report.differences
    replay(world.county, world.fresh, reverse)
    fresh = world.fresh.verify()
    assert (fresh.ok, fresh.digest, fresh.conflicts) == (True, report.digest, report.conflicts)


def test_everything_taken_back_and_returned_is_as_if_never_taken_back(prepared: Path, tmp_path: Path) -> None:
    """The schedules above are not empty talk: here is one in which everything happens."""
    world, (one, two, ahead) = World(prepared, tmp_path), CODES
    schedule = [
        ("save", one, 0), ("export", one, 0), ("save", two, 0), ("export", two, 0), ("save", ahead, 4),
        ("export", ahead, 0), ("deliver", "", 0), ("deliver", "", 1), ("deliver", "", 2), ("rule", "", 0),
        ("save", one, 2), ("save", one, 8), ("export", one, 0), ("deliver", "", 3), ("withdraw", "", 1),
        ("withdraw", "", 3), ("withdraw", "", 0), ("deliver", "", 3), ("save", one, 12), ("export", one, 0),
        ("deliver", "", 4), ("withdraw", "", 2), ("rejoin", "", 2), ("revoke", one, 0), ("revoke", one, 0),
        ("revoke", one, 1), ("save", one, 16), ("export", one, 0), ("deliver", "", 5), ("revoke", two, 2),
    ]  # fmt: skip
    for work, code, pick in schedule:
        getattr(world, work)(code, pick)
    assert world.done == {"applied", "held", "withdrawn", "withdraw", "rejoin", "admit", "revoke", "reinstate"}
    _compare(world, reverse=False)
    world.everything_returns()
    world.never.merging.merge(world.written)
    for line in world.never.holds.waiting():
        world.never.holds.admit(line.id, "时钟已核实", 72)
    reports = world.county.verify(), world.never.verify()
    assert reports[0].ok
    assert (reports[0].digest, reports[0].entries) == (reports[1].digest, reports[1].entries)
    world.close()
