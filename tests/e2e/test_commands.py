"""Every job of the window by command: a school and a county live through a term with `jz` alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main
from jzdesk.core.citizen_id import check_character
from tests.factories.stations import EXAMPLES

Jz = Callable[..., Any]
NUMBER = "43109920150102001" + check_character("43109920150102001")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("Mingling2025", "utf-8")
    return path


@pytest.fixture
def jz(tmp_path: Path, password: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    """Run a command on the station of this name below tmp_path; the JSON it printed."""

    def run(station: str, *words: object, code: int = 0) -> Any:
        capsys.readouterr()
        options = ("--station", tmp_path / station, "--password-file", password)
        assert main([str(word) for word in (*options, *words, "--json")]) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if code == 0 else printed.err

    return run


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def stations(jz: Jz, stick: Path) -> None:
    """A county and a certified school."""
    jz("county", "init", "--kind", "county", "--code", "431099", "--name", "示范县教育局")
    jz("county", "county", "divisions", EXAMPLES / "行政区划.csv")
    jz("county", "county", "schools", EXAMPLES / "学校名单.csv")
    jz("county", "county", "learn-standards")
    made = jz("school", "init", "--kind", "school", "--code", "2143990001", "--name", "青石镇中心小学")
    assert len(made["recovery_key"].split("-")) == 6
    asked = jz("school", "request", "--to", stick)
    (line,) = jz("county", "county", "requests", stick)
    assert line["fingerprint"] == asked["fingerprint"]
    issued = jz("county", "county", "certify", asked["path"], "--to", stick)
    jz("school", "take-certificate", issued["path"])


def test_a_term_by_commands(jz: Jz, stations: None, stick: Path, tmp_path: Path) -> None:
    jz("school", "term", "2025-2026-1")
    report = jz("school", "import", "roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")
    assert (report["read"], report["added"], report["parked"]) == (416, 409, 7)
    assert jz("school", "import", "roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")["unchanged"] == 409
    assert len(jz("school", "parked")) >= 7
    listed = jz("school", "import", "hardship_list", EXAMPLES / "脱贫户与监测对象名单-青石镇.xls")
    assert listed["unmatched"] > 0
    jz("school", "import", "staff", EXAMPLES / "教师名册-青石镇中心小学.xlsx")
    jz("school", "import", "pairing", EXAMPLES / "结对帮扶-青石镇中心小学.xlsx")
    jz("school", "import", "accounts", EXAMPLES / "银行账户-青石镇中心小学.xlsx")
    jz("school", "import", "visits", EXAMPLES / "走访记录-青石镇中心小学.xlsx")

    decided = jz("school", "aid", "decide")
    assert decided["granted"] >= 154
    line = next(one for one in jz("school", "aid", "list") if one["fen"])
    assert jz("school", "aid", "why", line["uid"])["reasons"]
    assert {one["programme"] for one in jz("school", "list", "decision")} >= {"LIVING_BOARD"}  # machines get codes
    given_up = jz("school", "batch", "make")
    jz("school", "batch", "discard", given_up["uid"], "--reason", "做早了")
    batch = jz("school", "batch", "make")
    notice = jz("school", "notice", "post", batch["uid"], "--phone", "0735-0000000", "--address", "学校办公楼")
    jz("school", "notice", "print", notice["uid"], tmp_path / "notice.pdf")
    assert "先审批" in jz("school", "batch", "pay", batch["uid"], code=1)
    jz("school", "batch", "approve", batch["uid"], "--approver", "校长")
    assert jz("school", "batch", "pay", batch["uid"], "--on", "2025-12-20")["state"] == "paid"
    jz("school", "batch", "sign-off", batch["uid"], tmp_path / "sign.pdf")
    jz("school", "batch", "payment-file", batch["uid"], tmp_path / "pay.xlsx")
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("notice.pdf", "sign.pdf", "pay.xlsx"))

    assert jz("school", "pledge", "make")
    jz("school", "pledge", "print", tmp_path / "pledges.pdf")
    assert {row["state"] for row in jz("school", "pledge", "list")} == {"printed"}

    written = jz("school", "export", "--to", stick)
    assert jz("county", "inbox", stick)[0]["entries"] == written["entries"]
    (merged,) = jz("county", "merge", stick)
    assert merged["outcome"] == "applied"
    jz("county", "county", "receipts", "--to", stick)
    assert [one["outcome"] for one in jz("school", "read-receipts", stick)] == ["read"]
    assert jz("school", "pending")["unacknowledged"] == 0
    assert jz("school", "verify")["ok"]
    assert jz("county", "verify")["students"] == 409


def test_a_student_by_command(jz: Jz, stations: None) -> None:
    saved = jz(
        "school", "student", "add", "姓名=曾小乐", f"身份证件号={NUMBER}", "--enrolment", "年级=小学三年级",
        "--guardian", "曾大,父亲,13800000000",
    )  # fmt: skip
    for text in ("zxl", "小乐", NUMBER[4:12]):
        assert [row["uid"] for row in jz("school", "student", "find", text)] == [saved["uid"]], text
    found = jz("school", "student", "file", saved["uid"])
    assert found["student"]["values"]["birth"] == "2015-01-02"
    assert [guardian["name"] for guardian in found["guardians"]] == ["曾大"]
    jz("school", "save", "student", "曾用名=曾乐", "--uid", saved["uid"])
    assert next(line["what"] for line in jz("school", "history", "student", saved["uid"])) == "曾用名"
    jz("school", "void", "student", saved["uid"], "--reason", "误录")
    assert jz("school", "student", "find", "zxl") == []
    jz("school", "restore", "student", saved["uid"])
    assert len(jz("school", "list", "student", "--text", "曾小乐")) == 1


def test_two_records_of_one_child_are_settled(jz: Jz, stations: None, stick: Path) -> None:
    values = ("姓名=曾小乐", f"身份证件号={NUMBER}", "--enrolment", "年级=G03")
    first = jz("school", "student", "add", *values)["uid"]
    second = jz("school", "student", "add", *values)["uid"]
    jz("school", "export", "--to", stick)
    jz("county", "merge", stick)
    (case,) = jz("county", "duplicates")
    assert {side["uid"] for side in case["sides"]} == {first, second}
    jz("county", "settle", first, second, "--same", "--reason", "电话核实")
    assert jz("county", "duplicates") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("student", "add", "姓名=曾小乐"), "没有填写"),
        (("student", "add", "名姓=曾小乐"), "看不懂"),
        (("list", "nothing"), "没有叫"),
        (("import", "roll", "no-such-file.xlsx"), "没有找到"),
        (("aid", "decide", "--term", "2025"), "学期"),
        (("save", "payment", "实发=1"), "只能查看"),
    ],
)
def test_bad_words_get_a_sentence_with_the_remedy(
    jz: Jz, stations: None, words: tuple[str, ...], sentence: str
) -> None:
    said = jz("school", *words, code=1)
    assert sentence in said


def test_a_lost_password_is_set_anew_with_the_recovery_key(jz: Jz, tmp_path: Path, password: Path) -> None:
    made = jz("school", "init", "--kind", "school", "--code", "2143990001", "--name", "青石镇中心小学")
    key = tmp_path / "key"
    key.write_text(made["recovery_key"].lower().replace("-", " "), "utf-8")
    password.write_text("Xinmima2025", "utf-8")
    assert "密码不对" in jz("school", "verify", code=1)
    jz("school", "recover", "--recovery-key-file", key, "--account", "录入员")
    assert jz("school", "verify")["ok"]


def test_the_usage_of_an_unknown_command_is_the_persons_problem(jz: Jz) -> None:
    assert "没有“fly”这个命令" in jz("school", "fly", code=1)


def test_a_package_is_previewed_taken_back_and_returned_by_command(jz: Jz, stations: None, stick: Path) -> None:
    jz("school", "student", "add", "姓名=曾小乐", f"身份证件号={NUMBER}", "--enrolment", "年级=小学三年级")
    path = Path(jz("school", "export", "--to", stick)["package"])
    seen = jz("county", "preview", path)
    new = {one["entity"]: one["new"] for one in seen["effects"]["entities"]}
    assert (seen["outcome"], new["student"], jz("county", "verify")["students"]) == ("applied", 1, 0)
    assert "学校" in jz("school", "preview", path, code=1)
    (merged,) = jz("county", "merge", path)
    assert merged["entries"] == {
        "in": seen["counts"]["entries_in"], **{name: seen["counts"][name] for name in ("applied", "known", "held")},
        "rejected": 0,
    }  # fmt: skip
    whole = jz("county", "verify")
    assert "理由" in jz("county", "withdraw", path.name, code=1)
    assert jz("county", "withdraw", path.name, "--look")["entries"] == merged["entries"]["in"]
    assert jz("county", "withdraw", path.name, "--reason", "报错了")["entries"] == merged["entries"]["in"]
    assert jz("county", "verify")["students"] == 0
    assert jz("county", "merge", path)[0]["outcome"] == "withdrawn"
    assert jz("county", "withdraw", path.name, "--undo", "--look")["entries"] == merged["entries"]["in"]
    jz("county", "withdraw", path.name, "--undo")
    assert jz("county", "verify") == whole
    again, first = jz("county", "merges", "--school", "2143990001")
    assert (again["outcome"], first["outcome"], first["withdrawn"]) == ("withdrawn", "applied", False)
    assert jz("county", "merges", "--school", "2143990002") == []
    assert jz("county", "holds", "list") == {"holds": [], "forks": []}
    for command in (("show", 1), ("admit", 1, "--reason", "核实"), ("refuse", 1, "--reason", "核实")):
        assert "没有这一项" in jz("county", "holds", *command, code=1)
    assert "没有这个分叉" in jz("county", "holds", "fork", 1, "--continues", "ours", "--reason", "核实", code=1)
    assert "没有这种选择" in jz("county", "holds", "fork", 1, "--continues", "x", "--reason", "核实", code=1)
