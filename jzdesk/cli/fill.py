"""Commands for forms of other systems: what goes into each column, what is missing, fill, schemes, the trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from jzdesk.cli import state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit, progress
from jzdesk.core.errors import UserError

if TYPE_CHECKING:
    from jzdesk.services.filling.views import FillQuery, FormColumn, FormView

_FORM = "form"
Form = Annotated[str, typer.Argument(help="表格文件，或内置表格的代码（见 jz fill forms）")]
Scheme = Annotated[str, typer.Option(help="方案名；不给则用表格的文件名")]
Sheet = Annotated[str, typer.Option(help="工作表；不给则自动找")]
RowNumber = Annotated[int | None, typer.Option(help="列标题在第几行；不给则自动找")]
Gets = Annotated[
    list[str] | None,
    typer.Option("--set", help="列=栏目[:写法]，列写字母或标题，例如 C=出生日期:dashes；栏目留空则不填"),
]
Fixed = Annotated[list[str] | None, typer.Option(help="列=固定文字，可多次")]
Grade = Annotated[str | None, typer.Option(help="只填这个年级（代码，例如 G03）")]
RoomUid = Annotated[str | None, typer.Option("--class", help="只填这个班（编号）")]
Hardship = Annotated[str | None, typer.Option(help="只填有这种困难类型的（代码，或 any）")]
Status = Annotated[str, typer.Option(help="学生状态代码；enrolled 在册，all 全部")]
School = Annotated[str | None, typer.Option(help="只填这所学校（标识码，县级用）")]


class _WithForm(TyperGroup):
    """`jz fill 表.xlsx …` fills a form; a first word that is no command is the form."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that name, else the filling itself."""
        if args and args[0] not in self.commands:
            return _FORM, self.commands[_FORM], args
        return super().resolve_command(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    part = typer.Typer(cls=_WithForm, no_args_is_help=True, help="报表填写：jz fill 表格 --out 文件；或下列之一。")
    part.command(_FORM, hidden=True)(form)
    add_all(part, forms, blank, columns, check, schemes, forget, trace)
    app.add_typer(part, name="fill")


def form(
    form: Form,
    out: Annotated[Path, typer.Option(help="填好的表写到哪里")],
    scheme: Scheme = "",
    sheet: Sheet = "",
    row: RowNumber = None,
    set_: Gets = None,
    fixed: Fixed = None,
    grade: Grade = None,
    school_class: RoomUid = None,
    hardship: Hardship = None,
    status: Status = "enrolled",
    school: School = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="与台账不同的格子按台账改写；不给则只填空格")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="不标颜色，不加说明页")] = False,
    no_new: Annotated[bool, typer.Option("--no-new", help="只补表里已有的人，不加行")] = False,
    purpose: Annotated[str, typer.Option(help="用途；表里有身份证件号、账号、残疾等时必须写")] = "",
    term: Annotated[str, typer.Option(help="统计表的学期；不给则用当前学期")] = "",
    basis: Annotated[str, typer.Option(help="统计表的口径：paid 已发放，granted 已认定")] = "paid",
) -> None:
    """用台账填写一份表格。"""
    from jzdesk.services.filling.views import FillOrder

    view = _view(form, scheme, sheet, row, set_, fixed)
    if basis not in ("paid", "granted"):
        raise UserError(f"没有“{basis}”这种口径", "请写 paid（已发放）或 granted（已认定）。")
    order = FillOrder(overwrite, not plain, purpose, term, basis, not no_new)
    query = _query(grade, school_class, hardship, status, school)
    with progress("填写") as bar:
        report = state.services().filling.fill(view, out, query, order, progress=bar)
    lines = [f"  {line.cell} {line.title} {line.heading}：{line.old or '（空）'} → {line.new or '（空）'}；{line.what}"
             for line in report.lines]  # fmt: skip
    words = (
        f"填写 {report.rows} 行：表里已有 {report.matched}，新增 {report.added}；写入 {report.cells} 格，"
        f"方案“{report.scheme}”。已写到 {report.path}。"
    )
    emit(report, "\n".join([words, *(f"  {note}" for note in report.notes), *lines]))


def forms() -> None:
    """内置的表格。"""
    rows = [
        {"form": code, "label": label, "explain": text} for code, label, text in state.services().filling.built_in()
    ]
    emit(rows, "", (("form", "代码"), ("label", "表格"), ("explain", "说明")))


def blank(form: Annotated[str, typer.Argument(help="内置表格的代码")], path: Path) -> None:
    """写出一份内置的空白表格。"""
    state.services().filling.blank(form, path)
    emit({"path": path}, f"空白表格已写到 {path}。")


