"""Commands about the station itself: make it, look at it, recover it, verify it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, init, info, accounts, recover, verify, home, term)
    group(app, "account", "账户、密码和恢复钥匙。", add_account, change_password, remove_account, new_recovery_key)


def init(
    kind: Annotated[str, typer.Option(help="school、township 或 county")],
    code: Annotated[str, typer.Option(help="学校标识码（10 位）或县行政区划代码（6 位）")],
    name: Annotated[str, typer.Option(help="单位全称")],
    account: Annotated[str, typer.Option(help="第一个账户名")] = "录入员",
) -> None:
    """新建工作站；恢复钥匙只显示这一次。"""
    from jzdesk.services.stations import create_station

    made = create_station(state.folder(), kind=kind, code=code, name=name, account=account, password=state.password())
    emit(made, f"工作站已建在 {made.folder}\n恢复钥匙（请抄下或打印，只显示这一次）：{made.recovery_key}")


def info() -> None:
    """显示本站的种类、代码和证书情况。"""
    found = state.services().info
    certified = "已有证书" if found.certified else "还没有证书"
    emit(found, f"{found.name}（{found.code}），设备 {found.device}，{certified}。")


def accounts() -> None:
    """列出账户。"""
    from jzdesk.services import stations

    names = stations.accounts(state.folder())
    emit(names, "\n".join(names))


def recover(
    recovery_key_file: Annotated[Path, typer.Option(help="存放恢复钥匙的文件")],
    account: Annotated[str, typer.Option(help="要重设密码的账户")],
) -> None:
    """用恢复钥匙重设密码；新密码取自 --password-file。"""
    from jzdesk.services import stations

    key = state.read_secret(recovery_key_file, "恢复钥匙").strip()
    stations.recover(state.folder(), key, account, state.password())
    emit({"account": account}, f"账户“{account}”的密码已重设。")


def verify() -> None:
    """由变更日志重算所有表并比较。"""
    report = state.services().verify()
    shown = {
        "ok": report.ok,
        "entries": report.entries,
        "students": report.students,
        "conflicts": report.conflicts,
        "duplicate_cases": report.duplicate_cases,
        "digest": report.digest,
    }
    verdict = "各表与变更日志一致" if report.ok else f"有 {len(report.differences)} 处与变更日志不一致"
    emit(shown, f"{verdict}：{report.entries} 条变更，{report.students} 名学生。\n{report.digest}")
    if not report.ok:
        raise typer.Exit(2)


def home() -> None:
    """今天要做的事。"""
    summary = state.services().home.summary()
    emit(summary, "", ()) if state.current().json else emit(summary.todos, "", (("count", "数量"), ("label", "待办")))


def term(value: Annotated[str | None, typer.Argument(help="例如 2025-2026-1")] = None) -> None:
    """显示或设定工作学期。"""
    services = state.services()
    if value:
        services.choose_term(value)
    chosen = services.context.term()
    emit({"term": str(chosen)}, chosen.label)


NewPassword = Annotated[Path, typer.Option("--new-password-file", help="存放新密码的文件")]


def add_account(name: str, new_password_file: NewPassword) -> None:
    """新增一个账户。"""
    state.services().accounts.add(name, state.read_secret(new_password_file))
    emit({"account": name}, f"账户“{name}”已新增。")


def change_password(new_password_file: NewPassword) -> None:
    """修改登录账户的密码；原密码取自 --password-file。"""
    state.services().accounts.change_password(state.password(), state.read_secret(new_password_file))
    emit({"account": state.services().actor.account}, "密码已修改。")


def remove_account(name: str) -> None:
    """删除一个账户；它录入的内容保留。"""
    state.services().accounts.remove(name)
    emit({"account": name}, f"账户“{name}”已删除。")


def new_recovery_key() -> None:
    """换一把新的恢复钥匙，旧的作废；只显示这一次。"""
    key = state.services().accounts.renew_recovery_key()
    emit({"recovery_key": key}, f"新的恢复钥匙（请抄下或打印，只显示这一次）：{key}")
