"""Forms of other systems by command: what goes where, what is missing, fill, fill again, the trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.factories import forms
from tests.factories.commands import Jz
from tests.factories.people import id_number


@pytest.fixture
def school(jz: Jz) -> str:
    """A school with one child; its uid."""
    number = id_number("2016-05-07")
    saved = jz(
        "student", "add", "姓名=曾小乐", f"身份证件号={number}", "--enrolment", "年级=G03", "--enrolment", "就读方式=2"
    )
    return str(saved["uid"])


def test_a_form_is_filled_and_filled_again_by_command(jz: Jz, school: str, tmp_path: Path) -> None:
    form, out = forms.short_form(tmp_path / "名单.xlsx"), tmp_path / "填好.xlsx"
    listed = jz("fill", "columns", form, "--set", "性别=性别:both", "--fixed", "备注=2025 秋")
    assert [(one["key"], one["way"], one["fixed"]) for one in listed][3:7:3] == [
        ("student.sex", "both", ""),
        ("", "", "2025 秋"),
    ]
    words = ("fill", form, "--scheme", "县表", "--out", out, "--set", "D=student.sex:both", "--grade", "G03")
    assert "用途" in jz(*words, code=1)
    report = jz(*words, "--purpose", "报县")
    assert (report["rows"], report["added"], report["lines"], report["path"]) == (1, 1, [], str(out))
    assert load_workbook(out)["名单"]["D3"].value == "1-男"
    assert [(one["name"], one["columns"]) for one in jz("fill", "schemes")] == [("县表", 7)]

    jz("save", "student", "性别=女", "--uid", school)
    again = jz("fill", out, "--scheme", "县表", "--out", tmp_path / "再填.xlsx", "--purpose", "报县", "--overwrite")
    (line,) = again["lines"]
    assert (line["kind"], line["cell"], line["old"], line["new"], line["uid"]) == (
        "overwritten",
        "D3",
        "1-男",
        "2-女",
        school,
    )
    assert [one["purpose"] for one in jz("fill", "trace")] == ["报县", "报县"]
    jz("fill", "forget", "县表")
    assert jz("fill", "schemes") == []


def test_what_is_missing_is_told_before_filling(jz: Jz, school: str) -> None:
    (line,) = jz("fill", "check", "xueji")
    assert line["uid"] == school
    assert "籍贯" in line["labels"]


def test_the_built_in_forms_are_written_blank_and_filled(jz: Jz, school: str, tmp_path: Path) -> None:
    assert [one["form"] for one in jz("fill", "forms")] == ["xueji", "f5"]
    jz("fill", "blank", "f5", tmp_path / "空白.xlsx")
    assert load_workbook(tmp_path / "空白.xlsx").worksheets[0]["A17"].value == "合计"
    report = jz("fill", "f5", "--out", tmp_path / "统计.xlsx", "--term", "2025-2026-1", "--basis", "granted", "--plain")
    assert load_workbook(report["path"]).worksheets[0]["A17"].value == "合计"


BAD = (
    (("no-such-form.xlsx", "--out", "x.xlsx"), "没有找到这个文件"),
    (("xueji", "--out", "x.xlsx", "--set", "ZZ=姓名"), "看不懂"),
    (("xueji", "--out", "x.xlsx", "--set", "A=鞋码"), "没有叫“鞋码”的栏目"),
    (("xueji", "--out", "x.xlsx", "--set", "B=性别:roman"), "写法"),
    (("xueji", "--out", "x.xlsx", "--basis", "guessed"), "口径"),
    (("xueji", "--out", "x.xlsx", "--sheet", "没有"), "没有名为"),
    (("xueji", "--out", "x.xlsx", "--purpose", "试", "--grade", "G12"), "没有要填的学生"),
    (("blank", "f6", "x.xlsx"), "没有叫“f6”的内置表格"),
    (("forget", "谁"), "没有叫“谁”的方案"),
)


def test_bad_words_get_a_sentence_with_the_remedy(jz: Jz, school: str) -> None:
    said = {words: jz("fill", *words, code=1) for words, _ in BAD}
    assert [words for words, sentence in BAD if sentence not in said[words]] == []
