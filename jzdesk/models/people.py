"""Students and their households: the people all of this is for."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import ColumnElement, Index, column, func, literal_column
from sqlalchemy.orm import Mapped

from jzdesk.core import grades
from jzdesk.core.fields import Values
from jzdesk.core.kinds import (
    Account,
    CitizenIdNumber,
    Code,
    Date,
    Integer,
    LongText,
    Money,
    Month,
    OpenCode,
    Options,
    PersonName,
    Phone,
    Pinyin,
    Reference,
    RollNumber,
    Text,
    YesNo,
)
from jzdesk.models.base import Record, field

ID_HEADINGS = ("身份证号", "证件号码", "证件号", "身份证号码", "公民身份号码")


class Household(Record):
    """户：同吃同住的一家人。"""

    __tablename__ = "household"
    label = "家庭户"
    title = ("head",)
    indexed: ClassVar = (("number",), ("scope", "head"))

    number: Mapped[str | None] = field("户编号", Text(30), search=True, table=18)
    head: Mapped[str | None] = field("户主姓名", PersonName(), search=True, aliases=("户主",), table=10)
    division: Mapped[str | None] = field(
        "户籍地区划", OpenCode(12, entity="division"), aliases=("户口所在地行政区划", "户口所在地"), table=14
    )
    village_group: Mapped[str | None] = field(
        "村民小组", Text(30), search=True, aliases=("村组", "小组", "自然村"), table=10
    )
    address: Mapped[str | None] = field("家庭住址", Text(120), aliases=("现住址", "家庭地址"), table=28, wide=True)
    attr: Mapped[str | None] = field("户属性", Code("household_attr"), table=12)
    cause: Mapped[str | None] = field("致贫原因", Code("poverty_cause"), table=12)
    monitoring: Mapped[str | None] = field("监测状态", Code("household_attr"), aliases=("风险状态",))
    members_count: Mapped[int | None] = field("家庭人口数", Integer(1, 40), aliases=("家庭人口",), table=8)
    labour_count: Mapped[int | None] = field("劳动力人口数", Integer(0, 40), aliases=("劳动力人数",))
    dependants_count: Mapped[int | None] = field("赡养人口数", Integer(0, 40), aliases=("赡养人数",))
    annual_income: Mapped[int | None] = field("家庭年收入", Money(), aliases=("家庭年收入（元）",))


class Member(Record):
    """家庭成员。"""

    __tablename__ = "member"
    label = "家庭成员"
    title = ("name",)
    indexed: ClassVar = (("id_number",), ("phone",), ("scope", "name"))

    household: Mapped[str | None] = field("家庭户", Reference("household"), table=10)
    name: Mapped[str] = field("姓名", PersonName(), required=True, search=True, table=10)
    relation: Mapped[str | None] = field("与户主关系", Code("relation"), table=10)
    sex: Mapped[str | None] = field("性别", Code("sex"))
    birth: Mapped[str | None] = field("出生日期", Date())
    ethnic: Mapped[str | None] = field("民族", Code("ethnic"))
    id_type: Mapped[str | None] = field("身份证件类型", Code("id_doc_type"), aliases=("证件类型",))
    id_number: Mapped[str | None] = field(
        "身份证件号", CitizenIdNumber(), sensitive=True, search=True, aliases=ID_HEADINGS, table=20
    )
    phone: Mapped[str | None] = field("联系电话", Phone(), sensitive=True, aliases=("手机",), table=14)
    health: Mapped[str | None] = field("健康状况", Code("health"), table=10)
    work: Mapped[str | None] = field("工作单位", Text(60), table=16)
    post: Mapped[str | None] = field("职务", Text(30))
    address: Mapped[str | None] = field("现住址", Text(120), wide=True)
    hukou_division: Mapped[str | None] = field("户口所在地行政区划", Text(12), aliases=("户口所在地",))
    disability_card: Mapped[str | None] = field("残疾人证号", Text(24), sensitive=True, aliases=("残疾证号",))
    away: Mapped[int | None] = field("外出务工", YesNo(), table=8)


class Student(Record):
    """学生：一人一条，跨校不变。"""

    __tablename__ = "student"
    label = "学生"
    title = ("name",)
    indexed: ClassVar = (("id_number",), ("birth",), ("scope", "name"))

    name: Mapped[str] = field("姓名", PersonName(), required=True, search=True, aliases=("学生姓名", "名字"), table=10)
    sex: Mapped[str | None] = field("性别", Code("sex"), required=True, aliases=("性别码",), table=6)
    birth: Mapped[str | None] = field("出生日期", Date(), required=True, aliases=("出生年月日",), table=12)
    ethnic: Mapped[str | None] = field("民族", Code("ethnic"), aliases=("民族代码",), table=8)
    id_type: Mapped[str | None] = field("身份证件类型", Code("id_doc_type"), aliases=("身份证类型", "证件类型"))
    id_number: Mapped[str | None] = field(
        "身份证件号", CitizenIdNumber(), sensitive=True, search=True, aliases=ID_HEADINGS, table=20
    )
    roll_number: Mapped[str | None] = field(
        "学籍号", RollNumber(), sensitive=True, search=True, aliases=("全国学籍号",), table=20
    )
    aux_number: Mapped[str | None] = field("学籍辅号", Text(30), aliases=("省学籍辅号",))
    former_name: Mapped[str | None] = field("曾用名", PersonName(), search=True)
    pinyin: Mapped[str | None] = field(
        "姓名拼音", Pinyin(), hint="读音与通常不同时手工填写，例如 zeng xiao le；查找和排序以此为准"
    )
    id_valid_to: Mapped[str | None] = field("身份证件有效期", Text(30), aliases=("证件有效期",))
    birth_place: Mapped[str | None] = field("出生地行政区划代码", Text(12), aliases=("出生地",))
    native_place: Mapped[str | None] = field("籍贯", Text(40))
    nationality: Mapped[str | None] = field("国籍/地区", Text(30), aliases=("国籍", "国籍地区"))
    overseas: Mapped[str | None] = field("港澳台侨外", Text(30), aliases=("港澳台侨",))
    political: Mapped[str | None] = field("政治面貌", Text(20))
    household: Mapped[str | None] = field("家庭户", Reference("household"))
    hukou_division: Mapped[str | None] = field(
        "户口所在地", Text(12), aliases=("户口所在地行政区划", "户口所在地区划"), hint="12 位行政区划代码"
    )
    hukou_kind: Mapped[str | None] = field("户口性质", Code("hukou"), aliases=("户口类别",))
    address: Mapped[str | None] = field("现住址", Text(120), aliases=("家庭住址",), wide=True)
    mailing_address: Mapped[str | None] = field("通信地址", Text(120), wide=True)
    family_address: Mapped[str | None] = field("家庭地址", Text(120), wide=True)
    phone: Mapped[str | None] = field("联系电话", Phone(), sensitive=True, aliases=("电话", "手机号码"), table=14)
    postcode: Mapped[str | None] = field("邮政编码", Text(6), aliases=("邮编",))
    email: Mapped[str | None] = field("电子信箱", Text(60), sensitive=True, aliases=("电子邮箱", "邮箱"))
    homepage: Mapped[str | None] = field("主页地址", Text(100))
    talent: Mapped[str | None] = field("特长", Text(60))
    health: Mapped[str | None] = field("健康状况", Code("health"))
    disability: Mapped[str | None] = field("残疾类型", Code("disability"), aliases=("残疾人类型", "残疾类别"))
    disability_level: Mapped[str | None] = field("残疾等级", Code("disability_level"))
    disability_card: Mapped[str | None] = field("残疾人证号", Text(24), sensitive=True, aliases=("残疾证号",))
    inclusive: Mapped[str | None] = field("随班就读", Code("inclusive_class"))
    only_child: Mapped[int | None] = field("独生子女", YesNo(), aliases=("是否独生子女",))
    left_behind: Mapped[str | None] = field("留守儿童", Code("left_behind"), aliases=("是否留守儿童", "留守情况"))
    migrant: Mapped[int | None] = field("随迁子女", YesNo(), aliases=("是否进城务工人员随迁子女", "是否随迁子女"))
    orphan: Mapped[int | None] = field("孤儿", YesNo(), aliases=("是否孤儿",))
    martyr_child: Mapped[int | None] = field("烈士或优抚子女", YesNo(), aliases=("是否烈士或优抚子女",))
    preschool: Mapped[int | None] = field("受过学前教育", YesNo(), aliases=("是否受过学前教育",))
    bought_place: Mapped[int | None] = field(
        "由政府购买学位", YesNo(), aliases=("是否由政府购买学位", "是否政府购买学位")
    )
    asks_aid: Mapped[int | None] = field("需要申请资助", YesNo(), aliases=("是否需要申请资助",))
    one_subsidy: Mapped[int | None] = field("享受一补", YesNo(), aliases=("是否享受一补",))
    distance: Mapped[str | None] = field("上下学距离", Text(20))
    transport: Mapped[str | None] = field("上下学交通方式", Text(30), aliases=("上下学方式",))
    school_bus: Mapped[int | None] = field("需要乘坐校车", YesNo(), aliases=("是否需要乘坐校车",))
    note: Mapped[str | None] = field("备注", LongText(), wide=True)


def rolled_apart(roll_number: ColumnElement[str], id_number: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a roll number says more than the ID number: mostly it is that number behind a letter.

    Who is looked for by such a number is found by the ID number; of the others there is an index.
    """
    return func.substr(roll_number, literal_column("2")).is_distinct_from(id_number)


