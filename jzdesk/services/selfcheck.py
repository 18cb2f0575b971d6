"""What a frozen program proves of itself: a station can be made, filled, and one pledge printed."""

from __future__ import annotations

import sys
from pathlib import Path

from jzdesk.models import Pairing, Staff
from jzdesk.services.bundle import Services
from jzdesk.services.databases import driver
from jzdesk.services.stations import create_station, open_station
from jzdesk.services.students import StudentDraft

_PASSWORD = "zijian2025jianyan"  # of a station that exists for a few seconds and holds an invented child


def make_and_print(folder: Path) -> Services:
    """Make a school station below `folder`, register one invented pupil with a caseworker, print the pledge.

    A frozen program also has what a county needs to speak to a server: nobody can install it there afterwards.
    """
    if getattr(sys, "frozen", False):
        driver()
    home = folder / "station"
    create_station(home, kind="school", code="2143990001", name="自检小学", account="自检", password=_PASSWORD)
    services = open_station(home, _PASSWORD)
    pupil = services.students.save(
        StudentDraft(None, {"name": "测试·小明", "sex": "1", "birth": "2015-01-02"}, {"grade": "G03", "boarding": "1"})
    )
    today = services.context.today()
    with services.context.write() as unit:
        teacher = unit.add(Staff, {"name": "测试老师", "duty": "on"})
        unit.add(Pairing, {"student": pupil.uid, "staff": teacher, "valid_from": today})
    services.pledges.make(str(services.context.term()))
    services.papers.pledges(folder / "pledge.pdf", [row.uid for row in services.pledges.list()])
    return services
