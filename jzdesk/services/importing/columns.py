"""The columns of each kind of workbook, made from the field specs so that no label is said twice."""

from __future__ import annotations

from collections.abc import Iterable

from jzdesk.core.fields import FieldSpec
from jzdesk.core.kinds import Reference, Text
from jzdesk.models import (
    BankAccount,
    Enrolment,
    Guardian,
    Household,
    Member,
    Pairing,
    Record,
    SchoolClass,
    Staff,
    Student,
    Visit,
)
from jzdesk.sheets.columns import Column

MEMBERS = (1, 2)
# What a roll says of a member, and of the tie to the pupil: items 49 to 72 of the roll system.
PERSON = ("name", "phone", "id_type", "id_number", "ethnic", "work", "post", "address", "hukou_division")
TIE = ("relation", "relation_note", "is_guardian")
PLACE = (
    "grade", "entry_month", "boarding", "status", "class_number", "entry_mode", "source", "study_place", "pay_place",
)  # fmt: skip
# Headings that name the first member without saying so (resources/codes/xueji_columns.csv).
_FIRST = {"name": ("家庭成员或监护人姓名",), "relation": ("关系",), "is_guardian": ("是否监护人",)}
# What a list of members says besides: of the person, and of the tie.
_FAMILY = (*PERSON[:4], "sex", "birth", *PERSON[4:], "health", "disability_card", "away")


