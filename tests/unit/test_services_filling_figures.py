"""The county's statistics: times and persons apart, shares from sums, rows by their labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from jzdesk.models import AidDecision, Payment
from jzdesk.services.filling import FillService
from jzdesk.services.filling.statistics import Aid, Census
from jzdesk.services.filling.views import FillOrder, FillReport
from jzdesk.sheets.fill import completed
from tests.factories import forms
from tests.factories.people import SCHOOL_NAME, TERM, Desk, verified_desk

PLAIN = ("school", "stage", "programme", "pupils", "poor", "times", "persons", "fen", "share")
AMONG = ("registered", "monitored", "minimum", "extreme", "disabled", "orphans")
LIVING, GRANT = "COMPULSORY_LIVING", "OTHER_CASH"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "station") as made:
        yield made


def fill(desk: Desk, form: Path | str, out: Path, **order: Any) -> FillReport:
    filling = FillService(desk.context)
    return filling.fill(filling.look(form, scheme="统计"), out, order=FillOrder(term=TERM, **order))


def rows(path: Path, first: int = 5) -> list[dict[str, Any]]:
    sheet = load_workbook(path).worksheets[0]
    lines = sheet.iter_rows(min_row=first, max_col=15, values_only=True)
    return [dict(zip((*PLAIN, *AMONG), line, strict=True)) for line in lines]


def programme_of(desk: Desk) -> tuple[str, str]:
    """(code, name) of the living aid that the standards bring."""
    with desk.context.read() as connection:
        from jzdesk.services.standards import read_book

        book = read_book(connection)
    code = next(code for code in sorted(book.cash) if "LIVING" in code and not code.startswith("SEED"))
    return code, book.name(code)


def pay(desk: Desk, student: str, fen: int, *, kind: str = "pay", state: str = "paid") -> None:
    code, _ = programme_of(desk)
    with desk.context.write() as unit:
        decision = unit.add(
            AidDecision, {"student": student, "programme": code, "term": TERM, "outcome": "granted", "fen": abs(fen)}
        )
        unit.add(Payment, {
            "batch": "b" * 32, "decision": decision, "student": student, "programme": code, "term": TERM,
            "due": fen, "fen": fen, "kind": kind, "state": state,
        })  # fmt: skip


@pytest.fixture
def paid(desk: Desk) -> Desk:
    """Four on the roll, three of them poor; one was paid twice, one was paid and returned it, one waits."""
    twice = desk.pupil("赵一", hardships=("D01", "D12"))
    back = desk.pupil("钱二", hardships=("D05",))
    waits = desk.pupil("孙三", hardships=("D10",))
    desk.pupil("李四", hardships=())
    pay(desk, twice, 31250)
    pay(desk, twice, 31250, kind="reissue")
    pay(desk, back, 62500)
    pay(desk, back, -62500, kind="returned")
    pay(desk, waits, 62500, state="due")
    return desk


def test_a_printed_row_is_found_by_its_labels(paid: Desk, tmp_path: Path) -> None:
    _, name = programme_of(paid)
    form = forms.figures_form(tmp_path / "统计.xlsx", [(SCHOOL_NAME, "小学", name), (SCHOOL_NAME, "初中", name)])
    report = fill(paid, form, tmp_path / "填好.xlsx")
    line, other = rows(report.path)[:2]
    assert line == {
        "school": SCHOOL_NAME, "stage": "小学", "programme": name, "pupils": 4, "poor": 3, "times": 2, "persons": 1,
        "fen": 625, "share": "25.0%", "registered": 1, "monitored": 0, "minimum": 0, "extreme": 0, "disabled": 1,
        "orphans": 0,
    }  # fmt: skip
    assert [other[name] for name in PLAIN[3:]] == [0, 0, 0, 0, 0, "—"]


def test_rows_that_are_not_printed_are_added_and_totals_and_notes_stay(paid: Desk, tmp_path: Path) -> None:
    report = fill(paid, forms.figures_form(tmp_path / "统计.xlsx", slots=1), tmp_path / "填好.xlsx")
    line, total, note = rows(report.path)[:3]
    assert (line["school"], line["stage"], line["times"], line["persons"]) == (SCHOOL_NAME, "小学", 2, 1)
    assert (total["school"], total["pupils"], total["persons"], total["share"]) == ("合计", 4, 1, "25.0%")
    assert total["fen"] == "=SUM(H5:H5)"
    assert str(note["school"]).startswith("注：")


def test_what_was_decided_can_be_counted_instead(paid: Desk, tmp_path: Path) -> None:
    report = fill(paid, "f5", tmp_path / "填好.xlsx", basis="granted")
    line = rows(report.path)[0]
    assert (line["persons"], line["poor"], line["share"]) == (3, 3, 75.0)


def test_the_built_in_form_keeps_its_line_of_totals_last(paid: Desk, tmp_path: Path) -> None:
    report = fill(paid, "f5", tmp_path / "填好.xlsx")
    found = rows(report.path)
    assert [line["school"] for line in found if line["school"]][:2] == [SCHOOL_NAME, "合计"]
    assert found[12]["school"] == "合计"
    assert found[12]["fen"] == 625
    assert report.lines == ()
    assert fill(paid, "f5", tmp_path / "再填.xlsx").lines == ()


def test_what_the_form_asks_for_above_its_heading_is_answered(paid: Desk, tmp_path: Path) -> None:
    report = fill(paid, "f5", tmp_path / "填好.xlsx")
    note = load_workbook(report.path).worksheets[0]["A2"].value
    assert note == "填报单位：青石镇中心小学　　学期：2025-2026学年秋季学期　　单位：人、人次、元"


@given(st.text("填报单位学期：: 　_甲乙", max_size=30))
def test_what_is_already_said_above_a_heading_stays(text: str) -> None:
    titles = {"填报单位": "甲校", "学期": "乙"}
    once = completed(text, titles)
    assert completed(once, titles) == once
    assert completed(text, {}) == text
    for said in re.findall(r"(?:填报单位|学期)[:：][甲乙]+", text):
        assert said in once


def test_a_changed_figure_is_marked_the_next_time(paid: Desk, tmp_path: Path) -> None:
    fill(paid, "f5", tmp_path / "一.xlsx")
    paid.pupil("周五", hardships=())
    report = fill(paid, "f5", tmp_path / "二.xlsx")
    changed = {(line.title, line.heading, line.old, line.new) for line in report.of("changed")}
    assert ("合计", "在校数", "4", "5") in changed
    assert ("合计", "占比（%）", "25", "20") in changed


def census(aid: list[Aid], place: dict[str, tuple[str, str]], **hardships: str) -> Census:
    marks = {uid: frozenset({code}) for uid, code in hardships.items()}
    return Census(place, marks, aid, {"1": "甲校", "2": "乙校"}, {LIVING: "生活补助", GRANT: "助学金"})


def test_persons_are_counted_once_and_shares_come_from_the_sums() -> None:
    place = {"a": ("1", "PRI"), "b": ("1", "PRI"), "c": ("2", "JUN"), **{f"d{n}": ("2", "JUN") for n in range(4)}}
    aid = [Aid("a", LIVING, 2, 100), Aid("a", GRANT, 1, 50), Aid("c", LIVING, 1, 30)]
    entries = census(aid, place, a="D01", c="D02", b="D07").entries(("figure.school",))
    lines = {entry.title: entry.values for entry in entries}
    assert [lines["甲校"][f"figure.{name}"] for name in ("times", "persons", "fen", "share", "cover")] == [
        3, 1, 150, "50.0%", "50.0%",
    ]  # fmt: skip
    assert [lines["合计"][f"figure.{name}"] for name in ("pupils", "times", "persons", "share", "monitored")] == [
        7, 4, 2, "28.6%", 1,
    ]  # fmt: skip


def test_nobody_to_count_is_a_dash_and_never_a_percentage() -> None:
    (total,) = census([], {}).entries(("figure.school", "figure.stage"))
    assert (total.values["figure.share"], total.values["figure.cover"], total.total) == ("—", "—", True)
    assert total.values["figure.pupils"] == 0


def test_what_nobody_had_is_filled_in_where_it_is_printed_and_never_added() -> None:
    entries = census([Aid("a", LIVING, 1, 5)], {"a": ("1", "PRI")}).entries(
        ("figure.school", "figure.stage", "figure.programme")
    )
    added = [entry.title for entry in entries if not entry.optional]
    assert added == ["甲校 小学 生活补助", "合计"]
    assert {"甲校 小学 助学金", "甲校 初中 生活补助"} <= {entry.title for entry in entries}
