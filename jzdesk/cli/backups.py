"""Commands for backups: make one, list them, put one back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.erasing import clear_copies
from jzdesk.cli.escrow import KeyFile, paper_key
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit

_COLUMNS = (("name", "文件"), ("made", "备份时间"), ("entries", "变更条数"), ("size", "字节"), ("problem", "问题"))


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="备份与恢复。", no_args_is_help=True)
    add_all(group, make, list_, restore, move_in, clear_copies)
    app.add_typer(group, name="backup")


def make(
    to: Annotated[Path | None, typer.Option(help="另存到这个文件夹（例如 U 盘）；默认放在工作站旁边")] = None,
) -> None:
    """立即备份一次。"""
    made = state.services().backups.make(to)
    emit(made, f"已备份到 {made.path}（{made.entries:,} 条变更）。")


def list_() -> None:
    """列出工作站旁边的备份。"""
    from jzdesk.services.backups import backups_of

    emit(backups_of(state.folder()), "", _COLUMNS)


def move_in(file: Annotated[Path, typer.Argument(help="备份文件")], key_file: KeyFile = None) -> None:
    """电脑坏了、密钥没了：把备份恢复到这台新电脑（--station 指定空文件夹）。

    学校和乡镇恢复后要重新申请证书；县站要纸上的托管钥匙，恢复后照旧使用。
    """
    from jzdesk.services import moving

    county = moving.is_county(file)
    typed = paper_key(key_file) if county else ""
    done = moving.move_in(state.folder(), file, state.password(), state.current().account, typed)
    then = "县密钥也回来了，学校不用重新申请证书。" if county else "请用 jz request 向县里申请新证书。"
    emit(done, f"已恢复到 {done.made} 的备份（{done.entries:,} 条变更）。{then}")


def restore(file: Annotated[Path, typer.Argument(help="备份文件")]) -> None:
    """用一份备份替换本站的数据库；现有数据库移到旁边的文件夹，不删除。"""
    from jzdesk.services import backups

    done = backups.restore(state.folder(), file, state.password(), state.current().account)
    emit(done, f"已恢复到 {done.made} 的备份（{done.entries:,} 条变更）。原来的数据库在 replaced- 开头的文件夹里。")
