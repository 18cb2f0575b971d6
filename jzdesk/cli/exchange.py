"""Commands for the stick: requests, certificates, packages, receipts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit, progress

To = Annotated[Path, typer.Option("--to", help="U 盘上的文件夹")]
_PARTS = ("并入", "已有", "待裁定", "未接收")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(
        app, request, certificate, take_certificate, export, merge, inbox, read_receipts, read_slip, work_list, pending
    )


def request(to: To) -> None:
    """写出证书申请，送到县里。"""
    exchange = state.services().exchange
    path = exchange.request(state.stick(to))
    emit(
        {"path": path, "fingerprint": exchange.fingerprint()},
        f"申请已写到 {path}，电话校验字：{exchange.fingerprint()}",
    )


def certificate() -> None:
    """本站的证书：到哪天、两边的校验字，有没有要处理的事。"""
    found = state.services().exchange.standing()
    lines = [f"本站校验字：{found.fingerprint}"]
    if found.certified:
        lines.append(
            f"{found.county}发证（第 {found.serial} 号），有效期至 {found.expires}，还有 {found.days_left} 天。"
        )
        lines.append(f"县里的校验字：{found.county_fingerprint}")
    else:
        lines.append("还没有县里的证书，请先 jz request。")
    lines += [f"{one.what}。{one.remedy}" for one in found.cautions]
    emit(found, "\n".join(lines))


def take_certificate(
    path: Path, fingerprint: Annotated[str | None, typer.Option(help="县里在电话里报的八个字符")] = None
) -> None:
    """装入县里发来的证书。"""
    words = state.services().exchange.take_certificate(path, fingerprint)
    emit({"fingerprint": words}, f"证书已装入。县里的校验字：{words}，请电话核对。")


def export(to: To) -> None:
    """把县里还没收到的全部改动导出到 U 盘，读回核对后才算完成。"""
    with progress("导出") as bar:
        written = state.services().exchange.export(state.stick(to), progress=bar)
    last = written[-1]
    shown: dict[str, object] = {"package": last.path, "entries": last.entries}
    if len(written) > 1:
        shown["packages"] = [one.path for one in written]
    emit(shown, "\n".join(f"已导出 {one.entries} 条到 {one.path}。" for one in written) + "\n可以拔出 U 盘。")


def merge(
    paths: list[Path],
    strict: Annotated[bool, typer.Option("--strict", help="有未接收的包时退出码是 1，给夜间批处理用")] = False,
) -> None:
    """并入数据包（文件或文件夹）。"""
    for path in paths:
        state.there(path)
    with progress("并入") as bar:
        outcomes = state.services().merging.merge(paths, progress=bar)
    rows = [
        {
            "package": one.package,
            "school": one.school,
            "outcome": one.outcome,
            "reason": one.reason,
            "entries": {
                "in": one.counts.entries_in,
                "applied": one.counts.applied,
                "known": one.counts.known,
                "held": one.counts.held,
                "rejected": one.counts.rejected,
            },
        }
        for one in outcomes
    ]
    lines = [
        f"{one.package}：{one.school}{' ' * bool(one.school)}{one.outcome_label}，{one.counts.applied} 条。"
        f"{one.reason or ''}"
        for one in outcomes
    ]
    names = ("entries_in", "applied", "known", "held", "rejected")
    came, *parts = (sum(getattr(one.counts, name) for one in outcomes) for name in names)
    told = " + ".join(f"{word} {part:,}" for word, part in zip(_PARTS, parts, strict=True))
    lines.append(f"共 {len(outcomes):,} 个数据包，收到 {came:,} 条 = {told}。")
    emit(rows, "\n".join(lines) if outcomes else "没有找到数据包。")
    state.services().index()
    if strict and any(one.outcome == "rejected" for one in outcomes):
        raise typer.Exit(1)


def inbox(paths: list[Path]) -> None:
    """查看数据包，不并入。"""
    columns = (
        ("path", "文件"), ("school", "学校"), ("number", "第几包"), ("period", "数据的日期"), ("entries", "条数"),
        ("kinds", "内容"), ("state", "状态"), ("sentence", "说明"),
    )  # fmt: skip
    for path in paths:
        state.there(path)
    with progress("核验") as bar:
        lines = state.services().merging.inbox(paths, bar)
    emit(lines, "", columns)


def read_receipts(paths: list[Path]) -> None:
    """读取县里的回执（文件或文件夹）。"""
    outcomes = state.services().exchange.read_receipts(paths)
    lines = [f"{one.file}：{one.sentence}" + "".join(f"\n  待办：{text}" for text in one.problems) for one in outcomes]
    emit(outcomes, "\n".join(lines) or "没有找到回执。")


def read_slip(letters: Annotated[list[str], typer.Argument(help="回执单上的字母，可以分成几段")]) -> None:
    """录入纸质回执单上的字母。"""
    taken = state.services().slips.take(" ".join(letters))
    emit(taken, f"第 {taken.number} 号回执单已录入，县里又确认了 {taken.entries} 条。")


def work_list() -> None:
    """县里最近的回执要求改正的事项。"""
    columns = (("title", "谁"), ("sentence", "要做什么"), ("entity", "台账"), ("uid", "记录"), ("done", "已处理"))
    emit(state.services().work_list.items(), "", columns)


def pending() -> None:
    """有多少改动还没有导出，有多少县里还没有确认。"""
    found = state.services().exchange.pending()
    kinds = "、".join(f"{label} {count}" for label, count in found.changed)
    words = f"未导出 {found.unexported} 条{f'（{kinds}）' if kinds else ''}，县里未确认 {found.unacknowledged} 条。"
    emit(found, words + (f"\n{found.contact}" if found.contact else ""))