def columns(
    form: Form, scheme: Scheme = "", sheet: Sheet = "", row: RowNumber = None, set_: Gets = None, fixed: Fixed = None,
    keep: Annotated[bool, typer.Option("--keep", help="把这样的对应关系存成方案")] = False,
) -> None:  # fmt: skip
    """一份表格的每一列填什么、怎么写。"""
    view = _view(form, scheme, sheet, row, set_, fixed)
    if keep:
        state.services().filling.keep(view, view.scheme)
    shown = (
        ("letter", "列"), ("heading", "表格的标题"), ("gets", "填写的栏目"), ("written", "写法"), ("sample", "示例"),
    )  # fmt: skip
    rows = [
        {"letter": one.letter, "heading": one.heading, "gets": one.gets, "key": one.key, "fixed": one.fixed,
         "way": one.way, "written": one.written, "required": one.required, "sample": one.sample}
        for one in view.columns
    ]  # fmt: skip
    words = f"工作表“{view.sheet}”，标题第 {view.row} 至 {view.last} 行，{len(view.mapped)} 列会填。"
    emit(rows, words + ("方案已保存。" if keep else ""), shown)


def check(
    form: Form, scheme: Scheme = "", grade: Grade = None, school_class: RoomUid = None, hardship: Hardship = None,
    status: Status = "enrolled", school: School = None,
) -> None:  # fmt: skip
    """填写之前：哪些学生缺少表格要求的内容。"""
    view = _view(form, scheme, "", None, None, None)
    lines = state.services().filling.missing(view, _query(grade, school_class, hardship, status, school))
    columns = (("uid", "编号"), ("name", "姓名"), ("place", "班级"), ("lacks", "缺少"))
    rows = [
        {"uid": line.uid, "name": line.name, "place": line.place, "labels": line.labels, "lacks": line.lacks}
        for line in lines
    ]
    emit(rows, f"共 {len(rows)} 人缺少必填内容。" if rows else "必填内容都有了。", columns)


def schemes() -> None:
    """列出保存的方案。"""
    columns = (("name", "方案"), ("subject_label", "种类"), ("columns", "填写的列"), ("when", "保存时间"))
    emit(state.services().filling.schemes(), "", columns)


def forget(name: Annotated[str, typer.Argument(help="方案名")]) -> None:
    """删除一个方案，连同它上次填写的记录。"""
    state.services().filling.forget(name)
    emit({"name": name}, f"方案“{name}”已删除。")


def trace() -> None:
    """写出过的敏感名单：何时、何人、写到哪个文件、用途。"""
    columns = (
        ("when", "时间"), ("who", "经手人"), ("what", "名单"), ("file", "文件"), ("rows", "行数"), ("purpose", "用途"),
    )  # fmt: skip
    emit(state.services().filling.disclosures(), "", columns)


def _view(
    form: str, scheme: str, sheet: str, row: int | None, set_: list[str] | None, fixed: list[str] | None
) -> FormView:
    """The form with its columns settled as asked."""
    filling = state.services().filling
    view = filling.look(form, scheme=scheme, sheet=sheet, row=row)
    for one, said in (_column(view, pair) for pair in set_ or []):
        name, _, way = said.partition(":")
        view = filling.settle(view, one.place, key=_key(view, name.strip()), way=way.strip() or None)
    for one, text in (_column(view, pair) for pair in fixed or []):
        view = filling.settle(view, one.place, fixed=text)
    return view


def _column(view: FormView, pair: str) -> tuple[FormColumn, str]:
    """`列=…`: the column by its letter or heading, and what is said of it."""
    name, sign, said = pair.partition("=")
    name = name.strip()
    found = [one for one in view.columns if name in (one.heading, one.heading.strip("*")) or name.upper() == one.letter]
    if not sign or not found:
        there = "、".join(f"{one.letter} {one.heading}" for one in view.columns[:8])
        raise UserError(f"“{pair}”看不懂", f"请写成“列=内容”，表里的列有：{there}……")
    return found[0], said.strip()


def _key(view: FormView, name: str) -> str:
    """A value by its key or label; empty for nothing."""
    fields = state.services().filling.fields(view.subject)
    return next((key for key, label in fields if name in (key, label)), name)


def _query(
    grade: str | None, school_class: str | None, hardship: str | None, status: str, school: str | None
) -> FillQuery:
    from jzdesk.services.filling.views import FillQuery

    return FillQuery(grade, school_class, hardship, None if status == "all" else status, school)
