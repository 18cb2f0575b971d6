"""Stations for tests: a county, schools, and the exchange of request and certificate between them."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy.engine import URL

from jzdesk.core.clock import Clock
from jzdesk.services.bundle import Services
from jzdesk.services.context import Context
from jzdesk.services.stations import create_station, open_station
from jzdesk.store import location, slots
from jzdesk.store.folder import StationFolder
from tests.factories import places, ready
from tests.factories.servers import TestServer

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSWORD = "Ceshi2025mima"
SCHOOLS = {
    "2143990001": "青石镇中心小学",
    "2143990002": "大坪教学点",
    "3143990003": "青石镇中学",
    "2143990004": "白沙镇中心小学",
}


def new_station(folder: Path, kind: str, code: str, name: str, clock: Clock | None = None) -> Services:
    """Make and open a station."""
    ready.put(folder, (kind, code, name), lambda place: _make_station(place, kind, code, name))
    return open_station(folder, PASSWORD, clock=clock)


def _make_station(folder: Path, kind: str, code: str, name: str) -> None:
    create_station(folder, kind=kind, code=code, name=name, account="测试员", password=PASSWORD)


def new_school(folder: Path, code: str = "2143990001", clock: Clock | None = None) -> Services:
    """Make and open a school of the sample county."""
    return new_station(folder, "school", code, SCHOOLS[code], clock)


def new_county(folder: Path, clock: Clock | None = None) -> Services:
    """Make and open the sample county, which has learned divisions, schools and standards.

    When tests run on the server (`places`) it is a copy of one that has moved there: the moving has its own tests.
    """
    if (server := places.server()) is not None:
        return _county_on_server(server, folder, clock)
    if clock is None:
        ready.put(folder, ("the sample county",), lambda place: _learned(place, None).close())
        return open_station(folder, PASSWORD)
    return _learned(folder, clock)


def _learned(folder: Path, clock: Clock | None) -> Services:
    _make_station(folder, "county", "431099", "示范县教育局")
    county = open_station(folder, PASSWORD, clock=clock)
    county.county.learn_divisions(EXAMPLES / "行政区划.csv")
    county.county.learn_schools(EXAMPLES / "学校名单.csv")
    county.standards.learn()
    return county


def _county_on_server(server: TestServer, folder: Path, clock: Clock | None) -> Services:
    original = server.mine / "county-in-a-file"
    if not original.exists():
        with places.on_file(), ready.apart():
            new_county(original).close()
    copy_to_server(server, original, folder)
    return open_station(folder, PASSWORD, clock=clock)


def copy_to_server(server: TestServer, original: Path, folder: Path) -> None:
    """A copy of a county that has moved to the server; the moving itself is done once for each original."""
    moved = server.mine / f"moved-{original.parent.name}-{original.name}"

    def move_there(url: URL) -> None:
        shutil.copytree(original, moved)
        county = open_station(moved, PASSWORD)
        county.databases.use_server(url.render_as_string(hide_password=False))
        county.close()

    template = places.template(server, str(original), move_there)
    shutil.copytree(moved, folder)
    point_to(folder, server.database(template))


def point_to(folder: Path, database: URL) -> None:
    """Have a copy of a station's folder use a copy of its database."""
    home = StationFolder(folder)
    key, _ = slots.unlock(slots.load(home.slots), PASSWORD)
    location.seal(home, key, database.render_as_string(hide_password=False))


def make_context(folder: Path, kind: str = "school", code: str = "2143990001", name: str = "青石镇中心小学") -> Context:
    """The context of a new open station."""
    return new_station(folder, kind, code, name).context


def certify(school: Services, county: Services, folder: Path) -> None:
    """Carry the request to the county and the certificate back, on a stick of their own."""
    stick = folder / f"stick-{school.info.device}"
    stick.mkdir()
    request = school.exchange.request(stick)
    school.exchange.take_certificate(county.county.issue(request, stick))
    school.context.store.setting("certificate")
