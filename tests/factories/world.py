"""A county and a certified school, made once and copied for every test that wants its own, with a stick."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jzdesk.core.clock import Clock
from jzdesk.models import Student
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.services.exchange import ReceiptOutcome
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from tests.factories import places, ready
from tests.factories.stations import PASSWORD, certify, copy_to_server, new_county, new_school


@cache
def _prepared() -> Path:
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    root = Path(folder.name)
    with places.on_file(), ready.apart():
        county, school = new_county(root / "county"), new_school(root / "school")
    certify(school, county, root)
    county.close()
    school.close()
    return root


def county_copy(folder: Path, clock: Clock | None = None) -> Services:
    """The same county once more, keys and all, as it was before anything came in."""
    if (server := places.server()) is not None:
        copy_to_server(server, _prepared() / "county", folder)
    else:
        shutil.copytree(_prepared() / "county", folder)
    return open_station(folder, PASSWORD, clock=clock)


@dataclass
class World:
    """A county, a school it certified, and a stick."""

    county: Services
    school: Services
    stick: Path

    @property
    def device(self) -> str:
        """The school's computer."""
        return self.school.info.device

    def save(self, name: str, **values: Any) -> str:
        """The school writes down a student."""
        with self.school.context.write() as unit:
            return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})

    def export(self) -> Path:
        """The school's package."""
        return self.school.exchange.export(self.stick)[-1].path

    def merge(self, *paths: Path) -> list[str]:
        """Outcomes at the county, whose counts balance."""
        outcomes = self.county.merging.merge(paths)
        for one in outcomes:
            counts = one.counts
            assert counts.entries_in == counts.applied + counts.known + counts.held + counts.rejected
        return [one.outcome for one in outcomes]

    def hand_in(self, *names: str) -> Path:
        """Students written down, exported and merged."""
        for name in names:
            self.save(name)
        path = self.export()
        assert self.merge(path) == ["applied"]
        return path

    def receipt(self) -> Path:
        """What the county writes to the school."""
        (path,) = self.county.county.write_receipts(self.stick)
        return path

    def read(self, *paths: Path) -> ReceiptOutcome:
        """The school reads it."""
        (outcome,) = self.school.exchange.read_receipts(paths or (self.receipt(),))
        return outcome

    def serial(self) -> int:
        """The certificate the school works with."""
        return identity.signed_certificate(self.school.context).certificate.serial

    def same(self) -> None:
        """Both show the same tables, which follow from their journals."""
        ours, theirs = self.county.verify(), self.school.verify()
        assert ours.ok
        assert theirs.ok
        assert ours.digest == theirs.digest


def new_world(folder: Path, clock: Clock | None = None, school_clock: Clock | None = None) -> World:
    """A world of its own below `folder`."""
    county = county_copy(folder / "county", clock)
    shutil.copytree(_prepared() / "school", folder / "school")
    school = open_station(folder / "school", PASSWORD, clock=school_clock or clock)
    (folder / "stick").mkdir()
    return World(county, school, folder / "stick")


def names(station: Services) -> set[str]:
    """The students a station shows."""
    return {row.name for row in station.students.rows(station.students.ids(StudentQuery()))}
