"""Commands for workbooks: look, try, import, take back, parked rows, schemes, templates, exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from jzdesk.cli import state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit, progress
from jzdesk.core.errors import UserError
from jzdesk.services.importing.choosing import SheetChoice
from jzdesk.services.importing.looking import Look, SheetLook
from jzdesk.services.importing.planning import Plan
from jzdesk.services.importing.report import ImportReport

KIND = Annotated[str, typer.Argument(help="见 jz kinds")]


class _FileByDefault(TyperGroup):
    """`jz import roll 文件` imports: what is no command of the group is a kind."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """`file` where no command is named."""
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["file", *args])


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, export_sheet, kinds, parked, dismiss, template)
    part = typer.Typer(help="导入：jz import 种类 文件。", no_args_is_help=True, cls=_FileByDefault)
    add_all(part, file, look, undo, parked, retry, schemes, rename_scheme, delete_scheme, list=history)
    app.add_typer(part, name="import")


def kinds() -> None:
    """能导入哪些种类的表。"""
    rows = [{"kind": kind, "label": label} for kind, label in state.services().imports.kinds()]
    emit(rows, "", (("kind", "种类"), ("label", "说明")))


def file(
    kind: KIND,
    path: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只预演，不写入")] = False,
    scheme: Annotated[str, typer.Option(help="按这个方案对应各列，见 jz import schemes")] = "",
    by_content: Annotated[bool, typer.Option("--by-content", help="标题认不出的列按内容对应")] = False,
) -> None:
    """导入一张表；有问题的行停放，并写进一份标注过的副本。"""
    imports = state.services().imports
    choices = _choices(kind, path, scheme) if scheme or by_content else None
    if dry_run:
        _emit_plan(imports.plan(kind, path, choices))
        return
    with progress("导入") as bar:
        report = imports.run(kind, path, progress=bar, choices=choices)
    emit(report, "\n".join([_sum(report), *_faults(report), *_copy(report)]))


def _choices(kind: str, path: Path, scheme: str) -> list[SheetChoice]:
    """The sheets by a named scheme, or as headings and content tell; raises UserError when the scheme fits none."""
    found = state.services().imports.look(kind, path)
    if not scheme:
        return [sheet.choice() for sheet in found.sheets if sheet.read]
    sheets = [used for sheet in found.sheets if (used := _used(found, sheet, scheme)) is not None]
    if not sheets:
        known = "、".join(one.name for one in state.services().imports.schemes(kind)) or "还没有方案"
        raise UserError(f"没有叫“{scheme}”而标题又相同的方案", f"这种表的方案有：{known}。", path.name)
    return [sheet.choice() for sheet in sheets]


def _used(found: Look, sheet: SheetLook, scheme: str) -> SheetLook | None:
    number = next((one.id for one in found.fitting(sheet) if one.name == scheme), None)
    return found.use(sheet, number) if number is not None else None


def _sum(report: ImportReport) -> str:
    return (
        f"读入 {report.read} 行：新增 {report.added}，更改 {report.changed}，相同 {report.unchanged}，"
        f"停放 {report.parked}，不在本校 {report.unmatched}；其中有疑问 {report.warned}。"
    )


def _faults(report: ImportReport) -> list[str]:
    return [
        f"  {fault.sheet} 第 {fault.row} 行 {fault.column}：{fault.problem}。{fault.remedy}" for fault in report.faults
    ]


def _copy(report: ImportReport) -> list[str]:
    return [f"标注副本：{report.annotated}"] if report.annotated else []


def _emit_plan(plan: Plan) -> None:
    words = [f"  第 {line.row} 行 {line.name} {line.outcome}：{line.words()}" for line in plan.lines if line.words()]
    emit(plan, "\n".join(["预演，没有写入。", *words, _sum(plan.report)]))


def look(kind: KIND, path: Path) -> None:
    """看一张表会怎样读：工作表、标题行、每一列对应什么、怎么认出来的。"""
    found = state.services().imports.look(kind, path)
    labels = dict(found.fields)
    lines = []
    for sheet in found.sheets:
        lacking = f"，还缺 {'、'.join(sheet.lacking)}" if sheet.lacking else ""
        lines.append(f"{sheet.name}：标题第 {sheet.row} 行，{sheet.rows} 行{lacking}{'' if sheet.read else '（不读）'}")
        lines += [
            f"  {column.letter} {column.heading} → {labels.get(column.key, '不读取')}"
            f"（{column.how or column.looks}）{column.doubt}"
            for column in sheet.columns
        ]
    emit({"kind": found.kind, "file": found.file, "notes": found.notes, "sheets": found.sheets}, "\n".join(lines))


def history() -> None:
    """导入记录：每次导入带来了什么，是否还在。"""
    columns = (
        ("run", "编号"), ("when", "时间"), ("label", "种类"), ("file", "文件"), ("read", "读取"), ("added", "新增"),
        ("changed", "更改"), ("unchanged", "相同"), ("waiting", "待改"), ("state", "状态"),
    )  # fmt: skip
    emit(state.services().imports.history(), "", columns)


def undo(run: Annotated[int, typer.Argument(help="编号，见 jz import list")]) -> None:
    """撤销一整次导入；后来有资料以它为基础时列出是哪些，什么也不改。"""
    imports = state.services().imports
    if found := imports.in_the_way(run):
        named = "、".join(f"{one.title}（{one.why}）" for one in found[:20])
        raise UserError(f"有 {len(found)} 处资料以这次导入为基础：{named}", "请先改回或撤销它们。", f"第 {run} 次导入")
    changes = imports.undo(run)
    emit({"run": run, "records": len(changes.uids)}, f"已撤销第 {run} 次导入，涉及 {len(changes.uids)} 条记录。")


def parked() -> None:
    """列出停放、等待改正的行。"""
    columns = (
        ("uid", "编号"), ("file", "文件"), ("sheet", "工作表"), ("row", "行"), ("column", "列"),
        ("value", "原内容"), ("problem", "问题"), ("remedy", "改法"),
    )  # fmt: skip
    lines = state.services().imports.parked()
    emit(lines, f"共 {len(lines)} 处。", columns)


def retry(
    uid: str, cells: Annotated[list[str] | None, typer.Argument(help="标题=内容，改哪几格写哪几格")] = None
) -> None:
    """改正一个停放的行并单独再导入一次；不写内容就照原样再试。"""
    imports = state.services().imports
    row = imports.parked_row(uid)
    places = {name: cell.place for cell in reversed(row.cells) for name in (cell.label, cell.heading, cell.letter)}
    typed: dict[int, str] = {}
    for word in cells or []:
        name, mark, text = word.partition("=")
        if not mark or name not in places:
            remedy = f"请写成 标题=内容，标题有：{'、'.join(cell.heading for cell in row.cells)}。"
            raise UserError(f"看不懂“{word}”", remedy)
        typed[places[name]] = text
    done = imports.retry(uid, typed)
    emit(done, f"{'仍有问题' if done.waiting is not None else '已导入'}：{done.words}")


def schemes(kind: Annotated[str, typer.Argument(help="见 jz kinds")] = "") -> None:
    """保存过的列对应方案。"""
    emit(state.services().imports.schemes(kind), "", (("id", "编号"), ("kind", "种类"), ("name", "名称")))


def rename_scheme(number: int, name: str) -> None:
    """给方案改名。"""
    state.services().imports.rename_scheme(number, name)
    emit({"id": number, "name": name}, "已改名。")


def delete_scheme(number: int) -> None:
    """删除方案；已导入的资料不受影响。"""
    state.services().imports.delete_scheme(number)
    emit({"id": number}, "已删除。")


def dismiss(uid: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """不再处理一个停放的行，写明理由。"""
    state.services().imports.dismiss(uid, reason)
    emit({"uid": uid}, "已处理。")


def template(kind: str, path: Path) -> None:
    """写出一种表的空白模板。"""
    state.services().imports.template(kind, path)
    emit({"path": path}, f"模板已写到 {path}。")


def export_sheet(
    kind: str, path: Path, purpose: Annotated[str, typer.Option(help="用途；有证件号、账号、残疾等时必须写")] = ""
) -> None:
    """把台账导出成 Excel。"""
    state.services().imports.export(kind, path, purpose)
    emit({"path": path}, f"已导出到 {path}。")
