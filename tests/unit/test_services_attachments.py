"""Photographs travel with the entries that speak of them, are checked against these, and never hold a package up."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from jzdesk.core.clock import Clock
from jzdesk.models import Photo, Student
from jzdesk.services import attachments
from jzdesk.services.attachments import Due
from jzdesk.services.bundle import Services
from jzdesk.services.holds import HoldDetail
from jzdesk.store.tables import blob
from tests.factories.stations import certify, new_school

PICTURE = b"\xff\xd8 a picture of nobody"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def take(school: Services, data: bytes = PICTURE, claimed: bytes | None = None) -> str:
    """A photograph of a new child; `claimed` is what its record says it is."""
    digest = sha256(data if claimed is None else claimed).hexdigest()
    with school.context.write() as unit:
        child = unit.add(Student, {"name": "宋火强", "sex": "1", "birth": "2016-05-07"})
        row = {"sha256": digest, "data": data, "at": 1}
        unit.connection.execute(insert(blob).prefix_with("OR IGNORE").values(row))
        return unit.add(Photo, {"student": child, "kind": "portrait", "sha256": digest, "size": len(data)})


def kept(station: Services) -> dict[str, bytes]:
    with station.context.read() as connection:
        return dict(connection.execute(select(blob.c.sha256, blob.c.data)).all())


def test_the_county_gets_the_picture_with_its_record(certified: Services, county: Services, stick: Path) -> None:
    take(certified)
    certified.exchange.export(stick)
    (outcome,) = county.merging.merge([stick])
    assert (outcome.outcome, outcome.reason) == ("applied", None)
    assert kept(county) == {sha256(PICTURE).hexdigest(): PICTURE}


def test_a_picture_that_is_not_what_its_record_says_is_left_out_and_said(
    certified: Services, county: Services, stick: Path
) -> None:
    take(certified, PICTURE, claimed=b"another")
    certified.exchange.export(stick)
    (outcome,) = county.merging.merge([stick])
    assert outcome.outcome == "applied"
    assert outcome.reason is not None
    assert "1 张照片" in outcome.reason
    assert kept(county) == {}
    assert county.verify().ok


def test_the_same_package_again_changes_nothing(certified: Services, county: Services, stick: Path) -> None:
    take(certified)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    before = county.verify().digest
    assert [line.outcome for line in county.merging.merge([stick])] == ["duplicate"]
    assert (county.verify().digest, len(kept(county))) == (before, 1)


def test_more_pictures_than_one_package_holds_go_into_several(
    certified: Services, county: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST", 2)
    pictures = [PICTURE + bytes([number]) for number in range(5)]
    for picture in pictures:
        take(certified, picture)
    exported = certified.exchange.export(stick)
    assert len(exported) == 3
    assert [line.outcome for line in county.merging.merge([stick])] == ["applied"] * 3
    assert sorted(kept(county).values()) == pictures
    assert certified.verify().entries == county.verify().entries


def held(county: Services, tmp_path: Path, stick: Path, *, with_content: bool) -> HoldDetail:
    """The county holds back a photograph of a school whose clock runs five days ahead."""
    school = new_school(tmp_path / "ahead", clock=Clock(lambda: int(time.time() * 1000) + 5 * 24 * 3600 * 1000))
    certify(school, county, tmp_path)
    take(school)
    if not with_content:
        with school.context.write() as unit:
            unit.connection.execute(delete(blob))
    (outcome,) = county.merging.merge([school.exchange.export(stick)[0].path])
    school.close()
    assert (outcome.outcome, outcome.reason and "照片" in outcome.reason) == ("held", False)
    (line,) = county.holds.waiting()
    return county.holds.detail(line.id)


def test_the_picture_of_a_held_entry_is_there_once_it_is_admitted_without_the_stick(
    county: Services, tmp_path: Path, stick: Path
) -> None:
    seen = held(county, tmp_path, stick, with_content=True)
    assert seen.photos_missing == 0
    county.holds.admit(seen.line.id, "电脑日期快了五天", 120)
    with county.context.read() as connection:
        uids = list(connection.execute(select(Photo.__table__.c.uid)).scalars())
    assert county.photos.content(uids[0]) == PICTURE


def test_a_picture_that_did_not_come_with_a_held_entry_is_said_before_it_is_admitted(
    county: Services, tmp_path: Path, stick: Path
) -> None:
    assert held(county, tmp_path, stick, with_content=False).photos_missing == 1


def test_a_stretch_is_cut_before_the_picture_that_does_not_fit() -> None:
    wanted = [Due(n, f"{n:032x}", "", 100 << 20) for n in (3, 5, 9)]
    assert attachments.parts(wanted, 12) == [(8, wanted[:2]), (12, wanted[2:])]
    assert attachments.parts([], 12) == [(12, [])]
