"""A school with a few families and the lists that departments hand in, for tests of 名单比对."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jzdesk.core.fields import Value
from jzdesk.models import Guardian, Household, Member
from jzdesk.services.lists.service import ListService
from jzdesk.services.lists.shapes import ListLine
from tests.factories.people import Desk, id_number
from tests.factories.rolls import workbook

AUTUMN, SPRING = "2025-09-10", "2026-03-10"
BOY, SISTER, GIRL = (
    id_number("2016-05-07", serial=11),
    id_number("2014-03-02", "2", 12),
    id_number("2015-06-01", "2", 13),
)
FATHER, STRANGER = id_number("1982-07-01", serial=21), id_number("1979-02-03", serial=22)
ELSEWHERE = id_number("2015-11-20", serial=31)
HEADINGS = (
    "户编号", "姓名", "证件号码", "脱贫属性", "监测对象类别", "致贫原因", "是否享受政策", "残疾类别", "残疾等级",
    "低保证号",
)  # fmt: skip


@dataclass
class Village:
    """宋火强 and his sister 宋小妹 with their father 宋琪亦, and 汪静根 alone, on the roll without any hardship."""

    desk: Desk
    folder: Path
    uids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.desk.context.write() as unit:
            house = unit.add(Household, {"head": "宋琪亦", "number": "43109910100001"})
            father = unit.add(Member, {"name": "宋琪亦", "id_number": FATHER, "household": house})
        for name, number, home in (("宋火强", BOY, house), ("宋小妹", SISTER, house), ("汪静根", GIRL, None)):
            birth = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
            uid = self.desk.pupil(name, hardships=(), id_number=number, birth=birth, household=home)
            self.uids[name] = uid
            if home:
                with self.desk.context.write() as unit:
                    unit.add(Guardian, {"student": uid, "member": father, "relation": "51", "is_guardian": 1})

    @property
    def lists(self) -> ListService:
        """The service."""
        return ListService(self.desk.context)

    def paper(self, name: str, *rows: Mapping[str, object], title: str = "名单") -> Path:
        """A list of these rows; headings of other kinds of list are left blank."""
        return workbook(self.folder / f"{name}.xlsx", HEADINGS, rows, title)

    def line(self, run: int, name: str) -> ListLine:
        """The only line about somebody of that name in a run; of one listed himself, not whom he stands for at home."""
        found = [one for one in self.lists.lines(run) if name in (one.name, one.pupil)]
        (line,) = found if len(found) < 2 else [one for one in found if not one.offered]
        return line


def person(name: str, number: Value, **cells: object) -> dict[str, object]:
    """A row of a list."""
    return {"姓名": name, "证件号码": number, **cells}


def everybody() -> Sequence[dict[str, object]]:
    """One row for every pile: matched, another name, a child of another school, unreadable."""
    return (
        person("宋火强", BOY), person("王静根", GIRL), person("李学生", ELSEWHERE),
        person("赵坏号", ELSEWHERE[:17] + ("1" if ELSEWHERE[17] != "1" else "2")), person("陌生人", STRANGER),
    )  # fmt: skip
