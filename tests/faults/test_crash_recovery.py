"""Killed at any write: the station opens, what was reported is there, and doing it again ends as if never killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jzdesk.models import Student
from jzdesk.services.stations import open_station
from jzdesk.store import journal
from tests.factories.stations import PASSWORD, certify, new_county, new_school
from tests.faults import crashing
from tests.faults.crashing import WORKS, open_at

ROOT = Path(__file__).parents[2]
POINTS = 7


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county, a certified school, a stick, and two packages in `mail` of which the second needs the first."""
    root = tmp_path_factory.mktemp("prepared")
    for name in ("stick", "mail"):
        (root / name).mkdir()
    county, school = new_county(root / "county"), new_school(root / "school")
    certify(school, county, root)
    for number in range(2):
        with school.context.write() as unit:
            unit.add_many(Student, [{"name": f"学生{number}{n}", "sex": "1", "birth": "2016-05-07"} for n in range(5)])
        (done,) = school.exchange.export(root / "stick")
        done.path.rename(root / "mail" / f"{number}.jzp")
        own = school.context.store.own_chain()
        with school.context.store.local() as connection:
            journal.mark_chain(connection, own.id, received_n=own.last_n * (number == 0))
    county.close()
    school.close()
    return root


@pytest.fixture(scope="module", params=sorted(WORKS))
def crashed(
    request: pytest.FixtureRequest, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """(work, folder with one sub-folder for each write at which the work was killed)."""
    out = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-m", "tests.faults.crashing", request.param, str(prepared), str(out), str(POINTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= POINTS
    return request.param, out


def _killed(out: Path) -> list[Path]:
    return sorted((path for path in out.iterdir() if path.name != "clean"), key=lambda path: int(path.name))


def _digests(root: Path) -> list[str]:
    """Digests of both stations, each verified."""
    found = []
    for name in ("school", "county"):
        with open_at(root / name) as station:
            report = station.verify()
            assert report.ok, (root.name, name, report.differences)
            found.append(report.digest)
    return found


def _check_reported(work: str, root: Path) -> None:
    """What the killed program had said was done is done."""
    reported = (root / "reported").read_text("utf-8").split("\n")[:-1]
    with open_at(root / "school") as school, open_at(root / "county") as county:
        if work == "save":
            assert set(reported) <= {row.name for name in crashing.NAMES for row in school.students.search(name)}
        if work == "export":
            assert all((root / "stick" / name).is_file() for name in reported)
        if work == "merge":
            applied = {line.split()[0] for line in reported if line.endswith("applied")}
            assert applied <= {line.file for line in county.merging.arrivals() if line.outcome == "applied"}
        if work == "withdraw" and reported:
            assert all(line.withdrawn for line in county.merging.arrivals() if line.outcome == "applied")
        if work == "receipt" and reported:
            assert school.exchange.pending().last_receipt is not None


def _check_stick(root: Path) -> None:
    """Whatever has a name on the stick is whole: a county takes it."""
    if packages := sorted((root / "stick").glob("*.jzp")):
        shutil.copytree(root / "county", root / "judge")
        with open_at(root / "judge") as judge:
            assert {line.state for line in judge.merging.inbox(packages)} <= {"可以并入", "以前已并入"}


def _check_county_gets_everything(root: Path) -> None:
    """Packages of the killed run and of the repeated one together bring every student once."""
    with open_at(root / "county") as county:
        outcomes = county.merging.merge([root / "mail", root / "stick"])
        assert {outcome.outcome for outcome in outcomes} <= {"applied", "duplicate"}
        assert county.verify().students == 10 + len(crashing.NAMES)


def test_after_a_kill_at_any_write_the_work_can_be_done_again(crashed: tuple[str, Path]) -> None:
    work, out = crashed
    expected = _digests(out / "clean")
    assert len(_killed(out)) >= 5
    for root in _killed(out):
        _digests(root)
        _check_reported(work, root)
        _check_stick(root)
        WORKS[work](root, lambda _line: None)
        assert _digests(root) == expected, f"{work} killed at write {root.name}"
        if work == "export":
            _check_county_gets_everything(root)


def test_a_station_killed_while_it_was_being_made_can_be_made_again(tmp_path: Path) -> None:
    """The guide of the first run: whatever stands there already is set aside."""
    script = (
        "import sys, pathlib\n"
        "from tests.faults.crashing import Doom\n"
        "from jzdesk.services.stations import create_station\n"
        "Doom(int(sys.argv[2]))\n"
        "create_station(pathlib.Path(sys.argv[1]), kind='school', code='2143990001', name='校', account='员',"
        f" password={PASSWORD!r})\n"
    )
    killed = 0
    for limit in (3, 25, 60):
        folder = tmp_path / str(limit)
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder), str(limit)], cwd=ROOT, check=False, timeout=60
        )
        killed += done.returncode == -9
        new_school(folder).close()
        assert open_station(folder, PASSWORD).verify().ok
    assert killed == 3
