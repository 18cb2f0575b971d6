"""Commands for students and what surrounds them: members, photographs, consent, questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import group
from jzdesk.cli.output import emit
from jzdesk.cli.records import existing, values_of
from jzdesk.core.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group(
        app, "student", "学生。", find, add, file, check, similar, review, questions, confirm, show=show, save=add
    )  # fmt: skip
    group(app, "member", "家庭成员。", add=add_member)
    group(app, "photo", "照片。", add=add_photo, list=photos, export=export_photo)
    group(app, "consent", "监护人同意。", missing, withdraw, add=add_consent)
    group(app, "question", "待核实的问题。", confirm, accept, list=questions)


_STUDENT_COLUMNS = (
    ("uid", "编号"), ("name", "姓名"), ("sex", "性别"), ("id_number", "证件号"), ("grade", "年级"),
    ("school_class", "班级"), ("hardships", "困难类型"), ("caseworker", "责任人"), ("sync_state", "上报"),
    ("found_by", "按家庭找到"),
)  # fmt: skip

Values = Annotated[list[str], typer.Argument(help="学生字段=内容，例如 姓名=… 身份证件号=…")]
Uid = Annotated[str | None, typer.Option(help="已有的学生；不给则是新的")]


def find(
    text: Annotated[str, typer.Argument(help="姓名的一部分、拼音、证件号的任意一段、监护人姓名或电话、村民小组")] = "",
    grade: Annotated[str | None, typer.Option(help="年级代码，例如 G03")] = None,
    hardship: Annotated[str | None, typer.Option(help="困难类型代码，或 any")] = None,
    unpaired: Annotated[bool, typer.Option(help="只看没有责任人的困难学生")] = False,
    questions: Annotated[bool, typer.Option(help="只看有待核实问题的学生")] = False,
    no_consent: Annotated[bool, typer.Option(help="只看不满 14 周岁、缺监护人同意的学生")] = False,
    travel: Annotated[
        str | None, typer.Option(help="上报情况：unexported、exported、received、merged 或 doubt（有疑问）")
    ] = None,
    sort: Annotated[str, typer.Option(help="name、grade、school_class 或 status；不给则按年级、班级、姓名")] = "",
    descending: Annotated[bool, typer.Option(help="倒序")] = False,
    limit: int = 50,
) -> None:
    """查找学生。"""
    from jzdesk.services.students import StudentQuery

    students = state.services().students
    query = StudentQuery(
        text, grade=grade, hardship=hardship, unpaired=unpaired, questions=questions, no_consent=no_consent,
        travel=travel, order=sort, descending=descending,
    )  # fmt: skip
    uids = students.ids(query)
    emit(students.rows(uids[:limit], text), f"共 {len(uids)} 人。", _STUDENT_COLUMNS)


def add(
    values: Values,
    enrolment: Annotated[list[str] | None, typer.Option(help="学籍字段=内容，例如 年级=G03")] = None,
    household: Annotated[list[str] | None, typer.Option(help="家庭户字段=内容，例如 户主姓名=…")] = None,
    guardian: Annotated[list[str] | None, typer.Option(help="监护人：姓名,关系,电话[,证件号]，可多次")] = None,
    uid: Annotated[str | None, typer.Option(help="要改的学生；不给则新增")] = None,
) -> None:
    """登记或修改一名学生，连同学籍、家庭户和监护人；可能重复的照样保存，留下待核实的问题。"""
    from jzdesk.services.students import StudentDraft

    students, specs = state.services().students, state.services().ledger.specs
    given = values_of(specs["student"], values)
    if uid is None or "id_number" in given:
        given |= {name: value for name, value in students.check(given, uid).fills.items() if name not in given}
    draft = StudentDraft(
        uid, given, values_of(specs["enrolment"], enrolment or []), tuple(_guardian(text) for text in guardian or []),
        values_of(specs["household"], household or []),
    )  # fmt: skip
    saved = students.save(draft)
    asked = [row.shown["sentence"] for row in students.file(saved.uid).questions]
    said = "".join(f"\n待核实：{sentence}" for sentence in asked)
    emit({"uid": saved.uid, "questions": asked}, f"已保存 {saved.uid}。{said}")


def _guardian(text: str) -> dict[str, object]:
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    return dict(zip(("name", "relation", "phone", "id_number"), parts, strict=False)) | {"is_guardian": 1}


def show(uid: str) -> None:
    """一名学生的资料，敏感内容遮住。"""
    file, spec = state.services().students.file(uid), state.services().ledger.specs["student"]
    rows = [{"label": field.label, "shown": file.student.shown[field.name]} for field in spec]
    rows = [row for row in rows if row["shown"]]
    rows += [{"label": "兄弟姐妹", "shown": f"{one.name} {one.place}（{one.why}）"} for one in file.siblings]
    rows += [{"label": "待核实", "shown": row.shown["sentence"]} for row in file.questions]
    emit(rows, "", (("label", "字段"), ("shown", "内容")))


def file(uid: str) -> None:
    """一名学生的全部资料（JSON）。"""
    state.current().json = True
    emit(state.services().students.file(uid))


def check(values: Values, uid: Uid = None) -> None:
    """看看填写的内容有什么问题、号码能补出什么；不保存。"""
    from jzdesk.services.students import FormCheck

    found: FormCheck = state.services().students.check(_typed(values), uid)
    lines = [f"要改正：{said}" for said in found.problems.values()]
    lines += [f"待核实：{said}" for said in found.questions]
    lines += [f"已处理：{said}" for said in found.notes]
    spec = state.services().ledger.specs["student"]
    lines += [f"可补填：{spec[name].label} {spec[name].show(value)}" for name, value in found.fills.items()]
    emit(found, "\n".join(lines) or "没有发现问题。")
    if found.problems:
        raise typer.Exit(1)


def similar(
    values: Values,
    phone: Annotated[list[str] | None, typer.Option(help="监护人电话，可多次")] = None,
    uid: Uid = None,
) -> None:
    """找可能是同一人的学生，并说明理由。"""
    found = state.services().students.similar(_typed(values), uid, phone or ())
    rows = [
        {"uid": each.uid, "name": each.row.name, "place": each.row.grade + each.row.school_class, "why": list(each.why)}
        for each in found
    ]
    columns = (("uid", "编号"), ("name", "姓名"), ("place", "年级班级"), ("why", "理由"))
    emit(rows, "" if rows else "没有可能重复的学生。", columns if rows else ())


def _typed(values: list[str]) -> dict[str, object]:
    return values_of(state.services().ledger.specs["student"], values)


def review(uid: str) -> None:
    """重新核对一名学生的资料，更新待核实的问题。"""
    students = state.services().students
    students.review(uid)
    asked = [row.shown["sentence"] for row in students.file(uid).questions]
    emit(asked, "\n".join(asked) or "没有待核实的问题。")


def questions(student: Annotated[str | None, typer.Option(help="只看这名学生（编号）")] = None) -> None:
    """列出待核实的问题。"""
    from jzdesk.services.ledger import Query

    ledger = state.services().ledger
    uids = ledger.ids(Query("question", filters={"state": "open", "student": student}))
    rows = [{"uid": row.uid, **row.shown} for row in ledger.rows("question", uids)]
    emit(rows, f"共 {len(uids)} 条。", (("uid", "编号"), ("student", "学生"), ("sentence", "问题")))


def confirm(uid: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """确认一条待核实的问题，写明理由。"""
    state.services().students.confirm_question(uid, reason)
    emit({"uid": uid}, "已确认。")


def accept(uid: str) -> None:
    """按问题的提示登记困难类型（孤儿、残疾）。"""
    saved = state.services().students.accept_offer(uid)
    emit({"uid": saved.uid}, "已登记困难类型。")


def add_member(
    student: Annotated[str, typer.Argument(help="学生编号")],
    values: Annotated[list[str], typer.Argument(help="家庭成员字段=内容，例如 姓名=… 与户主关系=母亲")],
    uid: Annotated[str | None, typer.Option(help="要改的成员；不给则新增")] = None,
) -> None:
    """登记或修改学生家里的一名成员；还没有家庭户的同时建户。"""
    given = values_of(state.services().ledger.specs["member"], values)
    saved = state.services().students.keep("member", student, given, uid)
    emit({"uid": saved.uid, "changed": saved.changed}, f"已保存 {saved.uid}。")


def add_photo(
    student: Annotated[str, typer.Argument(help="学生编号")],
    files: Annotated[list[Path], typer.Argument(help="照片文件")],
    kind: Annotated[str, typer.Option(help="证件照、证明材料、同意书或走访照片")] = "证件照",
    taken_on: Annotated[str | None, typer.Option(help="拍摄日期；不给则取照片里记的")] = None,
    note: Annotated[str | None, typer.Option(help="说明")] = None,
) -> None:
    """添加照片：自动转正、缩小、去掉拍摄地点等信息。"""
    given: dict[str, object] = {"kind": kind, "note": note, **({"taken_on": taken_on} if taken_on else {})}
    saved = [state.services().photos.add(student, existing(path), given) for path in files]
    emit(
        [{"uid": one.uid, "changed": one.changed} for one in saved], f"已添加 {sum(one.changed for one in saved)} 张。"
    )


def photos(student: Annotated[str, typer.Argument(help="学生编号")]) -> None:
    """列出一名学生的照片。"""
    rows = [{"uid": row.uid, **row.shown} for row in state.services().photos.of(student)]
    emit(rows, f"共 {len(rows)} 张。", (("uid", "编号"), ("kind", "种类"), ("taken_on", "拍摄日期"), ("note", "说明")))


def export_photo(
    uid: Annotated[str, typer.Argument(help="照片编号")], to: Annotated[Path, typer.Option(help="文件或文件夹")]
) -> None:
    """把一张照片存成文件。"""
    path = state.services().photos.export(uid, to)
    emit({"path": path}, f"已存为 {path}。")


def add_consent(
    students: Annotated[list[str], typer.Argument(help="学生编号，可多个；一张签名表可一次登记")],
    by: Annotated[str | None, typer.Option(help="同意人姓名；不给则取第一监护人")] = None,
    relation: Annotated[str | None, typer.Option(help="与学生关系")] = None,
    on: Annotated[str | None, typer.Option(help="同意日期；不给则是今天")] = None,
    how: Annotated[str, typer.Option(help="书面签字、当面口头、电话或网络确认")] = "书面签字",
    covers: Annotated[str | None, typer.Option(help="同意范围")] = None,
) -> None:
    """登记监护人同意：谁、何时、以什么方式、同意什么。"""
    consents = state.services().consents
    given: dict[str, object] = {"how": how}
    given |= {name: value for name, value in (("given_on", on), ("covers", covers)) if value}
    if by is not None:
        if len(students) > 1:
            raise UserError("一个人只能替一名学生同意", "给多名学生登记时不要写 --by，由各自的第一监护人同意。")
        saved = consents.add(students[0], {**given, "given_by": by, "relation": relation})
        emit({"uid": saved.uid, "recorded": 1}, "已登记 1 人。")
        return
    outcome = consents.add_many(students, given)
    unknown = f"没有登记监护人的：{'、'.join(outcome.unknown)}。" if outcome.unknown else ""
    emit(outcome, f"已登记 {outcome.recorded} 人，原已同意 {outcome.already} 人。{unknown}")


def withdraw(
    uid: Annotated[str, typer.Argument(help="同意记录编号")],
    on: Annotated[str | None, typer.Option(help="撤回日期；不给则是今天")] = None,
    note: Annotated[str | None, typer.Option(help="说明")] = None,
) -> None:
    """登记监护人撤回同意。"""
    state.services().consents.withdraw(uid, on, note)
    emit({"uid": uid}, "已登记撤回。")


def missing(limit: int = 50) -> None:
    """列出不满 14 周岁、缺监护人同意的学生。"""
    uids = state.services().consents.missing()
    emit(state.services().students.rows(uids[:limit]), f"共 {len(uids)} 人。", _STUDENT_COLUMNS)
