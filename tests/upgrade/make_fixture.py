"""Makes the station of invented people that stands in tests/upgrade/v‹schema›: python -m tests.upgrade.make_fixture.

Until a schema is released its fixture may be made anew when the models change; from then on it stays as it is for ever.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from jzdesk.models import Student
from jzdesk.services.students import StudentDraft
from jzdesk.store.engine import SCHEMA
from tests.factories.people import id_number
from tests.factories.stations import new_school

HERE = Path(__file__).parent
NAMES = ("宋火强", "𠮷野梅", "曾小乐", "买买提·艾力")


def main() -> None:
    """Write the fixture of the present schema."""
    folder = HERE / f"v{SCHEMA}"
    shutil.rmtree(folder, ignore_errors=True)
    school = new_school(folder)
    for place, name in enumerate(NAMES):
        birth = f"2015-0{place + 1}-11"
        guardian = {"name": f"{name[0]}大", "relation": "51", "is_guardian": 1, "phone": f"1390000000{place}"}
        number = id_number(birth, serial=place + 1)
        student = {"name": name, "sex": "1", "birth": birth, "id_number": number}
        school.students.save(StudentDraft(None, student, {"grade": "G03", "boarding": "2"}, (guardian,)))
    first, last = school.students.search(NAMES[0])[0].uid, school.students.search(NAMES[3])[0].uid
    with school.context.write() as unit:
        unit.change(Student, first, {"phone": "13800000000"})
        unit.add(Student, {"phone": "13911111111"}, first)  # unaware of the change: a conflict that is kept
        unit.void(Student, last, "重复录入")
    report = school.verify()
    expected = {"entries": report.entries, "conflicts": report.conflicts, "digest": report.digest}
    school.close()
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
