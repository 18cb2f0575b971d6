"""A township by commands alone: what it takes, sends and brings back, and who has not reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jzdesk.cli import main
from jzdesk.core.ids import new_uid
from jzdesk.models import Enrolment
from jzdesk.services.township_schools import UNREAD
from jzdesk.store.tables import package
from tests.factories.moves import child
from tests.factories.stations import PASSWORD
from tests.factories.township import Township, make_township, open_township, pupil


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Township]:
    make_township(tmp_path / "made")
    opened = open_township(tmp_path / "made", tmp_path)
    pupil(opened.village)
    opened.village.exchange.export(opened.stick("schools"))
    yield opened
    opened.close()


Jz = Callable[..., Any]


@pytest.fixture
def jz(place: Township, capsys: pytest.CaptureFixture[str]) -> Jz:
    """A command at one of the stations; what it prints as JSON, or its complaint."""
    (place.root / "password").write_text(PASSWORD, "utf-8")

    def run(station: str, *words: object, code: int = 0, end: str = "--json") -> Any:
        capsys.readouterr()
        options = ("--station", place.root / station, "--password-file", place.root / "password")
        assert main([str(word) for word in (*options, *words, end) if word]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out and end else printed.out or printed.err

    return run


def test_a_moved_child_is_counted_and_listed_where_it_is_now_by_commands(place: Township, jz: Jz) -> None:
    uid = child(place.village)
    place.village.transfers.ask({"student": uid, "to_name": "3143990003", "reason": "升学"})
    schools, answers = place.stick("schools"), place.stick("answers")
    place.village.exchange.export(schools)
    jz("county", "merge", schools)
    place.county.transfers.approve(place.county.transfers.lines()[0].uid)
    jz("county", "county", "receipts", "--to", answers)
    jz("junior", "read-receipts", answers)
    place.junior.transfers.receive(uid, {"date": place.junior.context.today()})
    place.junior.exchange.export(schools)
    jz("centre", "township", "take", schools)
    assert [one["students"] for one in jz("centre", "township", "schools")] == [2, 0]
    jz("centre", "township", "take", answers)
    assert [(one["code"], one["students"], one["attending"]) for one in jz("centre", "township", "schools")] == [
        ("2143990002", 1, 0), ("3143990003", 1, 1),
    ]  # fmt: skip
    assert [one["name"] for one in jz("centre", "township", "pupils", "2143990002")] == ["周小"]
    assert [one["uid"] for one in jz("centre", "township", "pupils", "3143990003")] == [uid]
    with place.junior.context.write() as unit:  # one who came from where the township reads nothing
        unit.add(Enrolment, {"student": new_uid(), "grade": "G07", "status": "01", "valid_from": "2025-09-01"})
    place.junior.exchange.export(place.stick("more"))
    jz("centre", "township", "take", place.stick("more"))
    said = jz("centre", "township", "pupils", "3143990003", end="")
    assert "共 2 人。（未到）1 名：档案在原来的学校，本站读不到。" in said
    assert UNREAD in said


def test_a_township_by_commands(place: Township, jz: Jz) -> None:
    schools, county, back = place.stick("schools"), place.stick("county"), place.stick("back")
    assert [one["state"] for one in jz("centre", "township", "take", schools)] == ["read"]
    assert len(jz("centre", "township", "forward", "--to", county)["written"]) == 1
    assert {one["outcome"] for one in jz("county", "merge", county)} == {"applied"}
    jz("county", "county", "receipts", "--to", county)
    assert {one["state"] for one in jz("centre", "township", "take", county)} == {"own", "known", "ours", "down"}
    assert {one["state"] for one in jz("centre", "township", "log")} == {"answered", "waiting"}
    (seen,) = jz("centre", "township", "schools")
    assert (seen["code"], seen["students"]) == ("2143990002", 1)
    assert [one["name"] for one in jz("centre", "township", "pupils", seen["code"])] == ["周小"]
    assert len(jz("centre", "township", "deliver", "--to", back, "--school", "2143990002")["written"]) == 1
    assert [one["outcome"] for one in jz("village", "read-receipts", back)] == ["read"]

    assert {line["state"] for line in jz("centre", "township", "missing")} == {"never"}
    found = jz("county", "county", "missing", "--all", "--to", place.root / "名单.pdf")
    assert next(line for line in found if line["code"] == "2143990002")["state"] == "good"
    assert (place.root / "名单.pdf").stat().st_size > 1000
    assert "乡镇中心学校" in jz("village", "township", "take", schools, code=1)
    assert "数据交换" in jz("village", "county", "missing", code=1)
    assert "jz township take" in jz("centre", "merge", schools, code=1)
    assert "找不到" in jz("centre", "township", "take", place.root / "none", code=1)

    with place.county.context.store.local() as connection:  # forty days pass
        connection.execute(update(package).values(at=package.c.at - (40 * 86_400_000 << 10)))
    late = jz("county", "county", "missing", code=1)
    assert [(line["name"], line["days"]) for line in late[:2]] == [("青石镇中心小学", 40), ("大坪教学点", 40)]
    jz("county", "county", "missing", "--days", "60", "--keep")
    jz("county", "county", "missing")
