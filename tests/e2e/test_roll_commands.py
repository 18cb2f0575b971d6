"""The living roll by command: a school's year from events to promotion, classes and closures, with `jz` alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.commands import Jz


@pytest.fixture
def room(jz: Jz) -> str:
    return str(jz("save", "school_class", "grade=G03", "name=1班")["uid"])


def child(jz: Jz, name: str, room: str, grade: str = "G03") -> str:
    uid = jz("save", "student", f"name={name}", "sex=男", "birth=2016-05-07")["uid"]
    where = (f"student={uid}", f"grade={grade}", f"school_class={room}", "school=2143990001")
    jz("save", "enrolment", *where, "status=01", "valid_from=2023-09-01")
    return str(uid)


def test_events_by_command(jz: Jz, room: str) -> None:
    student = child(jz, "王小明", room)
    said = jz("roll", "event", "add", student, "退学", "--reason", "不想读", code=1)
    assert "义务教育" in said
    done = jz(
        "roll", "event", "add", student, "休学", "--date", "2024-03-01", "--until", "2025-03-01", "--reason", "治病"
    )
    (line,) = jz("roll", "event", "list")
    assert (line["uid"], line["kind_label"], line["change"]) == (done["uid"], "休学", "在读 → 休学")
    assert [one["name"] for one in jz("roll", "event", "list", "--kind", "expired")] == ["王小明"]
    assert len(jz("roll", "event", "list", "--student", student)) == 1
    assert "休学" in jz("roll", "event", "list", plain=True)
    day = jz("roll", "as-of", "2024-03-01")
    assert (day["enrolled"], [one["status"] for one in day["lines"]]) == (0, ["休学"])
    assert jz("roll", "as-of", "2024-02-29")["enrolled"] == 1
    assert "在册 1 人" in jz("roll", "as-of", "2024-02-29", plain=True)
    jz("roll", "event", "undo", done["uid"], "--reason", "登错了人")
    assert jz("roll", "event", "list") == []
    assert jz("roll", "as-of", "2024-03-01")["enrolled"] == 1


def test_promotion_by_command(jz: Jz, room: str, tmp_path: Path) -> None:
    first, held = child(jz, "王小明", room), child(jz, "李思远", room)
    last = child(jz, "赵雨桐", str(jz("save", "school_class", "grade=G06", "name=1班")["uid"]), "G06")
    assert jz("roll", "promote", "--preview")["recent"] == 3
    assert "仍要升级" in jz("roll", "promote", code=1)
    assert "小学四年级1班" in jz("roll", "promote", "--preview", "--anyway", plain=True)
    done = jz("roll", "promote", "--anyway", "--hold", held)
    assert (done["promoted"], done["graduated"], done["held"], done["classes"]) == (1, 1, 1, 1)
    assert "已经升级" in jz("roll", "promote", "--anyway", code=1)
    (leaver,) = jz("roll", "leavers")
    assert leaver["student"] == last
    jz("roll", "destination", leaver["uid"], "青石镇中学")
    assert jz("roll", "leavers")[0]["destination"] == "青石镇中学"
    assert "还没有到" in jz("roll", "as-of", "2099-01-01", code=1)
    assert [one["change"] for one in jz("roll", "event", "list", "--student", first)] == ["小学三年级 → 小学四年级"]
    path = tmp_path / "名册.xlsx"
    assert jz("roll", "as-of", "2024-01-01", "--out", path)["students"] == 3
    assert path.exists()


def test_classes_by_command(jz: Jz, room: str) -> None:
    child(jz, "王小明", room)
    second = child(jz, "李思远", room)
    moved = jz("roll", "classes", "move", second, "--new", "2班", "--date", "2024-03-01")
    assert moved["students"] == 1
    jz("roll", "classes", "rename", room, "甲班")
    staff = jz("save", "staff", "name=吴泽建")["uid"]
    jz("roll", "classes", "head", room, staff)
    lines = jz("roll", "classes", "list")
    assert {(one["name"], one["head"], one["students"]) for one in lines} == {("甲班", "吴泽建", 1), ("2班", "", 1)}
    assert jz("roll", "classes", "merge", moved["class"], "--into", room)["students"] == 1
    assert [one["students"] for one in jz("roll", "classes", "list")] == [2]
    assert "没有空班" in jz("roll", "classes", "void-empty", code=1)


def test_closures_by_command(jz: Jz, room: str) -> None:
    student = child(jz, "王小明", room)
    uid = jz(
        "closure", "open", "--student", student, "--basis", "困难认定", "--due", "2024-06-30", "--date", "2024-01-01"
    )["uid"]
    jz("save", "hardship", f"student={student}", "code=D01", "valid_from=2023-09-01")
    assert jz("closure", "open", "--all-hardship", "--basis", "2025 年认定")["opened"] == 0
    assert [one["late"] for one in jz("closure", "list", "--state", "overdue")] == [True]
    people = ("--verifier", "吴泽建", "--approver")
    closing = ("closure", "close", uid, "--reason", "稳定脱贫或风险消除", "--proof", "核实表")
    assert "同一个人" in jz(*closing, *people, "吴泽建", code=1)
    assert jz(*closing, *people, "李校长")["closed"] == 1
    jz("closure", "reopen", uid, "--reason", "父亲生病")
    (line,) = jz("closure", "list")
    assert (line["state_label"], line["reopen_reason"]) == ("复号", "父亲生病")
    assert "王小明" in jz("closure", "list", plain=True)
