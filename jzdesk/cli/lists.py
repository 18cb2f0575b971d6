"""Commands for lists from other departments: `jz list read …`; `jz list student` still lists a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from jzdesk.cli import records, state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit, progress
from jzdesk.core.errors import UserError

_OF_A_LEDGER = "ledger"


class _VerbOrLedger(TyperGroup):
    """A word that is no verb of lists names a ledger: `jz list student` is `jz list ledger student`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See the class."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = [_OF_A_LEDGER, *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    part = typer.Typer(help="部门名单比对；或列出一种台账：jz list student。", no_args_is_help=True, cls=_VerbOrLedger)
    add_all(part, kinds, read, runs, lines, accept, settle, reopen, undo, **{_OF_A_LEDGER: records.list_})
    app.add_typer(part, name="list")


def kinds() -> None:
    """部门名单有哪十种。"""
    rows = [{"kind": code, "label": name} for code, name in state.services().lists.kinds()]
    emit(rows, "", (("kind", "种类"), ("label", "名单")))


def read(
    path: Annotated[Path, typer.Argument(help="名单文件")],
    kind: Annotated[str, typer.Option(help="名单种类，见 jz list kinds；不给则从文件名和表头判断")] = "",
    date: Annotated[str, typer.Option(help="名单日期；不给则从文件名和标题判断")] = "",
    older: Annotated[bool, typer.Option("--older", help="确认比对一份比已读过的旧的名单")] = False,
) -> None:
    """读一份名单，与本校学籍比对，分成四堆；不改动任何学生。"""
    with progress("比对") as bar:
        report = state.services().lists.read(path, kind, date, older=older, progress=bar)
    sentences = [
        f"第 {report.run} 次比对：{report.kind_name}（{report.listed_on}）",
        (
            f"读入 {report.read} 行：对上 {report.matched}，姓名不同 {report.name}，不在本校学籍 {report.absent}，"
            f"读不出 {report.unread}；名单上已没有的困难类型 {report.ended} 项。等待处理 {report.waiting} 项。"
        ),
        *report.notes,
        *([f"标注副本：{report.annotated}"] if report.annotated else []),
    ]
    emit(report, "\n".join(sentences))


def runs() -> None:
    """列出比对过的名单。"""
    columns = (
        ("id", "编号"), ("kind_name", "种类"), ("file", "文件"), ("listed_on", "名单日期"), ("when", "比对时间"),
        ("read", "行数"), ("left", "等待处理"),
    )  # fmt: skip
    found = state.services().lists.runs()
    emit(found, f"共 {len(found)} 份。", columns)


def lines(
    run: Annotated[int, typer.Argument(help="比对编号，见 jz list runs")],
    pile: Annotated[str | None, typer.Option(help="matched、name、absent、ended 或 unread；不给则全部")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="只列等待处理的")] = False,
) -> None:
    """列出一次比对的行。"""
    columns = (
        ("id", "编号"), ("pile_label", "分类"), ("row", "行"), ("name", "名单姓名"), ("pupil", "本校学生"),
        ("place", "班级"), ("via", "通过"), ("gives", "确认后"), ("says", "说明"), ("outcome_label", "结果"),
        ("reason", "理由"),
    )  # fmt: skip
    found = state.services().lists.lines(run, pile, waiting=waiting)
    emit(found, f"共 {len(found)} 项。", columns)


def accept(
    run: Annotated[int, typer.Argument(help="比对编号")],
    ids: Annotated[list[int] | None, typer.Argument(metavar="[LINE]...", help="行编号；不给则整堆")] = None,
    pile: Annotated[str, typer.Option(help="matched、name 或 ended")] = "matched",
) -> None:
    """确认：对上的登记困难类型，已没有的结束；一次确认是一步，可以撤销。"""
    service = state.services().lists
    if ids:
        known = {line.id for line in service.lines(run)}
        if strange := [one for one in ids if one not in known]:
            remedy = f"用 jz list lines {run} 查看行编号。"
            raise UserError(f"第 {run} 次比对里没有编号 {strange[0]} 的行", remedy)
    done = service.accept(ids) if ids else service.accept_pile(run, pile)
    step = f"撤销用 jz list undo {done.action}。" if done.action else ""
    emit(done, f"已确认 {done.lines} 项，以前处理过的 {done.already} 项。{step}")


def settle(
    line: Annotated[int, typer.Argument(help="行编号")],
    as_: Annotated[str, typer.Option("--as", help="ours、notours、keep 或 later")],
    reason: Annotated[str, typer.Option(help="理由")] = "",
    student: Annotated[str, typer.Option(help="认作本校学生时的学生编号")] = "",
) -> None:
    """处理一行：ours 认作本校学生，notours 不是本校的，keep 保留，later 以后再定。"""
    service = state.services().lists
    if as_ == "ours":
        done = service.recognise(line, student).lines if student else service.accept([line]).lines
    else:
        done = service.decide([line], as_, reason)
    emit({"line": line, "settled": done}, "已处理。" if done else "以前处理过，没有变化。")


def reopen(ids: Annotated[list[int], typer.Argument(metavar="LINE...", help="行编号")]) -> None:
    """把搁置的行（不是本校的、保留、以后再定）放回等待处理。"""
    done = state.services().lists.reopen(ids)
    emit({"reopened": done}, f"已放回 {done} 项。")


def undo(action: Annotated[int, typer.Argument(help="确认时给出的步骤编号（action）")]) -> None:
    """撤销一次确认：学生资料恢复原样，这些行重新等待处理。"""
    state.services().lists.undo(action)
    emit({"undone": action}, "已撤销。")