_APART = rolled_apart(column("roll_number"), column("id_number"))
Index("ix_student_rolled_apart", Student.roll_number, sqlite_where=_APART, postgresql_where=_APART)


class Guardian(Record):
    """监护人：哪位家庭成员是哪名学生的什么人。"""

    __tablename__ = "guardian"
    label = "监护关系"
    title = ("relation",)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    member: Mapped[str] = field("家庭成员", Reference("member"), required=True, table=10)
    relation: Mapped[str | None] = field("关系", Code("relation"), table=10)
    relation_note: Mapped[str | None] = field("关系说明", Text(40))
    is_guardian: Mapped[int | None] = field("是监护人", YesNo(), aliases=("是否监护人",), table=8)
    position: Mapped[int | None] = field("次序", Integer(1, 20), table=6)


def _status_fits_stage(values: Values) -> tuple[str, str] | None:
    """No status that the stage does not allow (reference §0 rule 13)."""
    status, grade = values.get("status"), values.get("grade")
    problem = grades.status_problem(str(status) if status else None, str(grade) if grade else None)
    return ("status", problem) if problem else None


class Enrolment(Record):
    """学籍：一名学生在一所学校的就读。"""

    __tablename__ = "enrolment"
    label = "学籍"
    title = ("grade",)
    checks = (_status_fits_stage,)
    indexed: ClassVar = (("scope", "status", "grade"),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    school: Mapped[str] = field("学籍学校", OpenCode(20, entity="school"), required=True, table=18)
    grade: Mapped[str] = field("年级", Code("grade"), required=True, table=12)
    school_class: Mapped[str | None] = field("班级", Reference("school_class"), table=12)
    class_number: Mapped[str | None] = field("班内学号", Text(20))
    entry_month: Mapped[str | None] = field("入学年月", Month(), table=10)
    entry_mode: Mapped[str | None] = field("入学方式", Text(30))
    source: Mapped[str | None] = field("学生来源", Text(30))
    study_place: Mapped[str | None] = field(
        "就读地", Text(60), aliases=("实际就读学校", "就读学校"), hint="与学籍学校不同时填写，例如所在的教学点"
    )
    pay_place: Mapped[str | None] = field("发放地", Text(60), hint="不由学籍学校发放时填写发放单位")
    boarding: Mapped[str | None] = field("就读方式", Code("boarding"), aliases=("住宿情况",), table=8)
    status: Mapped[str] = field("学生状态", Code("student_status"), required=True, table=8)
    valid_from: Mapped[str | None] = field("就读起", Date(), table=12)
    valid_to: Mapped[str | None] = field("就读止", Date(), table=12)


class EnrolmentEvent(Record):
    """学籍异动：升级、调班、休学、复学、转出、转入、疑似辍学……每次一条；`from_` 是异动前，`to_` 是异动后。"""

    __tablename__ = "enrolment_event"
    label = "学籍异动"
    managed = "学籍异动"
    title = ("kind", "date")
    indexed: ClassVar = (("scope", "date"),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    enrolment: Mapped[str | None] = field("学籍", Reference("enrolment"))
    kind: Mapped[str] = field("异动", Code("enrolment_event"), required=True, table=10)
    date: Mapped[str] = field("日期", Date(), required=True, table=12)
    until: Mapped[str | None] = field("预计截止", Date(), hint="休学、延缓入学到哪一天")
    from_status: Mapped[str | None] = field("异动前状态", Code("student_status"), table=10)
    to_status: Mapped[str | None] = field("异动后状态", Code("student_status"), table=10)
    from_grade: Mapped[str | None] = field("异动前年级", Code("grade"))
    to_grade: Mapped[str | None] = field("异动后年级", Code("grade"))
    from_class: Mapped[str | None] = field("异动前班级", Reference("school_class"))
    to_class: Mapped[str | None] = field("异动后班级", Reference("school_class"))
    other_school: Mapped[str | None] = field("来源或去向学校", Text(60))
    reason: Mapped[str | None] = field("原因", Text(200), table=30)
    proof: Mapped[str | None] = field("依据材料", Text(100), table=20)
    approver: Mapped[str | None] = field("审批人", PersonName())


class Hardship(Record):
    """困难类型：一名学生可有多项，各有起止日期和来源。"""

    __tablename__ = "hardship"
    label = "困难类型"
    title = ("code",)
    indexed: ClassVar = (("code",),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    code: Mapped[str] = field("困难类型", Code("difficulty_type"), required=True, sensitive=False, table=20)
    valid_from: Mapped[str] = field("起始日期", Date(), required=True, table=12)
    valid_to: Mapped[str | None] = field("结束日期", Date(), table=12)
    source: Mapped[str | None] = field(
        "来源", Options((("roll", "学籍信息"), ("list", "部门名单"), ("school", "学校认定"))), table=10
    )
    proof: Mapped[str | None] = field("依据", Text(100), table=24)
    document: Mapped[str | None] = field("证件或名单编号", Text(40), sensitive=True, hint="低保证、残疾人证等的编号")
    end_reason: Mapped[str | None] = field("结束原因", Text(100))


class Photo(Record):
    """照片：内容按指纹另存，这里记谁的、什么照片、何时拍的。"""

    __tablename__ = "photo"
    label = "照片"
    managed = "学生"
    title = ("kind", "taken_on")

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    kind: Mapped[str] = field(
        "种类",
        Options((("portrait", "证件照"), ("visit", "走访照片"), ("consent", "同意书"), ("proof", "证明材料"))),
        required=True,
        table=10,
    )
    sha256: Mapped[str] = field("内容指纹", Text(64), required=True)
    size: Mapped[int] = field("字节数", Integer(1, 10_000_000), required=True, table=10)
    taken_on: Mapped[str | None] = field("拍摄日期", Date(), table=12)
    note: Mapped[str | None] = field("说明", Text(100), table=20)


class Consent(Record):
    """监护人同意：不满 14 周岁儿童的个人信息，谁在何时以何种方式同意（参考资料 §7）。"""

    __tablename__ = "consent"
    label = "监护人同意"
    title = ("given_by", "given_on")

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    member: Mapped[str | None] = field("监护人", Reference("member"))
    given_by: Mapped[str] = field("同意人", PersonName(), required=True, table=10)
    relation: Mapped[str | None] = field("与学生关系", Code("relation"), table=10)
    given_on: Mapped[str] = field("同意日期", Date(), required=True, table=12)
    how: Mapped[str] = field(
        "同意方式",
        Options((("written", "书面签字"), ("face", "当面口头"), ("phone", "电话"), ("online", "网络确认"))),
        required=True,
        table=10,
    )
    covers: Mapped[str | None] = field("同意范围", Text(100), table=20, hint="例如 登记与资助发放、照片")
    withdrawn_on: Mapped[str | None] = field("撤回日期", Date(), table=12)
    photo: Mapped[str | None] = field("同意书照片", Reference("photo"))
    note: Mapped[str | None] = field("备注", Text(200), wide=True)


class Closure(Record):
    """销号：一个对象何时建账、为何、谁核实、谁批准销号；反弹时复号，历史都在。"""

    __tablename__ = "closure"
    label = "销号台账"
    managed = "销号"
    title = ("subject", "reason")
    indexed: ClassVar = (("state",),)

    kind: Mapped[str] = field(
        "对象种类",
        Options((("student", "学生"), ("household", "户"), ("problem", "问题"), ("project", "项目"))),
        required=True,
        table=8,
    )
    subject: Mapped[str] = field("对象", Text(60), required=True, search=True, table=14)
    student: Mapped[str | None] = field("学生", Reference("student"))
    household: Mapped[str | None] = field("家庭户", Reference("household"))
    opened_on: Mapped[str] = field("建账日期", Date(), required=True, table=12)
    basis: Mapped[str | None] = field("建账依据", Text(100), table=16)
    due: Mapped[str | None] = field("目标节点", Date(), table=12)
    measures: Mapped[str | None] = field("措施", LongText(), wide=True)
    done_on: Mapped[str | None] = field("完成日期", Date())
    reason: Mapped[str | None] = field("销号原因", Code("closure_reason"), table=14)
    proof: Mapped[str | None] = field("依据材料", Text(100), table=16)
    verifier: Mapped[str | None] = field("核实人", PersonName(), table=10)
    approver: Mapped[str | None] = field("审批人", PersonName(), table=10)
    closed_on: Mapped[str | None] = field("销号日期", Date(), table=12)
    state: Mapped[str] = field(
        "状态", Options((("open", "未销号"), ("closed", "已销号"), ("reopened", "复号"))), required=True, table=8
    )
    reopened_on: Mapped[str | None] = field("复号日期", Date(), table=12)
    reopen_reason: Mapped[str | None] = field("复号原因", Text(100), table=16)


class BankAccount(Record):
    """银行账户：发放只用银行账号，户名与关系必须清楚。"""

    __tablename__ = "bank_account"
    label = "银行账户"
    title = ("holder",)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    holder: Mapped[str] = field("户名", PersonName(), required=True, table=10)
    relation: Mapped[str | None] = field("与学生关系", Code("relation"), table=10)
    bank: Mapped[str] = field("开户行", Text(60), required=True, table=24)
    account: Mapped[str] = field(
        "银行账号", Account(), required=True, sensitive=True, aliases=("账号", "卡号"), table=22
    )
    valid_from: Mapped[str | None] = field("启用日期", Date(), table=12)
    valid_to: Mapped[str | None] = field("停用日期", Date(), table=12)


class Visit(Record):
    """走访：何时、何人、何种方式、看到什么、做了什么。"""

    __tablename__ = "visit"
    label = "走访"
    title = ("date",)
    indexed: ClassVar = (("scope", "date"),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    staff: Mapped[str | None] = field("走访人", Reference("staff"), aliases=("责任人姓名",), table=10)
    date: Mapped[str] = field("走访日期", Date(), required=True, aliases=("日期",), table=12)
    method: Mapped[str] = field("走访方式", Code("visit_method"), required=True, aliases=("方式",), table=16)
    met: Mapped[str | None] = field("见面人", Text(40), table=10)
    situation: Mapped[str | None] = field("家庭情况", LongText(), aliases=("家庭变化",), table=28, wide=True)
    measures: Mapped[str | None] = field("帮扶措施", LongText(), aliases=("本次措施",), table=28, wide=True)
    needs: Mapped[str | None] = field("需求", LongText(), aliases=("困难诉求",), table=20, wide=True)
    next_plan: Mapped[str | None] = field("下次计划", Date(), table=12)


class Question(Record):
    """待核实：程序提出、人来确认的疑问，确认前一直保留。"""

    __tablename__ = "question"
    label = "待核实问题"
    managed = "学生"
    title = ("sentence",)
    indexed: ClassVar = (("state",),)

    student: Mapped[str] = field("学生", Reference("student"), required=True, table=10)
    kind: Mapped[str] = field("种类", OpenCode(40, "question_kind"), required=True, table=18)
    sentence: Mapped[str] = field("问题", LongText(300), required=True, table=40, wide=True)
    state: Mapped[str] = field(
        "状态", Options((("open", "待核实"), ("confirmed", "已确认"), ("gone", "已消除"))), required=True, table=8
    )
    reason: Mapped[str | None] = field("确认理由", Text(200), table=24)


class Identity(Record):
    """同一人判定：两条学生记录是同一人，或确认不是。"""

    __tablename__ = "identity"
    label = "同一人判定"
    managed = "合并结果"
    title = ("verdict",)
    indexed: ClassVar = (("first", "second"),)

    first: Mapped[str] = field("学生甲", Reference("student"), required=True, table=10)
    second: Mapped[str] = field("学生乙", Reference("student"), required=True, table=10)
    verdict: Mapped[str] = field(
        "判定", Options((("same", "同一人"), ("distinct", "不是同一人"))), required=True, table=10
    )
    reason: Mapped[str | None] = field("理由", Text(200), table=30)
