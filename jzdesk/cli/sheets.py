"""Commands for workbooks: import, parked rows, templates, exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit, progress


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, import_, export_sheet, kinds, parked, dismiss, template)


def kinds() -> None:
    """能导入哪些种类的表。"""
    rows = [{"kind": kind, "label": label} for kind, label in state.services().imports.kinds()]
    emit(rows, "", (("kind", "种类"), ("label", "说明")))


def import_(kind: Annotated[str, typer.Argument(help="见 jz kinds")], path: Path) -> None:
    """导入一张表；有问题的行停放，并写进一份标注过的副本。"""
    with progress("导入") as bar:
        report = state.services().imports.run(kind, path, progress=bar)
    lines = [
        (
            f"读入 {report.read} 行：新增 {report.added}，更改 {report.changed}，相同 {report.unchanged}，"
            f"停放 {report.parked}，不在本校 {report.unmatched}；其中有疑问 {report.warned}。"
        ),
        *(
            f"  {fault.sheet} 第 {fault.row} 行 {fault.column}：{fault.problem}。{fault.remedy}"
            for fault in report.faults
        ),
        *([f"标注副本：{report.annotated}"] if report.annotated else []),
    ]
    emit(report, "\n".join(lines))


def parked() -> None:
    """列出停放、等待改正的行。"""
    columns = (
        ("uid", "编号"), ("file", "文件"), ("sheet", "工作表"), ("row", "行"), ("column", "列"),
        ("value", "原内容"), ("problem", "问题"), ("remedy", "改法"),
    )  # fmt: skip
    lines = state.services().imports.parked()
    emit(lines, f"共 {len(lines)} 处。", columns)


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
