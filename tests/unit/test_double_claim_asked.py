"""The county's warning is met wherever a child is entered or decided upon: at the number, on import, beside the aid."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from jzdesk.core.fingerprint import KEY_BYTES, Marks
from jzdesk.models import Question
from jzdesk.services.bundle import Services
from jzdesk.services.double_claim import SETTING, DoubleClaims
from jzdesk.services.importing import ImportService
from jzdesk.services.students import StudentDraft
from tests.factories.people import TERM, Desk, new_desk
from tests.factories.rolls import NUMBERS, child, records, roll, state

NAME, NUMBER = "宋火强", NUMBERS[0]
VALUES = {"name": NAME, "id_number": NUMBER, "sex": "1", "birth": "2017-05-07"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school")


@pytest.fixture
def services(desk: Desk) -> Services:
    return Services(desk.context)


def warn(desk: Desk, *children: tuple[str, str], key: int = 1) -> None:
    """A receipt was read that tells of these (number, name)."""
    marks = Marks.of(bytes([key]) * KEY_BYTES, children)
    told = {"term": TERM, "key": marks.key.hex(), "bits": marks.bits, "marks": b64encode(marks.packed()).decode()}
    desk.context.store.set_setting(SETTING, told)


def test_the_form_asks_at_the_number_as_soon_as_number_and_name_are_typed(services: Services, desk: Desk) -> None:
    warn(desk, (NUMBER, NAME))
    found = services.students.check(VALUES)
    assert found.problems == {}
    assert "别的学校享受资助" in found.asked["id_number"]
    assert "id_number" not in services.students.check({**VALUES, "name": "宋水强"}).asked


def test_the_list_is_unpacked_once_and_again_when_a_receipt_was_read_or_the_term_changed(
    services: Services, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[int] = []
    original = Marks.unpacked

    def counting(key: bytes, bits: int, packed: bytes) -> Marks:
        unpacked.append(bits)
        return original(key, bits, packed)

    monkeypatch.setattr(Marks, "unpacked", staticmethod(counting))
    warn(desk, (NUMBER, NAME), key=11)
    claims = DoubleClaims(desk.context)
    assert [bool(claims.warning(NUMBER, NAME)) for _ in range(5)] == [True] * 5
    assert len(unpacked) == 1
    warn(desk, (NUMBERS[1], NAME), key=12)
    assert claims.warning(NUMBER, NAME) is None
    assert len(unpacked) == 2
    services.choose_term("2030-2031-1")
    assert claims.warning(NUMBERS[1], NAME) is None
    assert claims.known() == 0


def test_saving_keeps_the_warning_as_a_question_that_goes_when_the_county_takes_it_back(
    services: Services, desk: Desk
) -> None:
    warn(desk, (NUMBER, NAME))
    enrolment = {"grade": "G03", "status": "01"}
    uid = services.students.save(StudentDraft(None, student=VALUES, enrolment=enrolment)).uid
    asked = [one for one in records(desk.context, Question, student=uid) if one["kind"] == SETTING]
    assert [one["state"] for one in asked] == ["open"]
    warn(desk, key=3)
    services.students.review(uid)
    asked = [one for one in records(desk.context, Question, student=uid) if one["kind"] == SETTING]
    assert [one["state"] for one in asked] == ["gone"]


def test_an_import_keeps_the_warning_for_the_pupils_concerned_and_a_second_one_changes_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    warn(desk, (NUMBER, NAME))
    path = roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], **{"*姓名": "宋静根"}))
    imports = ImportService(desk.context)
    report = imports.run("roll", path)
    asked = [one["kind"] for one in records(desk.context, Question)]
    assert (report.added, report.warned, asked) == (2, 0, [SETTING])
    assert any("1 名学生" in note for note in report.notes)
    before = state(desk.context)
    imports.run("roll", path)
    assert state(desk.context) == before


def test_a_decision_shows_the_warning_and_is_not_refused_for_it(services: Services, desk: Desk) -> None:
    warn(desk, (NUMBER, NAME))
    desk.pupil(NAME, id_number=NUMBER, boarding="2")
    services.aid.decide(TERM)
    line = services.aid.decisions(TERM)[0]
    assert (line.granted, line.elsewhere) == (True, True)
    assert line.reasons.startswith("可能已在别的学校享受")
    assert "别的学校享受资助" in services.aid.why(line.uid).lines()[0]
