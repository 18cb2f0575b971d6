"""Commands around merging: what a package would do, taking one back, what waits for a decision, what came before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit, progress
from jzdesk.core.errors import UserError
from jzdesk.core.money import format_yuan

_EFFECTS = (
    ("new", "新增"), ("changed", "修改"), ("voided", "作废"), ("restored", "恢复"), ("gone", "消失"),
    ("partial", "缺必填项"), ("opened", "新的不同填法"), ("closed", "不再有的不同填法"),
)  # fmt: skip
Reason = Annotated[str, typer.Option(help="理由")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, preview, withdraw, merges)
    group(
        app, "holds", "待裁定的记录和分叉。", show, admit, refuse, fork, list_=list_holds
    )  # fmt: skip


def preview(path: Path) -> None:
    """并入前先看一个数据包会改动什么；不写入任何内容。"""
    with progress("核验") as bar:
        seen = state.services().previewing.preview(path, bar)
    lines = [f"{seen.package}：{seen.school} 第 {seen.number} 包，{seen.outcome_label}。{seen.reason or ''}"]
    counts = seen.counts
    lines.append(f"共 {counts.entries_in} 条：并入 {counts.applied}，以前已有 {counts.known}，待裁定 {counts.held}。")
    lines += effect_lines(seen.effects)
    if seen.cases:
        lines.append(f"会新增 {seen.cases} 件同一学生待核实。")
    emit(seen, "\n".join(lines))


def withdraw(
    package: Annotated[str, typer.Argument(help="数据包的文件名，或包标识的开头几位")],
    reason: Annotated[str, typer.Option(help="撤回的理由")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="重新并入撤回过的包")] = False,
    look: Annotated[bool, typer.Option("--look", help="只看会改动什么，不动")] = False,
) -> None:
    """撤回合并一个数据包，或把撤回过的重新并入。"""
    service = state.services().withdrawing
    if look:
        seen = service.look_back(package) if undo else service.look(package)
        emit(seen, "\n".join([_turned(seen, "会"), *effect_lines(seen.effects)]))
        return
    with progress("重新并入" if undo else "撤回合并") as bar:
        done = service.rejoin(package, bar) if undo else service.withdraw(package, reason, bar)
    emit(done, _turned(done, "已") + ("" if undo else "原件都在，可以用 --undo 重新并入。"))


def _turned(turned: Any, how: str) -> str:
    along = "".join(f"，连同 {one.file}" for one in turned.along)
    return f"{turned.packet.file}{along}：{how}改变 {turned.entries} 条记录的去留。"


def effect_lines(effects: Any) -> Iterator[str]:
    """What changes, entity by entity, and the listed changes."""
    for one in effects.entities:
        counts = [f"{label} {getattr(one, name)}" for name, label in _EFFECTS if getattr(one, name)]
        if counts:
            yield f"{one.label}：{'，'.join(counts)}"
    if effects.payments:
        yield f"涉及发放明细 {effects.payments} 笔，发放合计变动 {format_yuan(effects.fen)} 元。"
    if effects.moved:
        yield f"涉及 {effects.moved} 名已转到别的学校的学生，对方读下一次回执后同样改变。"
    for change in effects.changes:
        what = f"{change.field_label} “{change.old}”→“{change.new}”" if change.field_label else change.kind_label
        yield f"  {change.entity_label} {change.title}：{what}"
    if effects.listed > len(effects.changes):
        yield f"  ……另有 {effects.listed - len(effects.changes)} 处改动没有列出。"


def merges(school: Annotated[str | None, typer.Option(help="只看这所学校（学校标识码）")] = None) -> None:
    """合并记录：每个数据包的去向和条数。"""
    found, named = state.services().merging.arrivals(school), state.school_namer()
    lines = [
        f"{one.when} {named(one.school)} 第 {one.number} 包 {one.file}：{_outcome(one)}，"
        f"收到 {one.counts.entries_in} = 并入 {one.counts.applied} + 已有 {one.counts.known} + "
        f"待裁定 {one.counts.held} + 未接收 {one.counts.rejected}。{one.reason or ''}{one.since}"
        for one in found
    ]
    emit(found, "\n".join(lines) or "还没有收到过数据包。")


def _outcome(line: Any) -> str:
    from jzdesk.services.verdicts import OUTCOMES

    return "已撤回" if line.withdrawn else OUTCOMES[line.outcome]


def list_holds(decided: Annotated[bool, typer.Option("--decided", help="看已裁定的")] = False) -> None:
    """列出待裁定的记录和分叉。"""
    services, named = state.services(), state.school_namer()
    held, forks = services.holds.waiting(decided=decided), services.forks.waiting(decided=decided)
    lines = [
        f"[{one.id}] {one.reason_label}：{named(one.school)} {one.file} 第 {one.first_n}-{one.last_n} 条，"
        f"{one.entity_label} {one.title}（{one.who} {one.when}）{one.ruling_label} {one.why}"
        for one in held
    ]
    lines += [
        f"[{one.id}] {one.reason_label}：{named(one.school)} 第 {one.number} 包 {one.file}（{one.when}）{one.why}"
        for one in forks
    ]
    emit({"holds": held, "forks": forks}, "\n".join(lines) or "没有待裁定的记录。")


def show(number: int) -> None:
    """看一项待裁定的记录：谁、什么、采纳后会怎样。"""
    services, named = state.services(), state.school_namer()
    if any(one.id == number for one in services.forks.waiting()):
        fork_seen = services.forks.detail(number)
        lines = [
            f"{name}：{one.entries} 条，{one.first} 至 {one.last}，{'、'.join(one.who)}；{'；'.join(one.examples)}"
            for name, one in (("原来的", fork_seen.ours), ("这一支", fork_seen.theirs))
        ]
        emit(fork_seen, "\n".join([*lines, fork_seen.missing]).rstrip())
        return
    seen = services.holds.detail(number)
    lines = [
        f"{one.op_label}{one.entity_label} {one.title}（{one.who} {one.when}，归属 {named(one.scope)}）："
        + "，".join(f"{label} {text}" for label, text in one.fields)
        for one in seen.entries
    ]
    if seen.photos_missing:
        lines.append(f"其中 {seen.photos_missing} 张照片的原图没有随包收到，采纳后请学校重新上传再导出。")
    emit(seen, "\n".join([*lines, *([f"{seen.obstacle}。"] if seen.obstacle else effect_lines(seen.effects))]))


def admit(
    number: int,
    reason: Reason,
    ahead_hours: Annotated[int | None, typer.Option(help="时钟超前的：那台电脑快几小时")] = None,
) -> None:
    """采纳一项待裁定的记录。"""
    admitted = state.services().holds.admit(number, reason, ahead_hours)
    emit({"id": number, "entries": admitted}, f"已采纳 {admitted} 条。")


def refuse(number: int, reason: Reason) -> None:
    """不予采纳；原件保留，回执会告诉学校。"""
    refused = state.services().holds.refuse(number, reason)
    emit({"id": number, "entries": refused}, f"{refused} 条不予采纳，原件保留。")


def fork(
    number: int,
    continues: Annotated[str, typer.Option("--continues", help="哪一支继续：ours 原来的，theirs 这一支")],
    reason: Reason,
    keep_other: Annotated[
        bool, typer.Option("--keep-other/--drop-other", help="另一支的记录留在台账里，或搁置")
    ] = True,
) -> None:
    """裁定分叉：哪一支继续。两支都会保存。"""
    if continues not in ("ours", "theirs"):
        raise UserError("没有这种选择", "请写 ours（原来的继续）或 theirs（这一支继续）。", continues)
    state.services().forks.settle(number, continues, reason, keep_other=keep_other)
    emit({"id": number, "continues": continues}, "分叉已裁定，两支都已保存。")
