"""名单比对 by command: read, see the piles, accept, settle, undo; and `jz list student` still lists a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.commands import Jz
from tests.factories.stations import EXAMPLES

LIST = EXAMPLES / "脱贫户与监测对象名单-青石镇.xls"


@pytest.fixture
def jz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    """Commands on a new school with the sample roll."""
    jz = Jz(tmp_path, capsys)
    jz("term", "2025-2026-1")
    jz("import", "roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")
    return jz


def test_a_list_is_worked_through_by_commands(jz: Jz) -> None:
    assert len(jz("list", "kinds")) == 10
    report = jz("list", "read", LIST, "--kind", "脱贫户(继续享受)", "--date", "2025年9月10日")
    assert report["read"] == report["matched"] + report["name"] + report["absent"] + report["unread"]
    (run,) = jz("list", "runs")
    assert (run["id"], run["listed_on"], run["kind"]) == (report["run"], "2025-09-10", "L01")
    waiting = jz("list", "lines", report["run"], "--waiting")
    matched = [line["id"] for line in waiting if line["pile"] == "matched"]
    absent = [line["id"] for line in waiting if line["pile"] == "absent"]
    assert jz("list", "accept", report["run"], matched[0])["lines"] == 1
    rest = jz("list", "accept", report["run"], "--pile", "matched")
    assert rest["lines"] == len(matched) - 1
    jz("list", "undo", rest["action"])
    assert jz("list", "runs")[0]["waiting"]["matched"] == rest["lines"]
    assert jz("list", "settle", absent[0], "--as", "notours")["settled"] == 1
    assert jz("list", "reopen", absent[0])["reopened"] == 1
    assert jz("list", "settle", absent[1], "--as", "later", "--reason", "等电话")["settled"] == 1
    student = jz("list", "student", "--limit", 1)[0]["uid"]
    assert jz("list", "settle", absent[2], "--as", "ours", "--student", student)["settled"] == 1
    assert "lists" in {todo["page"] for todo in jz("home")["todos"]}
    assert jz("verify")["ok"]


def test_what_is_wrong_is_said_with_the_remedy(jz: Jz) -> None:
    assert "名单种类" in jz("list", "read", LIST, "--kind", "没有这种", code=1)
    assert "没有这次" in jz("list", "lines", 7, code=1)
    report = jz("list", "read", LIST, "--date", "2025-09-10")
    assert "比已经比对过的（2025-09-10）旧" in jz("list", "read", LIST, "--date", "2025-03-01", code=1)
    assert "没有编号" in jz("list", "accept", report["run"], 99999, code=1)
