"""Killed at any write: the station opens, what was reported is there, and doing it again ends as if never killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from jzdesk.models import Student
from jzdesk.services.stations import open_station
from jzdesk.store import journal
from tests.factories.stations import PASSWORD, certify, new_county, new_school
from tests.faults.crashing import COMMIT, FILE, NAMES, STATEMENT, TOLD, WORKS, points, uid_of

ROOT = Path(__file__).parents[2]
INSIDE = 8  # further points, within transactions


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county, a certified school with something to send, a stick, and two packages in `mail` (the second needs the
    first); and the county as it is when it has merged both, and has erased a student.
    """
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
    with school.context.write() as unit:
        for name in NAMES:
            unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07"}, uid_of(name))
    county.close()
    shutil.copytree(root / "county", root / "answering")
    answering = open_station(root / "answering", PASSWORD)
    answering.merging.merge([root / "mail"])
    (told,) = answering.students.search(TOLD)
    answering.erasures.erase("student", told.uid, "监护人申请 2025-3")
    answering.close()
    school.close()
    return root


@pytest.mark.parametrize("work", WORKS)
def test_killed_at_every_write_the_work_can_be_done_again(work: str, prepared: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.crashing", work, str(prepared), str(tmp_path), str(INSIDE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    kinds = Counter(found["writes"])
    assert found["wrong"] == ""
    assert found["survived"] == [], "every chosen write is the last"
    killed = Counter(found["writes"][n - 1] for n in found["points"])
    assert (killed[FILE], killed[COMMIT]) == (kinds[FILE], kinds[COMMIT]), "every write of a file, every commit"
    assert killed[STATEMENT] >= min(kinds[STATEMENT], INSIDE)


def test_the_points_are_all_writes_of_files_all_commits_and_some_statements_between() -> None:
    writes = [STATEMENT] * 40 + [COMMIT, FILE, FILE] + [STATEMENT] * 40 + [COMMIT]
    chosen = points(writes, 8)
    assert {41, 42, 43, 84} < set(chosen)
    assert 12 <= len(chosen) <= 14


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
