"""A county with a township station and two schools below it, each certified, for tests of carrying."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from tests.factories.stations import PASSWORD, SCHOOLS, certify, new_county, new_school, new_station

CENTRE, VILLAGE, JUNIOR = "2143990001", "2143990002", "3143990003"
NAMES = ("county", "centre", "village", "junior")


@dataclass
class Township:
    """Open stations; sticks are made as they are needed."""

    root: Path
    county: Services
    centre: Services
    village: Services
    junior: Services

    def stick(self, name: str) -> Path:
        folder = self.root / f"stick-{name}"
        folder.mkdir(exist_ok=True)
        return folder

    def close(self) -> None:
        for station in (self.county, self.centre, self.village, self.junior):
            station.close()


def make_township(root: Path, *, late: bool = False) -> None:
    """Stations to be copied and opened; with `late` the village was certified before there was a township station."""
    county = new_county(root / "county")
    centre = new_station(root / "centre", "township", CENTRE, SCHOOLS[CENTRE])
    village, junior = new_school(root / "village", VILLAGE), new_school(root / "junior", JUNIOR)
    for station in (village, centre, junior) if late else (centre, village, junior):
        certify(station, county, root)
    Township(root, county, centre, village, junior).close()


def open_township(made: Path, root: Path) -> Township:
    """A copy of stations that were made, opened."""
    for name in NAMES:
        shutil.copytree(made / name, root / name)
    return Township(root, *(open_station(root / name, PASSWORD) for name in NAMES))


def pupil(school: Services, name: str = "周小", **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})
