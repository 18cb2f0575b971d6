"""`jz county use` and `jz county database`: where the county's data is, and moving it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.output import emit, progress
from jzdesk.core.errors import UserError

_FILE = "sqlite"
ServerPassword = Annotated[
    Path | None, typer.Option("--server-password-file", help="存放数据库密码的文件；不给时用地址里的或 ~/.pgpass")
]


def use(
    where: Annotated[
        str, typer.Argument(help="postgresql+psycopg://用户@服务器/数据库；搬回本机文件写 sqlite", show_default=False)
    ],
    server_password_file: ServerPassword = None,
    yes: Annotated[bool, typer.Option("--yes", help="已知道：服务器上的数据不由本软件加密")] = False,
) -> None:
    """把县站的数据搬到 PostgreSQL 服务器，或搬回本机的加密文件。"""
    databases = state.services().databases
    if where == _FILE:
        with progress("搬回文件") as bar:
            moved = databases.use_file(bar)
        kept = "原来的文件在 replaced- 开头的文件夹里，服务器上的数据没有删除，但不再使用。"
    else:
        password = _secret(server_password_file)
        tried = databases.try_server(where, password)
        _agree(tried.sentence, yes=yes)
        with progress("搬到服务器") as bar:
            moved = databases.use_server(where, password, bar)
        kept = "原来的文件没有改动，留在工作站文件夹里。"
    done = f"已搬到{moved.place.label}（{moved.place.shown}）：{moved.tables} 张表 {moved.rows:,} 行，逐表核对一致"
    emit(moved, f"{done}，用时 {moved.seconds} 秒。{kept}\n{moved.digest}")


def database() -> None:
    """县站的数据现在放在哪里。"""
    place = state.services().databases.place()
    emit(place, f"{place.label}：{place.shown}")


def relocate(
    where: Annotated[str, typer.Argument(help="新的地址：postgresql+psycopg://用户@服务器/数据库")],
    server_password_file: ServerPassword = None,
) -> None:
    """服务器换了地址、用户或密码：改用新的地址。不复制数据，里面必须就是本站的数据。"""
    from jzdesk.services import relocating

    now, secret = state.current(), _secret(server_password_file)
    shown = relocating.relocate(state.folder(), state.password(), now.account, where, secret)
    emit({"shown": shown}, f"已改用 {shown}。")


COMMANDS = (use, database, relocate)


def _secret(file: Path | None) -> str | None:
    return state.read_secret(file, "数据库密码") if file else None


def _agree(sentence: str, *, yes: bool) -> None:
    """Have the person say that the server is kept safe by others; raises UserError."""
    from jzdesk.services.databases import WARNING

    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("还没有确认服务器的安全由谁负责", f"{WARNING}确认后加上 --yes 再运行。", "服务器")
    typer.echo(f"{sentence}\n{WARNING}", err=True)
    typer.confirm("确认并搬过去？", abort=True, err=True)
