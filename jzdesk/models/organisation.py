"""Divisions, schools, classes and staff: who is responsible for whom."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy.orm import Mapped

from jzdesk.core.kinds import CitizenIdNumber, Code, Date, Integer, Options, PersonName, Phone, Reference, Text, YesNo
from jzdesk.models.base import Record, field

SCHOOL_KINDS = (("school", "学校"), ("township", "乡镇中心学校"), ("county", "县教育局"))


class Division(Record):
    """行政区划：县、乡镇、村。"""

    __tablename__ = "division"
    label = "行政区划"
    title = ("name",)
    owner = "county"
    indexed: ClassVar = (("code",),)

    code: Mapped[str] = field("代码", Text(12), required=True, search=True, table=14)
    name: Mapped[str] = field("名称", Text(50), required=True, search=True, table=16)
    level: Mapped[int] = field("级别", Integer(1, 5), required=True, table=6)
    parent: Mapped[str | None] = field("上级代码", Text(12), aliases=("上级",), table=14)
    retired: Mapped[int | None] = field("已停用", YesNo())


class School(Record):
    """学校、教学点和县直学校。"""

    __tablename__ = "school"
    label = "学校"
    title = ("name",)
    owner = "county"
    indexed: ClassVar = (("code",),)

    code: Mapped[str] = field("学校标识码", Text(20), required=True, search=True, table=14)
    name: Mapped[str] = field("学校名称", Text(60), required=True, search=True, table=24)
    stage: Mapped[str] = field("学段", Code("stage"), required=True, table=10)
    township: Mapped[str | None] = field("所属乡镇代码", Text(12), table=14)
    township_name: Mapped[str | None] = field("所属乡镇", Text(40), table=12)
    head: Mapped[str | None] = field("校长", PersonName(), table=10)
    phone: Mapped[str | None] = field("联系电话", Phone())
    rural: Mapped[int | None] = field("农村学校", YesNo())


class SchoolClass(Record):
    """班级。"""

    __tablename__ = "school_class"
    label = "班级"
    title = ("grade", "name")
    indexed: ClassVar = (("scope", "grade", "name"),)

    grade: Mapped[str] = field("年级", Code("grade"), required=True, table=12)
    name: Mapped[str] = field("班级名称", Text(20), required=True, aliases=("班级", "班别"), table=10)
    head: Mapped[str | None] = field("班主任", Reference("staff"), table=10)
    room: Mapped[str | None] = field("教室", Text(30), table=12)


class Staff(Record):
    """教职工。"""

    __tablename__ = "staff"
    label = "教职工"
    title = ("name",)
    indexed: ClassVar = (("name",), ("id_number",))

    name: Mapped[str] = field(
        "姓名", PersonName(), required=True, search=True, aliases=("教师姓名", "责任人姓名"), table=10
    )
    sex: Mapped[str | None] = field("性别", Code("sex"), table=6)
    id_number: Mapped[str | None] = field(
        "身份证件号", CitizenIdNumber(), sensitive=True, search=True, aliases=("身份证号", "证件号码"), table=20
    )
    post: Mapped[str | None] = field("职务", Text(30), aliases=("岗位",), table=10)
    subject: Mapped[str | None] = field("任教学科", Text(30), aliases=("学科",), table=10)
    teaches: Mapped[str | None] = field("任教班级", Text(60), table=16)
    phone: Mapped[str | None] = field("联系电话", Phone(), sensitive=True, aliases=("手机", "电话"), table=14)
    duty: Mapped[str | None] = field(
        "在岗情况", Options((("on", "在岗"), ("leave", "离岗"), ("moved", "调出"))), table=8
    )


class Pairing(Record):
    """结对：一名学生在一段时间里的帮扶责任人；换人留下区间，不覆盖。"""

    __tablename__ = "pairing"
    label = "结对帮扶"
    managed = "学生"
    title = ("valid_from",)
    indexed: ClassVar = (("valid_to",),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    staff: Mapped[str] = field(
        "帮扶责任人", Reference("staff"), required=True, aliases=("责任人姓名", "责任人"), table=10
    )
    valid_from: Mapped[str] = field("起始日期", Date(), required=True, aliases=("结对日期", "开始日期"), table=12)
    valid_to: Mapped[str | None] = field("结束日期", Date(), table=12)
    reason: Mapped[str | None] = field("换人原因", Text(100), table=16)


class Pledge(Record):
    """责任状：甲乙双方、目标、期限和签订状态。"""

    __tablename__ = "pledge"
    label = "责任状"
    managed = "责任状"
    title = ("number",)
    indexed: ClassVar = (("term",),)

    number: Mapped[str] = field("编号", Text(40), required=True, search=True, table=18)
    level: Mapped[str] = field(
        "层级",
        Options(
            (
                ("county_direct", "县教育局—县直学校"),
                ("county_township", "县教育局—乡镇中心学校"),
                ("township_school", "中心学校—村校"),
                ("school_class", "学校—班级"),
                ("staff_student", "责任人—学生"),
            )
        ),
        required=True,
        table=16,
    )
    term: Mapped[str] = field("学年学期", Text(12), required=True, table=12)
    party_a: Mapped[str] = field("甲方单位", Text(60), required=True, table=20)
    party_a_person: Mapped[str | None] = field("甲方负责人", PersonName(), table=10)
    party_b: Mapped[str] = field("乙方责任人", Text(60), required=True, table=12)
    staff: Mapped[str | None] = field("帮扶责任人", Reference("staff"))
    students: Mapped[str | None] = field("帮扶学生", Text(20000), hint="学生记录编号，逗号分隔", readonly=True)
    pupils: Mapped[int | None] = field("学生数", Integer(0, 10000), table=8)
    valid_from: Mapped[str] = field("期限起", Date(), required=True, table=12)
    valid_to: Mapped[str] = field("期限止", Date(), required=True, table=12)
    state: Mapped[str] = field(
        "状态",
        Options((("made", "待打印"), ("printed", "已打印"), ("signed", "已签订"), ("returned", "已回收"))),
        required=True,
        table=8,
    )
    signed_on: Mapped[str | None] = field("签订日期", Date(), table=12)
