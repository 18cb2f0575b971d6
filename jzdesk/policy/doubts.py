"""What somebody should look at on a student's record: contradictions, gaps, and offers. Questions, never refusals.

Each doubt is a kind (stable, one question a student and kind; a part after a dot names whom it is about) and a
sentence with what to do. Sources: reference §2.1 (numbers, documents), §2.2 (accounts, roll numbers), §5.2 (counts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jzdesk.core import citizen_id, sounds
from jzdesk.core.codes import table
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.policy import hardship

Doubt = tuple[str, str]
Values = Mapping[str, Value]

OFFER = "offer_"
"""Kinds that offer a hardship: `offer_D10`."""

_NO_PAPERS = "Z"
_PARENTS = frozenset({"50", "51", "52", "57", "58", "59"})
_GRANDPARENTS = frozenset({"60", "61", "62", "63", "64", "66", "67", "69"})
_SIBLINGS = frozenset({"70", "71", "73", "75", "77", "79"})
_MEN = frozenset({"51", "57", "61", "63", "66", "71", "73", "81", "83", "85", "87", "89"})
_WOMEN = frozenset({"52", "58", "62", "64", "67", "75", "77", "82", "84", "86", "88", "90"})
_EARLY, _LATE = 1, 3  # years off the usual age of a grade that nobody asks about
_LATE_DISABLED = 6


class Relative(NamedTuple):
    """A guardian or other relative: `relation` to the child, birth as known, `guards` when in charge."""

    uid: str
    name: str
    relation: str
    birth: str
    sex: str
    id_number: str
    guards: bool


class Around(NamedTuple):
    """What a record is judged with: its enrolment, family, hardships in force, what was proved, and accounts in use.

    `people` counts everybody known in the household; `elsewhere` names siblings who belong to another household.
    """

    grade: str = ""
    status: str = ""
    relatives: tuple[Relative, ...] = ()
    household: Values | None = None
    people: int = 0
    elsewhere: tuple[str, ...] = ()
    hardships: frozenset[str] = frozenset()
    proved: bool = False
    holders: tuple[str, ...] = ()
    family: frozenset[str] = frozenset()


def contradictions(values: Values, today: str) -> Iterator[Doubt]:
    """What a record says against itself; can be asked while it is still being typed."""
    reading = _reading(values, today)
    if reading is not None:
        yield from citizen_id.compare(reading, _text(values, "birth") or None, _text(values, "sex") or None)
        yield from _document(values, reading)
    yield from _roll(values)
    yield from _card(values)
    yield from _alias(values)


def gaps(values: Values, around: Around, today: str) -> Iterator[Doubt]:
    """What a saved record lacks, and what does not fit to the family and the school around it."""
    yield from _papers(values, around)
    yield from _age(values, around, today)
    for relative in around.relatives:
        yield from _relative(values, relative)
    yield from _home(around)
    yield from _offers(values, around)
    for holder in around.holders:
        if holder not in around.family:
            yield (
                "account_holder",
                f"银行账户的户名“{holder}”不是学生本人，也不在登记的家庭成员里，请核对",
            )


def _text(values: Values, name: str) -> str:
    return str(values.get(name) or "")


def _reading(values: Values, today: str) -> citizen_id.IdReading | None:
    number = values.get("id_number")
    if not number:
        return None
    try:
        return citizen_id.check(str(number), today=today, kind=_text(values, "id_type") or "1")
    except ValueFault:
        return None


def _document(values: Values, reading: citizen_id.IdReading) -> Iterator[Doubt]:
    """The number belongs to another kind of document than the record says, or cannot be a child's."""
    meant, said = citizen_id.document_of(reading.value), _text(values, "id_type")
    if meant and said and meant != said:
        label = table("id_doc_type").label(meant)
        yield "doc_type", f"证件号是“{label}”的号码，与填写的证件类型不一致，请核对证件类型"
    if remaining := [text for text in reading.warnings if not _is_known(text)]:
        yield "id_number", "；".join(remaining)


def _is_known(warning: str) -> bool:
    """An unknown division proves nothing (reference §0 rule 9); the kind of document is asked about above."""
    return "不是已知的行政区划" in warning or "证件类型改为" in warning


def _roll(values: Values) -> Iterator[Doubt]:
    roll, number = _text(values, "roll_number"), _text(values, "id_number")
    if not roll or roll == f"G{number}":  # of the child's own number everything is asked at the number
        return
    try:
        reading = citizen_id.parse_roll_number(roll)
    except ValueFault:
        return
    if reading.warnings:
        yield "roll_number", "；".join(reading.warnings)
    elif roll[0] == "G" and citizen_id.document_of(number) and citizen_id.roll_body(roll) != number:
        yield "roll_differs", "学籍号里的号码与证件号不同；证件号更正过的请写明，否则请核对是不是填了别人的学籍号"


def _card(values: Values) -> Iterator[Doubt]:
    """The disability card names the child, the class and the level once more."""
    card = _text(values, "disability_card")
    if not card:
        return
    try:
        reading = citizen_id.disability_card(card)
    except ValueFault as fault:
        yield "disability_card", fault.sentence()
        return
    pairs = (
        ("身份证号", card[:18], _text(values, "id_number")),
        ("类别", reading.disability, _text(values, "disability")),
        ("等级", reading.level, _text(values, "disability_level")),
    )
    if wrong := [label for label, read, filled in pairs if filled and read != filled]:
        yield "disability_card", f"残疾人证号里的{'、'.join(wrong)}与填报的不一致，请对照残疾人证核对"


def _alias(values: Values) -> Iterator[Doubt]:
    alias, name = _text(values, "pinyin"), _text(values, "name")
    try:
        fitting = not alias or not name or sounds.fits(alias, name)
    except ValueFault:
        return
    if not fitting:
        yield "pinyin", f"姓名拼音“{alias}”的音节数与姓名“{name}”的字数不同，请核对"


