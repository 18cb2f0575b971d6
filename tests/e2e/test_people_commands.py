"""A child with family, photograph and consent is registered, asked about and put in order with `jz` alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.factories.commands import Jz
from tests.factories.people import id_number

NUMBER = id_number("2018-05-07", "2", serial=44)


@pytest.fixture
def child(jz: Jz) -> str:
    words = (
        "姓名=王小红",
        f"身份证件号={NUMBER}",
        "孤儿=是",
        "--enrolment",
        "年级=G01",
        "--guardian",
        "王大山,伯父,13800000001",
    )
    saved = jz("student", "save", *words)
    assert any("孤儿" in sentence for sentence in saved["questions"])
    return str(saved["uid"])


def test_a_number_is_looked_at_before_anything_is_saved(jz: Jz) -> None:
    found = jz("student", "check", f"身份证件号={NUMBER}43")
    assert found["fills"] | {"birth": "2018-05-07", "sex": "2", "disability": "4"} == found["fills"]
    wrong = jz("student", "check", "身份证件号=4.31E+17", code=1)
    assert "科学计数" in wrong["problems"]["id_number"]
    assert jz("student", "find") == []


def test_the_same_child_is_told_with_the_reason(jz: Jz, child: str) -> None:
    (found,) = jz("student", "similar", f"学籍号=L{NUMBER}")
    assert found["uid"] == child
    assert jz("student", "similar", "姓名=王晓红", "出生日期=20180507")[0]["why"] == [
        "出生日期相同，姓名同音（王小红）"
    ]
    assert jz("student", "similar", "姓名=王小红", "--phone", "13800000001")[0]["uid"] == child


def test_members_questions_and_offers(jz: Jz, child: str) -> None:
    member = jz("member", "add", child, "姓名=李桂花", "与户主关系=母亲")["uid"]
    jz("member", "add", child, "联系电话=13800000002", "--uid", member)
    assert {one["values"]["name"] for one in jz("student", "file", child)["members"]} == {"王大山", "李桂花"}
    (question,) = jz("question", "list", "--student", child)
    jz("question", "accept", question["uid"])
    assert jz("question", "list") == []
    assert jz("student", "file", child)["hardships"][0]["values"]["code"] == "D10"
    jz("student", "save", "出生日期=2018-05-08", "--uid", child)
    (question,) = jz("question", "list")
    assert jz("question", "accept", question["uid"], code=1)
    jz("question", "confirm", question["uid"], "--reason", "证件待更正")
    assert jz("student", "review", child) == []
    assert any(row["label"] == "姓名" for row in jz("student", "show", child))


def test_a_photograph_goes_in_and_comes_out(tmp_path: Path, jz: Jz, child: str) -> None:
    picture = tmp_path / "照片.png"
    Image.new("RGB", (40, 30), "green").save(picture)
    (added,) = jz("photo", "add", child, picture, "--taken-on", "2025-09-10")
    assert added["changed"]
    (listed,) = jz("photo", "list", child)
    written = Path(jz("photo", "export", listed["uid"], "--to", tmp_path)["path"])
    assert written.name == "王小红-证件照-2025-09-10.jpg"
    bad = tmp_path / "坏.jpg"
    bad.write_text("不是照片", "utf-8")
    assert "不是照片或者已经损坏" in jz("photo", "add", child, bad, code=1)


def test_consent_is_missing_given_and_withdrawn(jz: Jz, child: str) -> None:
    assert [row["uid"] for row in jz("consent", "missing")] == [child]
    assert jz("consent", "add", child)["recorded"] == 1
    assert jz("student", "find", "--no-consent") == []
    given = jz("student", "file", child)["consents"][0]
    assert given["values"]["given_by"] == "王大山"
    jz("consent", "withdraw", given["uid"], "--note", "家长来电")
    again = jz("consent", "add", child, "--by", "王大山", "--relation", "伯父")
    assert again["recorded"] == 1
    assert "一名学生" in jz("consent", "add", child, child, "--by", "王大山", code=1)
