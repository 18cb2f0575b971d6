"""What only the county does: lists learned, stations certified, receipts for everybody, keys for strangers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.county import county_of
from jzdesk.services.ledger import Query
from tests.factories.stations import EXAMPLES, certify, new_school

DIVISIONS = "代码,名称,级别,上级\n"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def _csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_lists_learned_again_change_nothing(county: Services) -> None:
    before = county.verify()
    for learned in (
        county.county.learn_divisions(EXAMPLES / "行政区划.csv"),
        county.county.learn_schools(EXAMPLES / "学校名单.csv"),
    ):
        assert (learned.added, learned.changed) == (0, 0)
        assert learned.read > 0
    assert county.verify() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_may_come_in_any_usual_encoding(county: Services, tmp_path: Path, encoding: str) -> None:
    learned = county.county.learn_divisions(_csv(tmp_path, DIVISIONS + "431099777,䶮水乡,4,431099\n", encoding))
    assert (learned.read, learned.added) == (1, 1)
    assert len(county.ledger.ids(Query("division", "䶮水乡"))) == 1


@pytest.mark.usefixtures("both_databases")
def test_a_renamed_division_is_a_change_with_a_history(county: Services, tmp_path: Path) -> None:
    county.county.learn_divisions(_csv(tmp_path, DIVISIONS + "431099777,甲乡,4,431099\n"))
    assert county.county.learn_divisions(_csv(tmp_path, DIVISIONS + "431099777,乙乡,4,431099\n")).changed == 1
    (uid,) = county.ledger.ids(Query("division", "乙乡"))
    newest = county.ledger.history("division", uid)[0]
    assert (newest.old, newest.new) == ("甲乡", "乙乡")


def test_a_list_without_its_headings_is_refused_with_the_remedy(county: Services, tmp_path: Path) -> None:
    before = county.verify()
    with pytest.raises(UserError, match="缺少列：级别、上级") as refused:
        county.county.learn_divisions(_csv(tmp_path, "代码,名称\n1,甲\n"))
    assert "代码、名称、级别、上级" in refused.value.remedy
    with pytest.raises(StationFault, match=r"list\.csv"):
        county.county.learn_divisions(tmp_path / "none" / "list.csv")
    with pytest.raises(UserError, match="没有县一级"):
        county_of(_csv(tmp_path, DIVISIONS + "431099777,甲乡,4,431099\n"))
    assert county.verify() == before


def test_a_school_does_none_of_this(school: Services, stick: Path) -> None:
    for attempt in (
        lambda: school.county.learn_divisions(EXAMPLES / "行政区划.csv"), lambda: school.county.write_receipts(stick),
        lambda: school.county.renew("1", stick), lambda: school.county.export_keys(stick, with_identity=True),
        lambda: school.county.issue(stick / "x.jzr", stick),
    ):  # fmt: skip
        with pytest.raises(UserError, match="只能在县教育局"):
            attempt()
    assert list(stick.iterdir()) == []


def test_a_damaged_request_is_listed_with_its_sentence_and_never_certified(
    school: Services, county: Services, stick: Path
) -> None:
    path = school.exchange.request(stick)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    (line,) = county.county.requests(stick)
    assert line.sentence
    assert line.fingerprint == ""
    with pytest.raises(UserError):
        county.county.issue(path, stick)
    assert county.county.issued() == []


@pytest.mark.usefixtures("both_databases")
def test_serials_are_given_once_and_revoked_certificates_are_listed(county: Services, tmp_path: Path) -> None:
    for number, code in enumerate(("2143990001", "2143990002")):
        certify(new_school(tmp_path / str(number), code), county, tmp_path)
    assert [line.serial for line in county.county.issued()] == ["2", "1"]
    county.revoking.revoke("1", "电脑停用")
    assert [bool(line.revoked) for line in county.county.issued()] == [False, True]


@pytest.mark.usefixtures("both_databases")
def test_every_school_that_has_sent_something_gets_a_receipt_of_its_own(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    certify(new_school(tmp_path / "silent", "2143990004"), county, tmp_path)
    for station in (certified, other):
        with station.context.write() as unit:
            unit.add(Student, {"name": "周小", "sex": "1", "birth": "2016-05-07"})
        station.exchange.export(stick)
    county.merging.merge([stick])
    receipts = county.county.write_receipts(stick)
    assert {path.name.split("_")[0] for path in receipts} == {"2143990001", "2143990002"}
    for station in (certified, other):
        outcomes = [line.outcome for line in station.exchange.read_receipts([stick])]
        assert sorted(outcomes) == ["other", "read"]
        assert station.exchange.pending().unacknowledged == 0


def test_the_secret_key_leaves_only_when_asked_for_and_for_the_owner_alone(county: Services, stick: Path) -> None:
    assert [path.name for path in county.county.export_keys(stick, with_identity=False)] == ["county.signers"]
    assert "AGE-SECRET-KEY" not in (stick / "county.signers").read_text()
    _, secret = county.county.export_keys(stick, with_identity=True)
    assert secret.read_text().startswith("AGE-SECRET-KEY-1")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
