"""Whatever order sticks arrive in: the same set of entries gives the same tables and the same open conflicts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from jzdesk.core.merge import Known, RecordState, rank, record_state
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from tests.factories.entries import Reading, histories, naive
from tests.factories.servers import TestServer
from tests.factories.stations import PASSWORD, certify, copy_to_server, new_county, new_school

State = Callable[[Sequence[Known]], RecordState]
CODES = ("2143990001", "2143990002", "3143990003")
PURE = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def _reading(state: RecordState) -> Reading:
    leaves = {name: frozenset(ids) for name, ids in state.leaves.items()}
    return Reading(state.values, state.hidden, leaves, state.conflicts, state.edited_after_void)


def _holds(state: State, arrived: Sequence[Known], again: Sequence[Known]) -> bool:
    """The property: one state for both orders, and the one that the naive reading of the rules gives."""
    return repr(state(arrived)) == repr(state(again)) and _reading(state(arrived)) == naive(arrived)


@st.composite
def _arrivals(draw: st.DrawFn) -> tuple[list[Known], list[Known]]:
    """A part of a history (some sticks are still under way), in two orders."""
    history = draw(histories())
    arrived = draw(st.lists(st.sampled_from(history), unique_by=lambda known: known.id, min_size=1))
    return arrived, draw(st.permutations(arrived))


@PURE
@given(_arrivals())
def test_the_state_is_a_function_of_the_set_and_the_one_the_rules_describe(
    case: tuple[list[Known], list[Known]],
) -> None:
    assert _holds(record_state, *case)


@PURE
@given(_arrivals())
def test_the_leaf_that_is_shown_stands_first(case: tuple[list[Known], list[Known]]) -> None:
    arrived, _ = case
    by_id = {known.id: known for known in arrived}
    for name, ids in record_state(arrived).leaves.items():
        assert [by_id[i] for i in ids] == sorted((by_id[i] for i in ids), key=rank, reverse=True)
        assert record_state(arrived).values[name] == by_id[ids[0]].entry.set[name]


def _arrival_order_wins(entries: Sequence[Known]) -> RecordState:
    state = record_state(entries)
    values = {name: value for known in entries for name, value in known.entry.set.items()}
    return state._replace(values={name: values[name] for name in state.values})


def _clock_wins(entries: Sequence[Known]) -> RecordState:
    state = record_state(entries)
    ordered = sorted(entries, key=lambda known: (known.entry.at, known.id))
    values = {name: value for known in ordered for name, value in known.entry.set.items()}
    return state._replace(values={name: values[name] for name in state.values})


def _base_ignored(entries: Sequence[Known]) -> RecordState:
    import msgspec

    return record_state([Known(known.id, msgspec.structs.replace(known.entry, base={})) for known in entries])


def _orphans_dropped(entries: Sequence[Known]) -> RecordState:
    here = {known.id for known in entries}
    kept = [known for known in entries if all(set(ids) <= here for ids in known.entry.base.values())]
    return record_state(kept or entries)


def _role_ignored(entries: Sequence[Known]) -> RecordState:
    import msgspec

    return record_state([Known(known.id, msgspec.structs.replace(known.entry, role="school")) for known in entries])


def _void_always_hides(entries: Sequence[Known]) -> RecordState:
    return record_state(entries)._replace(hidden=any(known.entry.op == "void" for known in entries))


def _every_two_leaves_conflict(entries: Sequence[Known]) -> RecordState:
    state = record_state(entries)
    return state._replace(conflicts=frozenset(name for name, ids in state.leaves.items() if len(ids) > 1))


@pytest.mark.parametrize(
    "mutant",
    [
        _arrival_order_wins, _clock_wins, _base_ignored, _orphans_dropped, _role_ignored, _void_always_hides,
        _every_two_leaves_conflict,
    ],
)  # fmt: skip
def test_the_property_finds_every_broken_rule(mutant: State) -> None:
    quick = settings(PURE, max_examples=2000, phases=[Phase.generate])
    find(_arrivals(), lambda case: not _holds(mutant, *case), settings=quick)


def test_the_property_finds_nothing_wrong_with_the_product() -> None:
    with pytest.raises(NoSuchExample):
        find(_arrivals(), lambda case: not _holds(record_state, *case), settings=PURE)


# Through the real files: schools that save, export, lose sticks, restore backups; counties that merge in any order, on
# SQLite and on PostgreSQL: the tables that merging wrote step by step equal what the journal says, and each other.


@dataclass(frozen=True)
class Prepared:
    """Folders of a county and its certified schools, and the server to which a copy of the county can move."""

    folder: Path
    server: TestServer


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, postgres: TestServer) -> Prepared:
    root = tmp_path_factory.mktemp("prepared")
    county = new_county(root / "county")
    for code in CODES:
        school = new_school(root / code, code)
        certify(school, county, root)
        school.close()
    county.close()
    return Prepared(root, postgres)


class World:
    """Counties copied from one folder, 甲 in a file and 乙 on a server, three schools, and every package written."""

    def __init__(self, prepared: Prepared, root: Path) -> None:
        self.root = root
        for name in CODES:
            shutil.copytree(prepared.folder / name, root / name)
        for name in ("甲", "clean"):
            shutil.copytree(prepared.folder / "county", root / name)
        copy_to_server(prepared.server, prepared.folder / "county", root / "乙")
        self.schools = {code: self._open(code) for code in CODES}
        self.counties = {name: self._open(name) for name in ("甲", "乙", "clean")}
        self.written: list[Path] = []
        self.seen: set[str] = set()
        self.uids: dict[str, list[str]] = {code: [] for code in CODES}
        (root / "stick").mkdir()

    def _open(self, name: str) -> Services:
        return open_station(self.root / name, PASSWORD)

    def save(self, code: str, pick: int) -> None:
        """Add a student, or change, void or restore one."""
        station, uids = self.schools[code], self.uids[code]
        with station.context.write() as unit:
            if pick % 4 == 0 or not uids:
                uids.append(unit.add(Student, {"name": f"学生{pick}", "sex": "1", "birth": "2016-05-07"}))
                return
            uid = uids[pick % len(uids)]
            if pick % 4 == 1:
                unit.void(Student, uid, "误录")
            elif pick % 4 == 2:
                unit.restore(Student, uid)
            else:
                unit.change(Student, uid, {"name": f"改名{pick}", "phone": f"1380000{pick:04d}"})

    def export(self, code: str, _pick: int) -> None:
        self.written += [done.path for done in self.schools[code].exchange.export(self.root / "stick")]

    def deliver(self, name: str, pick: int) -> None:
        """Carry some package, perhaps not for the first time, to one county."""
        if self.written:
            self.merge(name, [self.written[pick % len(self.written)]])

    def merge(self, name: str, packages: list[Path]) -> None:
        for outcome in self.counties[name].merging.merge(packages):
            assert outcome.outcome in ("applied", "duplicate", "parked"), outcome
            self.seen.add(outcome.outcome)
            counts = outcome.counts
            assert counts.entries_in == counts.applied + counts.known + counts.held + counts.rejected

    def answer(self, name: str, _pick: int) -> None:
        """Receipts for everybody: from now on packages begin later, and a lost one leaves a gap."""
        for receipt in self.counties[name].county.write_receipts(self.root / "stick"):
            for school in self.schools.values():
                school.exchange.read_receipts([receipt])

    def back_up(self, code: str, _pick: int) -> None:
        with self._closed(code):
            shutil.copyfile(self.root / code / "jzdesk.db", self.root / f"{code}.backup")
            (self.root / f"{code}.uids").write_text("\n".join(self.uids[code]))

    def restore(self, code: str, _pick: int) -> None:
        if (backup := self.root / f"{code}.backup").exists():
            with self._closed(code):
                shutil.copyfile(backup, self.root / code / "jzdesk.db")
                self.uids[code] = (self.root / f"{code}.uids").read_text().split()

    @contextmanager
    def _closed(self, code: str) -> Iterator[None]:
        self.schools[code].close()
        yield
        self.schools[code] = self._open(code)

    def close(self) -> None:
        for station in (*self.schools.values(), *self.counties.values()):
            station.close()


_SCHOOL = st.tuples(
    st.sampled_from(("save", "save", "save", "export", "export", "back_up", "restore")),
    st.sampled_from(CODES[:2]), st.integers(0, 400),
)  # fmt: skip
_COUNTY = st.tuples(
    st.sampled_from(("deliver", "deliver", "deliver", "answer")), st.sampled_from("甲乙"), st.integers(0, 400)
)


@pytest.mark.timeout(400)
@settings(
    max_examples=10, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],
)  # fmt: skip
@given(
    schedule=st.lists(st.one_of(_SCHOOL, _COUNTY), min_size=10, max_size=40), shuffled=st.randoms(use_true_random=False)
)
def test_two_counties_that_got_the_same_packages_in_any_order_are_equal(
    prepared: Prepared, schedule: list[tuple[str, str, int]], shuffled: object
) -> None:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        world = World(prepared, Path(folder))
        stack.callback(world.close)
        for work, who, pick in schedule:
            getattr(world, work)(who, pick)
        for code in CODES:
            world.save(code, 0)
            world.export(code, 0)
        _deliver_all(world, shuffled)
        reports = [world.counties[name].verify() for name in ("甲", "乙", "clean")]
        assert all(report.ok for report in reports)
        assert len({report.digest for report in reports}) == 1
        assert len({report.entries for report in reports}) == 1
        for name in world.counties:
            assert not list((world.root / name / "parked").glob("*")), "everything that was missing has come"


def test_a_schedule_with_a_gap_and_a_restored_backup_ends_equal_too(prepared: Prepared, tmp_path: Path) -> None:
    """The schedules above are not empty talk: here is one in which packages wait, and two epochs disagree."""
    world, code = World(prepared, tmp_path), CODES[0]
    for work, who, pick in (
        ("save", code, 0), ("export", code, 0), ("deliver", "甲", 0), ("answer", "甲", 0), ("back_up", code, 0),
        ("save", code, 3), ("export", code, 0), ("deliver", "乙", 1), ("restore", code, 0),
        ("save", code, 7), ("export", code, 0),
    ):  # fmt: skip
        getattr(world, work)(who, pick)
    assert world.seen == {"applied", "parked"}
    for name in ("甲", "乙", "clean"):
        world.merge(name, world.written if name == "clean" else world.written[::-1])
    reports = [world.counties[name].verify() for name in ("甲", "乙", "clean")]
    world.close()
    assert all(report.ok and report.conflicts == 2 for report in reports), "name and phone, of two epochs"
    assert len({report.digest for report in reports}) == 1


def _deliver_all(world: World, shuffled: object) -> None:
    """Every package to every county: in order to one, in two other orders and twice to the others."""
    world.merge("clean", world.written)
    for name in "甲乙":
        packages = world.written * 2
        shuffled.shuffle(packages)  # type: ignore[attr-defined]
        world.merge(name, packages)
