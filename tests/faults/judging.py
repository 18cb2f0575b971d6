"""Judges what a killed process left behind, and does its work again; imported by `crashing`, never a test by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import func, select

from jzdesk.services.bundle import Services
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.tables import chain, hold, journal
from tests.faults import crashing
from tests.faults.crashing import WORKS, open_at

TOUCHED = {
    "save": ("school",), "export": ("school",), "merge": ("county",), "receipt": ("school", "answering"),
    "withdraw": ("answering",), "erase": ("answering",),
}  # fmt: skip


def digests(work: str, root: Path) -> str:
    """The digests of the stations that the work touches, each verified; and how their entries stand."""
    found = []
    for name in TOUCHED[work]:
        with open_at(root / name) as station:
            report = station.verify()
            assert report.ok, (name, report.differences)
            found += [report.digest, _standing(station)]
    return " ".join(found)


def _standing(station: Services) -> str:
    """How far each journal goes, was sent and was acknowledged; how many entries of it stand how; what is held."""
    counted = select(journal.c.chain, journal.c.state, func.count()).group_by(journal.c.chain, journal.c.state)
    far = select(chain.c.dev, chain.c.ep, chain.c.last_n, chain.c.exported_n, chain.c.received_n)
    with station.context.read() as connection:
        queries = (far, counted, select(hold.c.chain, hold.c.first_n, hold.c.last_n, hold.c.reason, hold.c.ruling))
        found = [sorted(map(repr, connection.execute(query).all())) for query in queries]
        cuts = [standing.cut_of(connection, known.id) for known in book.chains(connection)]
    return repr((found, cuts))


def note_clean(work: str, clean: Path) -> None:
    """Remember how a clean run ends."""
    (clean / "digests").write_text(digests(work, clean))


def look_around(work: str, root: Path) -> None:
    """Everything that judging does, for its own sake: it imports and compiles."""
    digests(work, root)
    check_stick(root)
    check_nothing_unfinished(work, root)
    if work == "export":
        check_county_gets_everything(root)


def judge(work: str, root: Path, clean: Path) -> None:
    """Every station opens and verifies, what was reported is there; and done again all ends as if never killed."""
    digests(work, root)
    path = root / "reported"
    if reported := path.read_text("utf-8").split("\n")[:-1] if path.exists() else []:
        check_reported(work, root, reported)
    check_stick(root)
    WORKS[work](root, lambda _line: None)
    check_nothing_unfinished(work, root)
    if work == "merge":
        check_each_package_was_applied_once(root)
    assert digests(work, root) == (clean / "digests").read_text(), f"{work} killed at write {root.name}"
    if work == "export":
        check_county_gets_everything(root)
    if work == "erase":
        check_nothing_is_left(root / "answering", crashing.ERASED)
        assert list((root / "answering" / "received").glob("*.jzp")) == [], "nor of packages in which it stood"
    if work == "receipt":
        check_nothing_is_left(root / "school", crashing.TOLD)


def check_nothing_is_left(folder: Path, erased: str) -> None:
    """Neither in the tables nor in the journal."""
    with open_at(folder) as station, station.context.read() as connection:
        assert station.students.search(erased) == []
        bodies = connection.execute(select(journal.c.body)).scalars()
        assert not any(erased.encode() in bytes(body) for body in bodies)


def check_nothing_unfinished(work: str, root: Path) -> None:
    """Each station knows what it left unfinished on the stick, and takes it away."""
    for name in TOUCHED[work]:
        with open_at(root / name) as station:
            station.exchange.tidy(root / "stick")
    assert list((root / "stick").glob("*.part")) == []


def check_reported(work: str, root: Path, reported: list[str]) -> None:
    """What the killed program had said was done is done."""
    with open_at(root / TOUCHED[work][0]) as station:
        if work == "save":
            assert set(reported) <= {row.name for name in crashing.SAVED for row in station.students.search(name)}
        if work == "export":
            assert all((root / "stick" / name).is_file() for name in reported)
        if work == "merge":
            applied = {line.split()[0] for line in reported if line.endswith("applied")}
            assert applied <= {line.file for line in station.merging.arrivals() if line.outcome == "applied"}
        if work == "withdraw":
            assert all(line.withdrawn for line in station.merging.arrivals() if line.outcome == "applied")
        if work == "erase":
            assert station.students.search(crashing.ERASED) == []
        if work == "receipt":
            assert station.exchange.pending().last_receipt is not None


def check_each_package_was_applied_once(root: Path) -> None:
    """The log says so, and nothing goes on waiting beyond the next merge."""
    with open_at(root / "county") as county:
        county.merging.merge([])
        applied = [(line.first_n, line.last_n) for line in county.merging.arrivals() if line.outcome == "applied"]
        assert sorted(applied) == [(1, 5), (6, 10)]
        assert list((root / "county" / "parked").glob("*.jzp")) == []


def check_stick(root: Path) -> None:
    """Whatever has a name on the stick is whole: a county takes it, and the school reads it."""
    if packages := sorted((root / "stick").glob("*.jzp")):
        shutil.copytree(root / "county", root / "judge", dirs_exist_ok=True)
        with open_at(root / "judge") as judge:
            assert {line.state for line in judge.merging.inbox(packages)} <= {"可以并入", "以前已并入"}
    if receipts := sorted((root / "stick").glob("*.jzh")):
        shutil.copytree(root / "school", root / "reader", dirs_exist_ok=True)
        with open_at(root / "reader") as reader:
            assert {one.outcome for one in reader.exchange.read_receipts(receipts)} <= {"read", "old"}


def check_county_gets_everything(root: Path) -> None:
    """Packages of the killed run and of the repeated one together bring every student once."""
    with open_at(root / "county") as county:
        outcomes = county.merging.merge([root / "mail", root / "stick"])
        assert {outcome.outcome for outcome in outcomes} <= {"applied", "duplicate"}, outcomes
        assert county.verify().students == 10 + len(crashing.NAMES)
