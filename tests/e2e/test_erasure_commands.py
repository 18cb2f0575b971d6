"""依法删除 by commands alone: looked at, done, told to the school, and the old backups cleared at both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jzdesk.cli import main
from tests.factories.moves import GROUND, Three, child, paid
from tests.factories.stations import PASSWORD


def test_a_child_is_erased_by_commands(three: Three, capsys: pytest.CaptureFixture[str]) -> None:
    uid = child(three.old)
    paid(three.old)
    three.up(three.old)
    (three.root / "password").write_text(PASSWORD, "utf-8")
    stick = three.stick()

    def jz(station: str, *words: object, code: int = 0, plain: bool = False) -> Any:
        capsys.readouterr()
        options = ("--station", three.root / station, "--password-file", three.root / "password")
        assert main([str(word) for word in (*options, *words, *(() if plain else ("--json",)))]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out and not plain else printed.out + printed.err

    made = {station: jz(station, "backup", "make")["entries"] for station in ("county", "old")}
    assert "由县教育局办理" in jz("old", "county", "erase", uid, code=1)
    said = jz("county", "county", "erase", uid, plain=True)
    assert "王小明：将删除 7 条记录的内容（7 条变更），保留 2 条。有关学校：青石镇中心小学。" in said
    assert "保管 30 年" in said
    assert {one["label"] for one in jz("county", "county", "erase", uid)["staying"]} == {"发放明细", "资助认定"}
    assert "没有写明依据" in jz("county", "county", "erase", uid, "--yes", code=1)
    assert "写了姓名" in jz("county", "county", "erase", uid, "--ground", "王小明的申请", "--yes", code=1)
    assert jz("county", "county", "erase", uid, "--ground", GROUND, "--yes")["records"] == 7
    lines = jz("county", "county", "erasures")
    assert {(one["title"], one["again"], *one["waiting"]) for one in lines} == {
        ("王小明", False, "青石镇中心小学"),
    }
    table = jz("county", "county", "erasures", plain=True)
    assert "0/1 所已删除" in table
    assert "('青石镇中心小学',)" not in table

    jz("county", "county", "receipts", "--to", stick)
    (outcome,) = jz("old", "read-receipts", stick)
    assert outcome["notes"][-1].startswith("县里依法删除了 7 条记录的内容，本站也已删除")
    (left,) = jz("old", "list", "student")
    assert (left["name"], left["birth"]) == ("王小明", "")
    jz("old", "export", "--to", stick)
    jz("county", "merge", stick)
    assert {tuple(one["waiting"]) for one in jz("county", "county", "erasures")} == {()}

    for station in ("county", "old"):
        (name,) = jz(station, "backup", "clear-copies")["names"]
        assert name in jz(station, "backup", "clear-copies", plain=True)
        assert jz(station, "backup", "clear-copies", "--yes")["names"] == [name]
        (kept,) = jz(station, "backup", "list")
        assert kept["entries"] > made[station], "made after the erasure"
        assert jz(station, "backup", "clear-copies")["names"] == []
        assert "没有含已删除内容的旧备份" in jz(station, "backup", "clear-copies", "--yes", code=1)
        assert jz(station, "verify")["ok"]
