"""Certificates, revoked computers, keys and clocks by command, as the county's night batch and a school use them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main
from tests.factories.clocks import Turned
from tests.factories.stations import PASSWORD
from tests.factories.world import World, new_world

Jz = Callable[..., Any]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path, school_clock=Turned(5).clock)


@pytest.fixture
def jz(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    """`jz("county", "keys")` as the county, `jz("certificate", at="school")` as the school."""
    password = tmp_path / "password"
    password.write_text(PASSWORD, "utf-8")
    world.save("一")
    world.export()
    world.county.close()
    world.school.close()

    def run(*words: object, at: str = "county", code: int = 0, plain: bool = False) -> Any:
        capsys.readouterr()
        options = ("--station", tmp_path / at, "--password-file", password)
        more = () if plain else ("--json",)
        assert main([str(word) for word in (*options, *words, *more)]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if code == 0 and not plain else printed.out + printed.err

    return run


def test_a_command_that_writes_a_stick_clears_away_what_a_killed_one_left(world: World, jz: Jz) -> None:
    package = Path(jz("export", "--to", world.stick, at="school")["package"])
    left = package.with_name(f"{package.name}.0123abcd.part")
    left.write_bytes(b"half")
    jz("export", "--to", world.stick, at="school")
    assert not left.exists()


def test_what_is_not_there_to_read_is_said(jz: Jz, tmp_path: Path) -> None:
    for words in (("inbox",), ("merge",), ("county", "requests")):
        assert "找不到这个文件或文件夹" in jz(*words, tmp_path / "none", code=1)


def test_a_clock_is_explained_by_command(jz: Jz, world: World) -> None:
    assert jz("merge", world.stick)[0]["outcome"] == "held"
    (line,) = jz("county", "clocks")
    assert (line["ahead_hours"], line["waiting"]) == (120, 1)
    assert "解释不了" in jz("county", "state-clock", line["device"], "--hours", 3, "--reason", "快了", code=1)
    done = jz("county", "state-clock", line["device"], "--hours", 120, "--reason", "电话核实")
    assert done["entries"] == 1
    assert "青石镇中心小学" in jz("county", "clocks", plain=True)


def test_what_a_night_batch_prints_is_whole_and_names_schools(jz: Jz, world: World) -> None:
    words = jz("inbox", world.stick, plain=True)
    (package,) = world.stick.glob("*.jzp")
    assert str(package) in words, "a log has no edge to cut cells at"
    words = jz("merge", world.stick, plain=True)
    assert f"{package.name}：青石镇中心小学 部分待裁定" in words
    assert "共 1 个数据包，收到 1 条 = 并入 0 + 已有 0 + 待裁定 1 + 未接收 0。" in words
    assert "青石镇中心小学 第 1 包" in jz("merges", plain=True)
    assert "电脑时钟超前两天以上：青石镇中心小学" in jz("holds", "list", plain=True)
    assert "归属 青石镇中心小学" in jz("holds", "show", 1, plain=True)


def test_a_computer_is_revoked_and_reinstated_by_command(jz: Jz, world: World) -> None:
    jz("merge", world.stick)
    jz("county", "state-clock", world.device, "--hours", 120, "--reason", "电话核实")
    seen = jz("county", "revoke", "1", "--upto", "none", "--look")
    assert seen["look"]["entries"] == 1
    assert [one["key"] for one in seen["choices"]][0::2] == ["now", "none"]
    assert "只认到第 1 包" in jz("county", "revoke", "1", "--look", plain=True)
    assert "理由" in jz("county", "revoke", world.device, code=1)
    assert jz("county", "revoke", world.device, "--upto", "none", "--reason", "被盗")["entries"] == 1
    assert "被盗" in jz("county", "revocations", plain=True)
    assert jz("county", "certificates")[0]["state"] == "revoked"
    jz("county", "receipts", "--to", world.stick)
    assert "县里已吊销本机的证书" in jz("read-receipts", world.stick, at="school")[0]["sentence"]
    assert "吊销" in jz("export", "--to", world.stick, at="school", code=1)
    assert jz("county", "reinstate", world.device, "--look")["entries"] == 1
    assert jz("county", "reinstate", world.device, "--reason", "找回来了")["entries"] == 1
    assert jz("county", "certificates")[0]["state"] == "good"


def test_certificates_are_renewed_and_looked_at_by_command(jz: Jz, world: World) -> None:
    assert jz("county", "renew", "--to", world.stick) == []
    (path,) = jz("county", "renew", world.device, "--to", world.stick)
    assert jz("take-certificate", path, at="school")["fingerprint"] == jz("county", "keys")["fingerprint"]
    found = jz("certificate", at="school")
    assert (found["serial"], found["days_left"] > 1000) == (1, True)
    assert ["电脑的时间是" in one["what"] for one in found["cautions"]] == [True], "the school's clock ran ahead before"
    assert "县里的校验字" in jz("certificate", at="school", plain=True)


def test_the_county_changes_its_keys_by_command(jz: Jz, world: World) -> None:
    before = jz("county", "keys")["fingerprint"]
    assert "county-keys" in jz("county", "rotate-keys", code=1)
    assert jz("county", "keys")["fingerprint"] == before
    after = jz("county", "rotate-keys", "--yes")["fingerprint"]
    assert before in jz("county", "keys", plain=True)
    path = jz("county", "key-notice", "--to", world.stick)["path"]
    (outcome,) = jz("read-receipts", path, at="school")
    assert (outcome["outcome"], after in outcome["sentence"]) == ("read", True)
    assert jz("certificate", at="school")["county_fingerprint"] == after


def test_a_backup_moves_to_a_new_computer_by_command(jz: Jz, world: World) -> None:
    made = jz("backup", "make", "--to", world.stick, at="school")
    assert "已经有一个工作站" in jz("backup", "move-in", made["path"], at="school", code=1)
    assert jz("backup", "move-in", made["path"], at="new")["entries"] == made["entries"]
    info = jz("info", at="new")
    assert (info["code"], info["certified"], info["device"] == world.device) == ("2143990001", False, False)
    request = jz("request", "--to", world.stick, at="new")["path"]
    (line,) = [one for one in jz("county", "requests", world.stick) if one["path"] == request]
    assert line["inherits"] == [world.device]
    jz("take-certificate", jz("county", "certify", request, "--to", world.stick)["path"], at="new")
    assert len(jz("export", "--to", world.stick, at="new")["packages"]) == 2


def test_the_county_comes_back_from_backup_and_paper_by_command(jz: Jz, world: World, tmp_path: Path) -> None:
    assert jz("county", "escrow")["mark"] == ""
    made = jz("county", "new-escrow", tmp_path / "sheet.pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", made["sheet"], "-"], check=True, capture_output=True, text=True
    ).stdout
    key = tmp_path / "key"
    key.write_text(text.split("AGE-SECRET-KEY-1")[1].split("请")[0], "utf-8")
    assert jz("county", "escrow")["mark"] == "", "not in use before it was read from the paper"
    assert jz("county", "set-escrow", "--key-file", key)["mark"] == made["mark"]
    assert made["mark"] in jz("county", "check-escrow", "--key-file", key, plain=True)
    assert made["mark"] in jz("county", "escrow", plain=True)
    backup = jz("backup", "make", "--to", world.stick)["path"]
    assert "没有给出托管钥匙" in jz("backup", "move-in", backup, at="new", code=1)
    jz("backup", "move-in", backup, "--key-file", key, at="new")
    before, after = (jz("county", "keys", at=place)["fingerprint"] for place in ("county", "new"))
    assert before == after
