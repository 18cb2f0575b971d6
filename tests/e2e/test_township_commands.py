"""A township by commands alone: what it takes, sends and brings back, and who has not reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jzdesk.cli import main
from jzdesk.store.tables import package
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


def test_a_township_by_commands(place: Township, capsys: pytest.CaptureFixture[str]) -> None:
    (place.root / "password").write_text(PASSWORD, "utf-8")

    def jz(station: str, *words: object, code: int = 0) -> Any:
        capsys.readouterr()
        options = ("--station", place.root / station, "--password-file", place.root / "password")
        assert main([str(word) for word in (*options, *words, "--json")]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out else printed.err

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
