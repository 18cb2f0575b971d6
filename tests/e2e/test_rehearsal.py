"""The rehearsal obeys its description to the letter, on the sample and on what checks do with its results."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PARKED = {"bad_check", "sci", "precision_loss", "bad_date", "no_name", "unknown_option", "dup_row"}
WARNED = {"birth_mismatch", "sex_mismatch"}
COUNTY, FIRST = "示范县教育局", "青石镇中心小学"


def jz(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the real program in a process of its own."""
    command = [sys.executable, "-m", "jzdesk.cli", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def here(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the same program in this process: starting it takes longer than most of what it does."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(word) for word in words])
    return subprocess.CompletedProcess([str(word) for word in words], code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Played:
    """What a rehearsal left."""

    out: Path
    summary: dict[str, Any]
    stations: dict[str, dict[str, str]]

    def door(self, station: str, *words: object, folder: Path | None = None) -> Any:
        """Run a command on a station with `--json` and return what it printed."""
        return json.loads(self.run(station, *words, folder=folder).stdout)

    def run(self, station: str, *words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on a station."""
        return here(*self.words(station, *words, folder=folder))

    def words(self, station: str, *words: object, folder: Path | None = None) -> tuple[object, ...]:
        """The words of a command on a station."""
        place = self.stations[station]
        return "--station", folder or place["path"], "--password-file", place["password_file"], *words, "--json"

    def copy(self, station: str, to: Path) -> Path:
        """A copy of a station's folder."""
        return Path(shutil.copytree(self.stations[station]["path"], to))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("rehearsal")
    done = jz("demo", "--data", EXAMPLES, "--out", out)
    assert done.returncode == 0, done.stderr
    return Played(out, _read(out / "summary.json"), _read(out / "stations.json"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return _read(EXAMPLES / "truth.json")


@pytest.mark.parametrize("school", [FIRST, "大坪教学点", "青石镇中学"])
def test_every_planted_fault_ends_where_it_should(played: Played, truth: dict[str, Any], school: str) -> None:
    faults = [fault["fault"] for fault in truth[school]["faults"]]
    parked, warned = sum(f in PARKED for f in faults), sum(f in WARNED for f in faults)
    found = played.summary["schools"][school]
    rows = truth[school]["rows"]
    assert (found["rows"], found["added"], found["parked"], found["warned"]) == (rows, rows - parked, parked, warned)


def test_money_paid_is_what_was_decided(played: Played) -> None:
    for found in played.summary["schools"].values():
        assert found["paid_fen"] == sum(line["fen"] for line in found["aid"].values()) > 0
        assert found["hardship"] == sum(line["students"] for line in found["aid"].values())


def test_aid_of_the_sample_is_the_sum_worked_out_by_hand(played: Played) -> None:
    paid = {name: found["paid_fen"] for name, found in played.summary["schools"].items()}
    assert paid == {FIRST: 6_750_000, "大坪教学点": 437_500, "青石镇中学": 5_925_000}


def test_the_county_has_everybody_once_and_one_case(played: Played) -> None:
    county = played.summary["county"]
    schools = played.summary["schools"].values()
    assert county["students"] == sum(found["added"] for found in schools)
    assert county["entries"] == sum(found["entries"] for found in schools)
    assert (county["duplicate_cases"], county["conflicts"], county["held"], county["rejected"]) == (1, 0, 0, 0)
    assert len(county["receipts"]) == county["packages"] == 3


def test_every_station_agrees_with_its_journal(played: Played) -> None:
    assert set(played.summary["verify"].values()) == {"ok"}
    assert len(played.summary["verify"]) == 4


def test_every_printed_file_is_there(played: Played) -> None:
    files = played.summary["files"]
    assert all(files[kind] for kind in ("pledges", "notices", "sign_off", "payment", "parked"))
    for path in (Path(path) for paths in files.values() for path in paths):
        assert path.stat().st_size > 1000, path


def test_notices_carry_nothing_but_name_grade_and_class(played: Played) -> None:
    for path in played.summary["files"]["notices"]:
        text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
        assert "431099" not in text
        for word in ("身份证", "账号", "孤儿", "残疾", "脱贫"):
            assert word not in text


def test_the_stick_holds_nothing_readable_about_people(played: Played) -> None:
    for package in (played.out / "stick").iterdir():
        raw = package.read_bytes()
        assert b"431099201" not in raw
        assert "青石镇青".encode() not in raw


def test_merging_again_is_a_duplicate_and_changes_nothing(played: Played, tmp_path: Path) -> None:
    folder = played.copy(COUNTY, tmp_path / "county")
    before = played.door(COUNTY, "verify", folder=folder)
    outcomes = played.door(COUNTY, "merge", played.out / "stick", folder=folder)
    assert {one["outcome"] for one in outcomes} == {"duplicate"}
    assert all(one["entries"]["in"] == one["entries"]["known"] for one in outcomes)
    assert played.door(COUNTY, "verify", folder=folder) == before


def test_a_flipped_byte_is_rejected_and_changes_nothing(played: Played, tmp_path: Path) -> None:
    folder = played.copy(COUNTY, tmp_path / "county")
    raw = bytearray(Path(played.summary["schools"][FIRST]["package"]).read_bytes())
    raw[len(raw) // 2] ^= 1
    bad = tmp_path / "坏包.jzp"
    bad.write_bytes(raw)
    before = played.door(COUNTY, "verify", folder=folder)
    (outcome,) = played.door(COUNTY, "merge", bad, folder=folder)
    assert outcome["outcome"] == "rejected"
    assert outcome["reason"]
    assert played.door(COUNTY, "verify", folder=folder) == before


def test_an_edit_travels_and_the_digest_notices(played: Played, tmp_path: Path) -> None:
    school, county = played.copy(FIRST, tmp_path / "school"), played.copy(COUNTY, tmp_path / "county")
    before = played.door(COUNTY, "verify", folder=county)
    student = played.door(FIRST, "student", "find", "--limit", 1, folder=school)[0]["uid"]
    played.door(FIRST, "save", "student", "现住址=示范县青石镇青南村99组", "--uid", student, folder=school)
    (tmp_path / "stick").mkdir()
    exported = played.door(FIRST, "export", "--to", tmp_path / "stick", folder=school)
    assert exported["entries"] == 1
    (outcome,) = played.door(COUNTY, "merge", exported["package"], folder=county)
    assert outcome["outcome"] == "applied"
    assert outcome["entries"]["applied"] == 1
    after = played.door(COUNTY, "verify", folder=county)
    assert after["ok"]
    assert after["digest"] != before["digest"]
    assert after["entries"] == before["entries"] + 1


def test_exit_codes_tell_whose_problem_it_is(played: Played, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("错误的密码", "utf-8")
    path = played.stations[FIRST]["path"]
    refused = jz("--station", path, "--password-file", wrong, "verify", "--json")
    assert refused.returncode == 1
    assert "密码不对" in refused.stderr
    gone = played.run(FIRST, "export", "--to", tmp_path / "no-such-stick")
    assert gone.returncode == 2
    assert "U 盘" in gone.stderr
    assert jz(*played.words(FIRST, "verify")).returncode == 0


def test_a_stranger_checks_and_opens_a_package_with_stock_tools(played: Played, tmp_path: Path) -> None:
    exported = played.run(COUNTY, "county", "export-keys", "--to", tmp_path, "--with-identity")
    assert exported.returncode == 0, exported.stderr
    package = Path(played.summary["schools"][FIRST]["package"])
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    signer = json.loads((tmp_path / "cert.json").read_text("utf-8"))
    (tmp_path / "school").write_text(f"school {signer['signing']}\n")
    assert _signed_by("county", "county.signers", "jzdesk-certificate", tmp_path / "cert.json")
    assert _signed_by("school", "school", "jzdesk-package", tmp_path / "manifest.json")
    assert not _signed_by("school", "county.signers", "jzdesk-package", tmp_path / "manifest.json")
    opened = subprocess.run(
        ["sh", "-c", "age -d -i county.identity c00000.age | zstd -dc"], cwd=tmp_path, capture_output=True, check=True
    ).stdout  # fmt: skip
    entries = [json.loads(line) for line in opened.decode().splitlines()]
    assert len(entries) == played.summary["schools"][FIRST]["entries"]
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))


def _signed_by(who: str, signers: str, namespace: str, file: Path) -> bool:
    """Whether `ssh-keygen` accepts the signature that lies beside the file."""
    command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", who, "-n", namespace, "-s", f"{file.name}.sig"]
    with file.open("rb") as content:
        return subprocess.run(command, cwd=file.parent, stdin=content, capture_output=True, check=False).returncode == 0
