"""Two stories of one computer: its disk copied, and what both write handed in piece by piece."""

from __future__ import annotations

import shutil
from pathlib import Path

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.store import journal
from tests.factories.stations import PASSWORD


def twins(school: Services, folder: Path) -> tuple[Services, Services]:
    """The school, and a copy of its whole disk below `folder`."""
    here = school.info.folder
    school.close()
    shutil.copytree(here, folder / "twin")
    return open_station(here, PASSWORD), open_station(folder / "twin", PASSWORD)


def send(school: Services, stick: Path, *who: str) -> Path:
    """Students written down and exported, as if the county had acknowledged everything before them."""
    with school.context.write() as unit:
        unit.add_many(Student, [{"name": name, "sex": "1", "birth": "2016-05-07"} for name in who])
    path = school.exchange.export(stick)[-1].path
    own = school.context.store.own_chain()
    with school.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n)
    return path


def in_parts(school: Services, county: Services, folder: Path, stick: Path) -> tuple[Services, Services, list[Path]]:
    """The school, the clone of its disk, and the clone's three packages: all came, as forks, the last one first."""
    first = send(school, stick, "从前")
    school, twin = twins(school, folder)
    mine = [send(school, stick, name) for name in ("原一", "原二", "原三", "原四")]
    parts = [send(twin, stick, name) for name in ("克隆一", "克隆二", "克隆三")]
    outcomes = county.merging.merge([first, *mine, *reversed(parts)])
    assert [one.outcome for one in outcomes] == ["applied"] * 5 + ["fork"] * 3
    return school, twin, parts
