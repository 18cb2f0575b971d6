"""The generic ledger: every registered entity listed, saved, voided and told the history of, from its specs alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from jzdesk.core import codes
from jzdesk.core.errors import UserError, ValueFault
from jzdesk.models import BY_NAME
from jzdesk.services import questions
from jzdesk.services.forms import FormProblems
from jzdesk.services.importing import ImportService
from jzdesk.services.importing.hardships import DISABILITY_DIFFERS
from jzdesk.services.ledger import LedgerService, Query
from jzdesk.services.lists.settling import NUMBER_DIFFERS
from tests.factories.people import Desk, verified_desk
from tests.factories.stations import new_county


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def ledger(desk: Desk) -> LedgerService:
    return LedgerService(desk.context)


def _class(ledger: LedgerService, name: str = "1班", grade: str = "三年级") -> str:
    return ledger.save("school_class", {"grade": grade, "name": name}).uid


def _teacher(ledger: LedgerService, name: str) -> str:
    return ledger.save("staff", {"name": name}).uid


@pytest.mark.parametrize("entity", sorted(BY_NAME))
def test_every_entity_is_listed_shown_hidden_and_brought_back(desk: Desk, ledger: LedgerService, entity: str) -> None:
    record = BY_NAME[entity]
    with desk.context.write() as unit:
        uid = unit.add(record, {name: 1 for name, spec in record.spec.fields.items() if spec.kind.integer})
    assert ledger.ids(Query(entity)) == [uid]
    (row,) = ledger.rows(entity, [uid])
    assert set(row.shown) == set(record.spec.fields)
    assert ledger.choices(entity)[0][0] == uid
    assert ledger.history(entity, uid) or not any(spec.kind.integer for spec in record.spec)
    with desk.context.write() as unit:
        unit.void(record, uid, "试")
    assert (ledger.ids(Query(entity)), ledger.ids(Query(entity, hidden=True))) == ([], [uid])
    assert ledger.history(entity, uid)[0].what == "作废"
    with desk.context.write() as unit:
        unit.restore(record, uid)
    assert ledger.ids(Query(entity)) == [uid]


def test_a_record_is_saved_as_typed_and_shown_as_labels(ledger: LedgerService) -> None:
    uid = _class(ledger)
    row = ledger.record("school_class", uid)
    assert (row.values["grade"], row.shown["grade"]) == ("G03", "小学三年级")
    assert ledger.save("school_class", {"room": "101"}, uid).changed
    assert not ledger.save("school_class", {"room": "101"}, uid).changed


def test_a_number_alone_is_judged_by_the_document_on_record(ledger: LedgerService) -> None:
    uid = ledger.save("member", {"name": "外籍母亲", "id_type": "A", "id_number": "E12345678"}).uid
    assert ledger.save("member", {"id_number": "E87654321"}, uid).changed
    citizen = ledger.save("member", {"name": "父亲"}).uid
    with pytest.raises(FormProblems):
        ledger.save("member", {"id_number": "E87654321"}, citizen)


def test_what_is_wrong_or_missing_is_named_and_not_saved(ledger: LedgerService) -> None:
    with pytest.raises(FormProblems) as problems:
        ledger.save("school_class", {"grade": "三十年级"})
    assert set(problems.value.fields) == {"grade", "name"}
    assert ledger.check("school_class", {"grade": "三年级"}).keys() == {"name"}
    assert ledger.ids(Query("school_class")) == []


def test_lists_are_searched_filtered_and_ordered(ledger: LedgerService) -> None:
    names = ("乙100%", "甲", "丙_")
    uids = {name: ledger.save("staff", {"name": f"周{'一二三'[n]}", "post": name}).uid for n, name in enumerate(names)}
    assert set(ledger.ids(Query("staff", "周"))) == set(uids.values())
    assert ledger.ids(Query("staff", "周二")) == [uids["甲"]]
    assert ledger.ids(Query("staff", "%")) == ledger.ids(Query("staff", "_")) == []
    assert ledger.ids(Query("staff", filters={"post": "丙_"})) == [uids["丙_"]]
    assert (
        ledger.ids(Query("staff", order=("post",)))
        == ledger.ids(Query("staff", order=("post",), descending=True))[::-1]
    )


def test_a_column_of_references_is_ordered_by_what_people_read(ledger: LedgerService) -> None:
    rooms = {
        name: ledger.save("school_class", {"grade": "三年级", "name": name, "head": _teacher(ledger, name)}).uid
        for name in ("丙", "乙", "甲")
    }
    expected = [rooms[name] for name in sorted(rooms)]
    assert ledger.ids(Query("school_class", order=("head",))) == expected
    assert ledger.ids(Query("school_class", order=("head",), descending=True)) == expected[::-1]


def test_a_void_needs_a_reason(ledger: LedgerService) -> None:
    uid = _class(ledger)
    with pytest.raises(UserError, match="没有写明理由"):
        ledger.void("school_class", uid, "  ")
    ledger.void("school_class", uid, "重复录入")
    assert ledger.ids(Query("school_class")) == []
    ledger.restore("school_class", uid)
    assert ledger.ids(Query("school_class")) == [uid]


@pytest.mark.parametrize(
    ("entity", "where"), [("division", "县教育局"), ("question", "学生"), ("identity", "合并结果")]
)
def test_what_is_kept_elsewhere_is_only_looked_at_here(ledger: LedgerService, entity: str, where: str) -> None:
    assert not ledger.may_write(entity)
    for attempt in (
        lambda: ledger.save(entity, {}),
        lambda: ledger.void(entity, "f" * 32, "x"),
        lambda: ledger.restore(entity, "f" * 32),
    ):
        with pytest.raises(UserError, match=where):
            attempt()


def test_the_history_shows_references_by_name(ledger: LedgerService) -> None:
    teacher = ledger.save("staff", {"name": "吴泽建"}).uid
    uid = _class(ledger)
    ledger.save("school_class", {"head": teacher}, uid)
    newest = ledger.history("school_class", uid)[0]
    assert (newest.what, newest.old, newest.new) == ("班主任", "", "吴泽建")


def test_an_unknown_record_has_its_sentence(ledger: LedgerService) -> None:
    with pytest.raises(UserError, match="不存在"):
        ledger.record("student", "f" * 32)
    with pytest.raises(UserError, match="不存在"):
        ledger.save("school_class", {"name": "x"}, "f" * 32)
    assert ledger.rows("student", ["f" * 32]) == []


def test_drafts_are_kept_until_they_are_saved(ledger: LedgerService) -> None:
    ledger.save_draft("school_class/new", {"name": "写了一半"})
    assert ledger.load_draft("school_class/new") == {"name": "写了一半"}
    ledger.save_draft("school_class/new", None)
    assert ledger.load_draft("school_class/new") is None


@pytest.mark.parametrize("entity", ["member", "household", "visit", "enrolment", "hardship"])
def test_the_beginning_of_a_ledger_is_the_beginning_of_its_list(desk: Desk, ledger: LedgerService, entity: str) -> None:
    record = BY_NAME[entity]
    title = record.spec.title[0]
    values = ["2025-09-03", "2025-09-01", "2025-09-02", "2025-09-01"] if title == "date" else ["丙", "甲", "乙", "甲"]
    with desk.context.write() as unit:
        uids = unit.add_many(record, [{title: value} for value in values])
        unit.void(record, uids[0], "试")
    assert len(ledger.ids(Query(entity))) == 3
    assert ledger.first(Query(entity), 2) == ledger.ids(Query(entity))[:2]
    assert ledger.first(Query(entity, hidden=True), 2) == uids[:1]


@pytest.mark.parametrize("entity", ["member", "student", "guardian", "payment", "visit"])
def test_a_countys_ledger_comes_school_by_school_and_begins_with_the_first(tmp_path: Path, entity: str) -> None:
    with closing(new_county(tmp_path / "county")) as county:
        record, ledger = BY_NAME[entity], county.ledger
        title = record.spec.title[0]
        with county.context.write() as unit:
            uids = unit.add_many(record, [{title: text} for text in ("丁", "丙", "乙", "甲", "戊")])
            for uid, school in zip(uids, ("2143990002", "2143990001") * 2, strict=False):
                unit.grant_many(record, [uid], school, "试")
            unit.void(record, uids[1], "试")
        whole = ledger.ids(Query(entity))
        scopes = [str(row.values["scope"]) for row in ledger.rows(entity, whole)]
        assert scopes == ["2143990001", "2143990002", "2143990002", "county"]
        assert [ledger.first(Query(entity), most) for most in range(1, 6)] == [whole[:most] for most in range(1, 6)]
        assert ledger.first(Query(entity, school="2143990002"), 5) == whole[1:3]
        assert ledger.first(Query(entity, hidden=True), 5) == [uids[1]]


def test_codes_of_programmes_and_questions_are_shown_by_name_and_stay_codes(
    desk: Desk, ledger: LedgerService, tmp_path: Path
) -> None:
    with desk.context.write() as unit:
        unit.add(BY_NAME["programme"], {"code": "OURS", "name": "县奖学金", "family": "OURS", "channel": "cash"})
        known, ours = (
            unit.add(BY_NAME["decision"], {"student": "a" * 32, "programme": code, "term": "2025-2026-1"})
            for code in ("LIVING_BOARD", "OURS")
        )
        question = unit.add(BY_NAME["question"], {"kind": "guardian_sex.1234", "sentence": "请核对", "state": "open"})
    shown = {
        row.uid: (row.values["programme"], row.shown["programme"]) for row in ledger.rows("decision", [known, ours])
    }
    assert shown == {known: ("LIVING_BOARD", "寄宿生生活补助"), ours: ("OURS", "县奖学金")}
    assert ledger.choices("decision")[0][1].startswith(("寄宿生生活补助", "县奖学金"))
    assert ledger.record("question", question).shown["kind"] == "监护关系与性别不符"
    ImportService(desk.context).export("decision", tmp_path / "认定.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "认定.xlsx").worksheets[0]
    written = {cell for row in sheet.iter_rows(values_only=True) for cell in row}
    assert {"寄宿生生活补助", "县奖学金"} <= written


def test_a_programme_is_typed_by_its_name_or_its_code(ledger: LedgerService) -> None:
    kind = ledger.specs["standard"]["programme"].kind
    assert kind.read("寄宿生生活补助").value == kind.read("LIVING_BOARD").value == "LIVING_BOARD"
    assert kind.read("OURS").value == "OURS"
    with pytest.raises(ValueFault, match="没有叫“县奖学金”的"):
        kind.read("县奖学金")


def test_every_kind_of_question_has_a_name() -> None:
    named = codes.table("question_kind").labels
    assert {*questions.OWN, questions.SAME, NUMBER_DIFFERS, DISABILITY_DIFFERS} <= named.keys()


def test_every_rule_of_a_decision_has_a_name() -> None:
    policy = Path(codes.__file__).parents[1] / "policy"
    written = {
        word for path in policy.glob("*.py") for word in re.findall(r'"([a-z]+\.[a-z_]+)"', path.read_text("utf-8"))
    }
    assert {word for word in written if not word.endswith(".csv")} == codes.table("decision_rule").labels.keys()
