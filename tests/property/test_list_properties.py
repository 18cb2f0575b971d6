"""Whatever a list holds: every row is in one pile, reading changes nobody, and accepting twice changes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jzdesk.policy import lists
from jzdesk.policy.matching import ABSENT, MATCHED, NAME, UNREAD, Kin, Listed, Pupil, Rollbook
from tests.factories.lists import BOY, ELSEWHERE, FATHER, GIRL, SISTER, STRANGER, Village, person
from tests.factories.people import new_desk
from tests.factories.rolls import records, state

_NAMES = ["宋火强", "宋 火强", "汪静根", "宋琪亦", "李学生", None, "12345"]
_NUMBERS = [
    BOY, f"G{BOY}", f"{GIRL}43", SISTER, FATHER, FATHER[:6] + FATHER[8:17], STRANGER, ELSEWHERE, ELSEWHERE[:-1] + "?",
    "4.31E+17", None,
]  # fmt: skip
_CELLS = {
    "户编号": st.sampled_from(["43109910100001", "7", None]),
    "脱贫属性": st.sampled_from(["已脱贫", "稳定脱贫", "否", "不享受", "乱写", None]),
    "监测对象类别": st.sampled_from(["边缘易致贫户", "突发严重困难户", "看不懂", None]),
    "是否享受政策": st.sampled_from(["是", "否", None]),
    "残疾类别": st.sampled_from(["肢体残疾", "4", "怪", None]),
}
_ROW = st.fixed_dictionaries({"姓名": st.sampled_from(_NAMES), "证件号码": st.sampled_from(_NUMBERS), **_CELLS})
_KIND = st.sampled_from(sorted(lists.kinds()))


@contextmanager
def _village() -> Iterator[Village]:
    with tempfile.TemporaryDirectory() as folder:
        desk = new_desk(Path(folder) / "school", standards=False)
        try:
            yield Village(desk, Path(folder))
        finally:
            desk.context.store.close()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_KIND, st.lists(_ROW, min_size=1, max_size=7))
def test_piles_part_the_rows_and_accepting_twice_changes_nothing(kind: str, rows: list[dict[str, object]]) -> None:
    with _village() as village:
        service, context = village.lists, village.desk.context
        path = village.paper("名单", person("锚", STRANGER), *rows)
        before = state(context)
        report = service.read(path, kind, "2025-09-10")
        assert state(context) == before
        assert report.balanced
        lines = [line for line in service.lines(report.run) if line.pile != "ended"]
        assert len({line.row for line in lines}) == report.read
        assert len({(line.row, line.pile) for line in lines}) == report.read
        ids = [line.id for line in service.lines(report.run, waiting=True) if line.student]
        service.accept(ids)
        after, hardships = state(context), records(context, lists_hardship())
        assert service.accept(ids).lines == 0
        assert state(context) == after
        again = service.read(path, kind, "2025-09-10")
        assert not [line for line in service.lines(again.run, waiting=True) if line.student and line.pile != "ended"]
        assert len({(one["student"], one["code"]) for one in hardships}) == len(hardships)


def lists_hardship() -> type:
    """The entity, imported late: the policy under test does not know it."""
    from jzdesk.models import Hardship

    return Hardship


_PUPILS = [Pupil("a", "宋火强", "", BOY, "", "2016-05-07", "h"), Pupil("b", "汪静根", "", GIRL, "", "2015-06-01", "")]
_BOOK = Rollbook(_PUPILS, [Kin("f", "宋琪亦", FATHER, "h", (("a", "51"),))], {"h": "7"})
_WHO = st.builds(
    Listed,
    st.sampled_from([name for name in _NAMES if name]),
    st.sampled_from([BOY, GIRL, FATHER, STRANGER, ELSEWHERE, ""]),
    st.sampled_from(["", "L431099201506010001"]),
    st.sampled_from(["", "7", "8"]),
    st.sampled_from(["", "坏了"]),
)


@given(_WHO, st.sampled_from(["household", "parent", ""]), st.sampled_from(["", "2025-09-10"]))
def test_a_person_is_in_one_pile_and_means_pupils_only_where_the_number_says_so(
    who: Listed, tie: str, day: str
) -> None:
    found = _BOOK.find(who, tie, day)
    assert found.pile in (MATCHED, NAME, ABSENT, UNREAD)
    if found.pile == ABSENT:  # of somebody who is not on our roll at most the pupils at home are named
        assert found.family or not found.pupils
    else:
        assert bool(found.pupils) == (found.pile in (MATCHED, NAME))
    assert {one.uid for one in found.pupils} <= {"a", "b"}
    if found.pile == MATCHED and not found.family:
        assert _BOOK.by_uid[found.pupils[0].uid].number == who.number
    assert bool(found.says) or found.pile in (MATCHED, ABSENT)
