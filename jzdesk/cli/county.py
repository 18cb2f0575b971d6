"""Commands of the county: learn lists, certify, receipts, duplicates, conflicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import database, erasing, escrow, state
from jzdesk.cli.exchange import To
from jzdesk.cli.merged import effect_lines
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit
from jzdesk.cli.transfers import transfers
from jzdesk.core.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    lists = (divisions, schools, learn_standards)
    letters = (requests, certify, certificates, renew, receipts, slip, return_, export_keys, missing)
    trust = (revoke, reinstate, revocations, keys, rotate_keys, key_notice, clocks, state_clock)
    ours = (*escrow.COMMANDS, *database.COMMANDS, *erasing.COMMANDS)
    group(app, "county", "县教育局。", *lists, *letters, *trust, *ours, transfers=transfers)
    add_all(app, duplicates, settle, conflicts, resolve)
    group(app, "same", "判定为同一人的学生记录。", strike, put_back, reopen, list=groups)


def divisions(path: Path) -> None:
    """导入行政区划名单（CSV）。"""
    learned = state.services().county.learn_divisions(path)
    emit(learned, f"读入 {learned.read} 条，新增 {learned.added}，更改 {learned.changed}。")


def schools(path: Path) -> None:
    """导入学校名单（CSV）。"""
    learned = state.services().county.learn_schools(path)
    emit(learned, f"读入 {learned.read} 条，新增 {learned.added}，更改 {learned.changed}。")


def learn_standards() -> None:
    """装入内置的资助项目和标准。"""
    emit(state.services().standards.learn(), "资助项目和标准已装入。")


def requests(folder: Path) -> None:
    """查看 U 盘上的证书申请和校验字。"""
    columns = (("path", "文件"), ("code", "代码"), ("name", "学校"), ("fingerprint", "校验字"), ("sentence", "问题"))
    emit(state.services().county.requests(state.there(folder)), "", columns)


def certify(path: Path, to: To) -> None:
    """为一份申请发证。"""
    written = state.services().county.issue(path, state.stick(to))
    emit({"path": written}, f"证书已写到 {written}。")


def certificates() -> None:
    """列出已发的证书。"""
    columns = (
        ("serial", "序号"),
        ("name", "学校"),
        ("device", "设备"),
        ("issued", "发证日期"),
        ("expires", "有效期至"),
        ("state_label", "状态"),
    )
    emit(state.services().county.issued(), "", columns)


def renew(
    to: To, device: Annotated[str | None, typer.Argument(help="设备编号；不写就续发全部快到期和已到期的")] = None
) -> None:
    """给同一台电脑续发证书（快到期的，写回执时也会自动带去）。"""
    county = state.services().county
    folder = state.stick(to)
    written = [county.renew(device, folder)] if device else county.renew_due(folder)
    emit(written, f"已写 {len(written)} 张新证书，请学校在“数据交换”里装入。")


Computer = Annotated[str, typer.Argument(help="设备编号，或它的证书序号")]


def revoke(
    computer: Computer,
    reason: Annotated[str, typer.Option(help="理由，会写进回执")] = "",
    upto: Annotated[str, typer.Option(help="认到哪里：now 到现在收到的，none 一条不认，或一个包标识")] = "now",
    look: Annotated[bool, typer.Option("--look", help="只看会撤下什么，和可选的截止处")] = False,
) -> None:
    """吊销一台电脑：截止处以后的记录不计入台账。"""
    service = state.services().revoking
    if look:
        seen, choices = service.look(computer, upto), service.choices(computer)
        lines = [f"会撤下 {seen.entries} 条已计入的记录。", *effect_lines(seen.effects)]
        lines += [f"可选 --upto {one.key}：{one.label}" for one in choices]
        emit({"look": seen, "choices": choices}, "\n".join(lines))
        return
    moved = service.revoke(computer, reason, upto)
    emit({"computer": computer, "entries": moved}, f"已吊销，撤下 {moved} 条。误吊销的可以 jz county reinstate 撤销。")


def reinstate(
    computer: Computer,
    reason: Annotated[str, typer.Option(help="理由")] = "",
    look: Annotated[bool, typer.Option("--look", help="只看会恢复什么")] = False,
) -> None:
    """撤销吊销：这台电脑的记录原样回来。"""
    service = state.services().revoking
    if look:
        seen = service.look_back(computer)
        emit(seen, "\n".join([f"会恢复 {seen.entries} 条。", *effect_lines(seen.effects)]))
        return
    moved = service.reinstate(computer, reason)
    emit({"computer": computer, "entries": moved}, f"已撤销吊销，恢复 {moved} 条。")


def revocations() -> None:
    """列出吊销过的电脑。"""
    columns = (
        ("device", "设备"), ("name", "学校"), ("when", "吊销时间"), ("reason", "理由"), ("trusted", "认可"),
        ("beyond", "不计入"), ("undone", "撤销时间"),
    )  # fmt: skip
    emit(state.services().revoking.listed(), "", columns)


def clocks() -> None:
    """时钟快过的电脑：快多少、何时起、多少条在等、县里说明过多少。"""
    columns = (
        ("device", "设备"), ("school", "学校"), ("ahead_hours", "快几小时"), ("since", "最早收到"),
        ("waiting", "等待条数"), ("stated", "已说明小时"),
    )  # fmt: skip
    found, named = state.services().clocks.listed(), state.school_namer()
    if state.current().json:
        emit(found)
    else:
        emit([replace(one, school=named(one.school)) for one in found], "", columns)


def state_clock(
    device: str,
    hours: Annotated[int, typer.Option(help="那台电脑的时钟快几小时")],
    reason: Annotated[str, typer.Option(help="理由")],
) -> None:
    """说明一台电脑的时钟快多少：因此在等的记录全部采纳，以后在这个偏差内不再拦下。"""
    admitted = state.services().clocks.state(device, hours, reason)
    emit({"device": device, "entries": admitted}, f"已采纳 {admitted} 条。")


def keys() -> None:
    """县里现在和以前的密钥（校验字）。"""
    found = state.services().rotating.look()
    lines = [f"现在：{found.fingerprint}", *(f"用到 {day}：{words}" for words, day in found.earlier)]
    emit(found, "\n".join(lines))


def rotate_keys(
    yes: Annotated[bool, typer.Option("--yes", help="知道密钥在工作站文件夹里，换后会马上备份或另存")] = False,
) -> None:
    """换县密钥：由现在的密钥签名交接，学校读回执就换过来。"""
    if not yes:
        raise UserError(
            "换县密钥要先想清楚",
            "新旧密钥在工作站文件夹（device.key、county-keys）里；没有托管钥匙的，备份不能代替它。明白后加 --yes。",
        )
    found = state.services().rotating.rotate()
    then = "请马上备份（没有托管钥匙的，另存整个工作站文件夹），再写回执或 jz county key-notice。"
    emit(found, f"已换，新校验字 {found.fingerprint}。{then}")


def key_notice(to: To) -> None:
    """把换密钥的通知写到 U 盘，给没有回执的学校。"""
    written = state.services().rotating.write(state.stick(to))
    emit({"path": written}, f"已写到 {written}，学校用 jz read-receipts 读取。")


def receipts(to: To) -> None:
    """为每台报过数据的电脑写回执。"""
    written = state.services().county.write_receipts(state.stick(to))
    emit(written, f"已写 {len(written)} 份回执，可以拔出 U 盘。")


def slip(device: str, path: Annotated[Path, typer.Argument(help="PDF 文件")]) -> None:
    """打印一页回执单（回执 U 盘丢失时用）。"""
    state.services().slips.write(device, path)
    emit({"path": path}, f"回执单已写到 {path}。")


def return_(device: str, to: To) -> None:
    """把一台电脑报过的全部数据送还给它（数据库丢失或从旧备份恢复以后）。"""
    written = state.services().county.return_entries(device, state.stick(to))
    emit(written, f"已写 {len(written)} 个文件，请学校在“数据交换”里读取。")


def export_keys(
    to: To,
    with_identity: Annotated[
        bool, typer.Option("--with-identity", help="连同能打开所有数据包的私钥，务必妥善保管")
    ] = False,
) -> None:
    """写出外人核验数据包所需的县站公钥（审计用）。"""
    written = state.services().county.export_keys(to, with_identity=with_identity)
    warning = "其中 county.identity 能打开本县所有数据包，用完请立即销毁。" if with_identity else ""
    emit(written, f"已写到 {'、'.join(path.name for path in written)}。{warning}")


def missing(
    days: Annotated[int | None, typer.Option(help="超过几天没有上报算逾期；不给则按本站的设定")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="把 --days 作为本站的设定保存")] = False,
    every: Annotated[bool, typer.Option("--all", help="连正常的学校一起列出")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="另写一份打电话用的名单（.pdf 或 .xlsx）")] = None,
) -> None:
    """各校上报情况，最久没有上报的在前；有学校逾期时退出码是 1。"""
    service = state.services().reporting
    if days is not None and keep:
        service.set_limit(days)
    seen = service.overview(days)
    lines = [line for line in seen.lines if every or line.state != "good"]
    columns = (
        ("name", "学校"), ("state_label", "情况"), ("sentence", "说明"), ("last", "最近上报"), ("number", "包号"),
        ("entries", "条数"), ("head", "校长"), ("phone", "联系电话"),
    )  # fmt: skip
    emit(lines, f"共 {len(seen.lines)} 所学校，超过 {seen.limit} 天没有上报的 {len(seen.overdue)} 所。", columns)
    if to is not None:
        service.write(to, everybody=every, limit=days)
    if seen.overdue:
        raise typer.Exit(1)


def duplicates() -> None:
    """同一证件号在多校登记的学生。"""
    found = state.services().settling.duplicates()
    lines = [
        f"{one.id_number}：" + "　".join(f"{side.school} {side.name} {side.uid}" for side in one.sides) for one in found
    ]
    emit(found, "\n".join(lines) or "没有重复。")


def settle(
    first: str,
    second: str,
    same: Annotated[bool, typer.Option("--same/--distinct", help="是同一人，或不是同一人")],
    reason: Annotated[str, typer.Option(help="理由")],
) -> None:
    """判定两条学生记录是不是同一人。"""
    state.services().settling.settle(first, second, same=same, reason=reason)
    emit({"first": first, "second": second, "same": same}, "已判定。")


def groups() -> None:
    """列出判定为同一人的记录，需要处理的在前。"""
    found = state.services().settling.groups()
    lines = []
    for one in found:
        lines.append(f"{one.id_number} {one.state_label}{'：' + one.problem if one.problem else ''}")
        lines += [f"  {side.school} {side.name} {side.grade} {side.status} 记录 {side.uid} 学籍 {side.enrolment}"
                  for side in one.sides]  # fmt: skip
    emit(found, "\n".join(lines) or "没有判定为同一人的记录。")


def strike(enrolment: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """注销一边的学籍（同一名学生在两校有学籍时）。"""
    state.services().settling.strike(enrolment, reason)
    emit({"enrolment": enrolment}, "已注销，学校读取回执后可以看到。")


def put_back(enrolment: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """恢复注销的学籍。"""
    state.services().settling.put_back(enrolment, reason)
    emit({"enrolment": enrolment}, "已恢复。")


def reopen(first: str, second: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """撤销同一人的判定。"""
    state.services().settling.reopen(first, second, reason)
    emit({"first": first, "second": second}, "判定已撤销。")


def conflicts() -> None:
    """同一栏有不同填法、等待裁定的记录。"""
    found, named = state.services().settling.conflicts(), state.school_namer()
    lines = []
    for one in found:
        told = [f"{value.shown}（{value.who} {value.when} {named(value.station)}）" for value in one.values]
        if one.field == "*":
            words = f"[0] 恢复这条记录；[1] 保持作废。修改：{told[0]}；作废：{told[1]}"
        else:
            words = "；".join(f"[{i}] {text}" for i, text in enumerate(told))
        lines.append(f"{one.entity} {one.uid} {one.field}：{one.title} {one.field_label} {words}")
    emit(found, "\n".join(lines) or "没有待裁定的填法。")


def resolve(
    entity: str, uid: str, field: str, choice: Annotated[int, typer.Argument(help="采用第几种填法，从 0 起")]
) -> None:
    """裁定一栏采用哪种填法；栏目是 * 时，0 恢复这条记录，1 保持作废。"""
    settling = state.services().settling
    line = next((one for one in settling.conflicts() if (one.entity, one.uid, one.field) == (entity, uid, field)), None)
    if line is None:
        raise UserError("这一栏没有待裁定的填法", "用 jz conflicts 查看。")
    if not 0 <= choice < len(line.values):
        raise UserError("没有这一种填法", f"请写 0 到 {len(line.values) - 1}，用 jz conflicts 查看。", str(choice))
    if field == "*" and choice:
        settling.stay_void(entity, uid)
    else:
        settling.resolve(entity, uid, field, line.values[choice].value)
    emit({"uid": uid, "field": field}, "已裁定。")