def _papers(values: Values, around: Around) -> Iterator[Doubt]:
    """A child without papers: school proof and a guardian's number instead (reference §2.1, 无证件)."""
    if _text(values, "id_type") != _NO_PAPERS:
        if not values.get("id_number") and not values.get("roll_number"):
            yield (
                "no_id",
                "没有身份证件号，也没有学籍号，请核对证件后补上；确实没有证件的，把证件类型改为“其他（含无证件）”",
            )
        return
    if not values.get("id_number") and not around.proved:
        yield "no_proof", "学生没有证件，还缺在校就读证明；请在“照片”里添加一张“证明材料”，或写明存放在哪里"
    if not any(relative.id_number for relative in around.relatives):
        yield "guardian_number", "学生没有证件，监护人的证件号必须填写，请补上一位监护人的证件号"


def _age(values: Values, around: Around, today: str) -> Iterator[Doubt]:
    """Years completed on the first day of the school year against the usual age of the grade.

    A birth that the number contradicts is asked about already: its age would be the same question twice.
    """
    usual, birth = usual_age(around.grade), _text(values, "birth")
    if usual is None or not birth or _contradicted(values) or around.status not in ("", "01", "03", "05", "09"):
        return
    opened = f"{Term.of(today).school_year[:4]}-09-01"
    age = int(opened[:4]) - int(birth[:4]) - (birth[5:] > opened[5:])
    late = _LATE_DISABLED if _text(values, "disability") not in ("", "0") else _LATE
    if not usual - _EARLY <= age <= usual + late:
        label = table("grade").label(around.grade)
        yield "age_grade", f"开学时 {age} 周岁，{label}通常是 {usual} 周岁，请核对出生日期和年级"


def _contradicted(values: Values) -> bool:
    """Whether the number tells another birth."""
    told = citizen_id.told(_text(values, "id_number"))
    return told is not None and told[0] != _text(values, "birth")


def usual_age(grade: str) -> int | None:
    """The age at which a grade usually begins, from stage.csv and the place of the grade in its stage; None if open."""
    row = table("grade").rows.get(grade)
    begins = table("stage").column(row["stage"], "typical_age").split("-")[0] if row else ""
    return int(begins) + int(row["seq_in_stage"]) - 1 if row and begins.isdigit() else None


def _relative(values: Values, relative: Relative) -> Iterator[Doubt]:
    key = relative.uid[:12]
    birth, said = _told(relative)
    if (said == "2" and relative.relation in _MEN) or (said == "1" and relative.relation in _WOMEN):
        label, sex = table("relation").label(relative.relation), table("sex").label(said)
        yield f"guardian_sex.{key}", f"“{relative.name}”填的是{label}，而证件号或性别是{sex}，请核对"
    yield from _guardian_age(values, relative, birth)
    if relative.id_number and citizen_id.of_adults_only(relative.id_number):
        number = citizen_id.check(relative.id_number)
        yield f"guardian_legacy.{key}", f"“{relative.name}”的证件号是 15 位旧号，{number.warnings[0].split('，', 1)[1]}"


def _told(relative: Relative) -> tuple[str, str]:
    """Birth and sex of a relative: as the number tells, else as the record says."""
    if (told := citizen_id.told(relative.id_number)) is not None:
        return told
    number = _reading({"id_number": relative.id_number}, "9999-12-31")
    if number is None:
        return relative.birth, relative.sex
    return number.birth or relative.birth, number.sex


def _guardian_age(values: Values, relative: Relative, birth: str) -> Iterator[Doubt]:
    """Parents are at least 15, grandparents 30 years older than the child; siblings may be of any age."""
    child = _text(values, "birth")
    if not birth or not child or relative.relation in _SIBLINGS:
        return
    years = int(child[:4]) - int(birth[:4]) - (child[5:] < birth[5:])
    least = 30 if relative.relation in _GRANDPARENTS else 15
    if years < least and (relative.guards or relative.relation in _PARENTS | _GRANDPARENTS):
        label = table("relation").label(relative.relation) if relative.relation else "监护人"
        older = f"只大 {years} 岁" if years >= 0 else "还小"
        yield (
            f"guardian_age.{relative.uid[:12]}",
            f"{label}“{relative.name}”比学生{older}，请核对双方的出生日期和证件号",
        )


def _home(around: Around) -> Iterator[Doubt]:
    home = around.household
    if around.elsewhere:
        names = "、".join(around.elsewhere)
        yield "two_households", f"与“{names}”有同一位监护人，却登记在不同的家庭户，请核对是不是一户"
    if home is None:
        return
    count = home.get("members_count")
    if isinstance(count, int) and count < around.people:
        yield "members_count", f"家庭人口数填的是 {count} 人，而这一户已登记 {around.people} 人，请核对"
    labels = (("labour_count", "劳动力人口数"), ("dependants_count", "赡养人口数"))
    for name, label in labels:
        part = home.get(name)
        if isinstance(count, int) and isinstance(part, int) and part > count:
            yield "household_counts", f"{label} {part} 人多于家庭人口数 {count} 人，请核对"
            return


def _offers(values: Values, around: Around) -> Iterator[Doubt]:
    """What the roll says of the child that is a ground for aid, while no such hardship is on record."""
    orphan, disability = values.get("orphan"), _text(values, "disability") or None
    for mark in hardship.from_roll(orphan, disability):
        if mark.code not in around.hardships:
            label = table("difficulty_type").label(mark.code)
            yield f"{OFFER}{mark.code}", f"{mark.said}，还没有登记困难类型“{label}”；符合的请登记，不符合的写明理由"