def of(
    entity: type[Record], names: Iterable[str], *, essential: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> list[Column]:
    """Columns with keys like `student.name` for fields of an entity."""
    prefix = entity.__tablename__
    return [
        Column(f"{prefix}.{name}", entity.spec[name], essential=name in essential, optional=name in optional)
        for name in names
    ]


def plain_fields(entity: type[Record]) -> list[str]:
    """Fields whose values stand in a cell: all but references."""
    return [name for name, spec in entity.spec.fields.items() if not isinstance(spec.kind, Reference)]


def _member(number: int) -> list[Column]:
    """成员1姓名 and its like; the first member's headings may also begin with 监护人 or 家长."""
    prefixes = (f"成员{number}", "监护人", "家长") if number == 1 else (f"成员{number}",)
    specs = {name: (Member.spec[name], Member.spec[name].headings()) for name in PERSON}
    specs["phone"] = (Member.spec["phone"], (*Member.spec["phone"].headings(), "电话", "手机号码"))
    specs |= {name: (Guardian.spec[name], Guardian.spec[name].headings()) for name in TIE}
    specs["relation"] = (Guardian.spec["relation"], ("关系", "与学生关系", "与学生的关系"))
    specs["is_guardian"] = (Guardian.spec["is_guardian"], (*reversed(Guardian.spec["is_guardian"].headings()),))
    return [
        Column(
            f"member{number}.{name}",
            spec,
            headings=tuple(f"{prefix}{heading}" for prefix in prefixes for heading in headings),
            aliases=_FIRST.get(name, ()) if number == 1 else (),
            optional=True,
        )
        for name, (spec, headings) in specs.items()
    ]


def roll() -> list[Column]:
    """学籍导出: the student, the place at school, two members of the family."""
    return [
        *of(Student, plain_fields(Student), essential=("name", "id_number"), optional=("sex", "birth")),
        *of(Enrolment, PLACE, optional=("grade", "status")),
        Column(
            "enrolment.school_class",
            SchoolClass.spec["name"],
            headings=("班级", *SchoolClass.spec["name"].headings()),
            optional=True,
        ),
        *(column for number in MEMBERS for column in _member(number)),
    ]


def hardship_list() -> list[Column]:
    """脱贫户与监测对象名单; what a department writes about the household is read as text, never a reason to park."""
    return [
        Column("person.name", Student.spec["name"], essential=True),
        Column("person.id_number", Student.spec["id_number"], essential=True),
        Column("list.number", Household.spec["number"], aliases=("户编码", "家庭编号")),
        Column("list.attr", FieldSpec("脱贫属性", Text(60), "attr", aliases=("户属性", "脱贫户属性"))),
        Column(
            "list.monitored",
            FieldSpec("监测对象类别", Text(60), "monitored", aliases=("监测对象类型", "监测类别", "监测户类别")),
        ),
        Column("list.cause", FieldSpec("致贫原因", Text(60), "cause", aliases=("主要致贫原因", "致贫返贫原因"))),
        *(
            Column(
                f"list.{name}",
                FieldSpec(label, Text(60), name, aliases=aliases, help="照部门名单的原样填写。"),
                optional=True,
            )
            for name, label, aliases in _LIST_WORDS
        ),
    ]


# What lists of the other kinds have: read as text, because each office writes it its own way.
_LIST_WORDS = (
    ("roll", Student.spec["roll_number"].label, Student.spec["roll_number"].aliases),
    ("card", Student.spec["disability_card"].label, (*Student.spec["disability_card"].aliases, "残疾人证件号")),
    ("category", Student.spec["disability"].label, Student.spec["disability"].aliases),
    ("level", Student.spec["disability_level"].label, ("残疾级别",)),
    ("status", Household.spec["monitoring"].label, ("风险状态", "风险消除状态", "是否消除风险", "风险是否消除")),
    ("enjoys", "是否享受政策", ("享受政策情况", "政策享受情况", "享受政策")),
    ("child", "儿童类别", ("儿童类型", "孤儿类别", "保障类别")),
    ("document", "低保证号", ("低保证编号", "救助证号", "特困供养证号", "特困证号", "证书编号")),
    ("relation", Member.spec["relation"].label, ("与户主的关系", "户主关系")),
    ("schooling", "在校生状况", ("在校状况", "就学状况")),
    ("village", "行政村", ("村", "村居", "村（社区）", "居住村")),
)


def _pupil() -> list[Column]:
    """Who a row is about: name, and ID number or roll number."""
    numbers = tuple(f"学生{heading}" for heading in Student.spec["id_number"].headings())
    return [
        Column("pupil.name", Student.spec["name"], essential=True),
        Column("pupil.id_number", Student.spec["id_number"], essential=True, aliases=numbers),
        Column("pupil.roll_number", Student.spec["roll_number"], aliases=("学生学籍号",)),
    ]


PUPIL_GROUPS = (("pupil.name",), ("pupil.id_number", "pupil.roll_number"))


def members() -> list[Column]:
    """家庭成员: a pupil and one person of the family; headings without a prefix mean the person."""
    pupil = {"name": ("学生姓名", "学生"), "id_number": ("学生身份证件号",), "roll_number": ("学籍号", "学生学籍号")}
    number = tuple(f"学生{heading}" for heading in Student.spec["id_number"].headings()[1:])
    tie = Guardian.spec
    relation = ("与学生关系", "与学生的关系", "关系", "成员关系")
    return [
        Column("pupil.name", Student.spec["name"], headings=pupil["name"], essential=True),
        Column("pupil.id_number", Student.spec["id_number"], headings=(*pupil["id_number"], *number), essential=True),
        Column("pupil.roll_number", Student.spec["roll_number"], headings=pupil["roll_number"]),
        *(_relative(name) for name in _FAMILY),
        Column("guardian.relation", tie["relation"], headings=relation),
        Column("guardian.relation_note", tie["relation_note"]),
        Column("guardian.is_guardian", tie["is_guardian"], headings=tuple(reversed(tie["is_guardian"].headings()))),
    ]


def _relative(name: str) -> Column:
    """成员姓名, 家庭成员姓名, 姓名."""
    own = Member.spec[name].headings()
    prefixed = tuple(f"{prefix}{heading}" for prefix in ("成员", "家庭成员") for heading in own)
    return Column(f"member.{name}", Member.spec[name], headings=(*prefixed, *own))


FAMILY, FAMILY_TIE = _FAMILY, TIE


def classes() -> list[Column]:
    """班级, with the 班主任 by name; number or telephone tell two of one name apart."""
    return [
        *of(SchoolClass, ("grade", "name", "room")),
        Column("staff.name", Staff.spec["name"], headings=("班主任", "班主任姓名"), optional=True),
        Column("staff.id_number", Staff.spec["id_number"], headings=("班主任身份证件号", "班主任身份证号")),
        Column("staff.phone", Staff.spec["phone"], headings=("班主任电话", "班主任联系电话", "班主任手机")),
    ]


def _caseworker(headings: tuple[str, ...], *, optional: bool) -> list[Column]:
    """A member of staff by name; number or telephone tell two of one name apart."""
    return [
        Column("staff.name", Staff.spec["name"], headings=headings, optional=optional),
        Column("staff.id_number", Staff.spec["id_number"], headings=("责任人身份证号", "责任人身份证件号")),
        Column("staff.phone", Staff.spec["phone"], headings=("责任人联系电话", "责任人电话", "责任人手机")),
    ]


def staff() -> list[Column]:
    """教师名册."""
    return of(Staff, plain_fields(Staff), essential=("name", "id_number"))


def pairing() -> list[Column]:
    """结对帮扶."""
    names = ("责任人姓名", *Pairing.spec["staff"].headings(), "帮扶教师", "帮扶人")
    return [
        *_pupil(),
        *_caseworker(names, optional=False),
        *of(Pairing, ("valid_from", "reason"), optional=("valid_from",)),
    ]


def accounts() -> list[Column]:
    """银行账户."""
    return [
        *_pupil(),
        Column("bank_account.holder", BankAccount.spec["holder"], aliases=("账户户名", "开户名", "账户名")),
        *of(BankAccount, ("relation",)),
        Column("bank_account.bank", BankAccount.spec["bank"], aliases=("开户银行", "开户行名称")),
        *of(BankAccount, ("account",)),
    ]


def visits() -> list[Column]:
    """走访记录."""
    return [
        *_pupil(),
        *_caseworker((*Visit.spec["staff"].headings(), "走访人姓名", "走访教师"), optional=True),
        *of(Visit, ("date", "method", "met", "situation", "measures", "needs", "next_plan")),
    ]
