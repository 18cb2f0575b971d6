"""转学 by command: asked for at the school's desk, printed, taken back, with `jz` alone."""

from __future__ import annotations

from pathlib import Path

from tests.factories.commands import Jz
from tests.unit.test_printing_forms import pages_of


def test_a_transfer_is_asked_for_listed_printed_and_taken_back(jz: Jz, tmp_path: Path) -> None:
    uid = jz("save", "student", "name=王小明", "sex=男", "birth=2016-05-07")["uid"]
    where = (f"student={uid}", "grade=G03", "school=2143990001", "status=01", "valid_from=2023-09-01")
    jz("save", "enrolment", *where)
    assert "转学原因" in jz("transfer", "ask", uid, "--to", "邻县实验小学", "--reason", "", code=1)
    asked = jz("transfer", "ask", uid, "--to", "邻县实验小学", "--reason", "随父母搬迁")["uid"]
    (line,) = jz("transfer", "list")
    assert (line["uid"], line["state"], line["to_name"], line["way"]) == (asked, "asked", "邻县实验小学", "转出")
    assert "待县里审批" in jz("transfer", "list", plain=True)
    assert "还没有答复" in jz("transfer", "ask", uid, "--to", "邻县实验小学", "--reason", "再次", code=1)
    paper = tmp_path / "移交单.pdf"
    assert jz("transfer", "print", asked, paper)["pages"] == 1
    assert "转学申请与档案移交单" in pages_of(paper)[0]
    assert "县教育局审批" in jz("transfer", "approve", asked, code=1)
    assert "待接收" in jz("transfer", "receive", uid, code=1)
    jz("transfer", "withdraw", asked, "--reason", "不转了")
    assert jz("transfer", "list") == []
    assert jz("roll", "event", "list") == []
