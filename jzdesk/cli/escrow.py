"""Commands for the county's key on paper: draw and print it, use it, check it."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.output import emit
from jzdesk.core.errors import UserError

KeyFile = Annotated[Path | None, typer.Option("--key-file", help="存放托管钥匙的文件；不给就照纸输入")]


def paper_key(file: Path | None) -> str:
    """The key in a file, else as it is typed, unseen; raises UserError when there is no way to ask."""
    if file is not None:
        return state.read_secret(file, "托管钥匙")
    if not sys.stdin.isatty():
        raise UserError("没有给出托管钥匙", "请用 --key-file 指明存放它的文件。", "托管钥匙")
    return getpass.getpass("托管钥匙：")


def escrow() -> None:
    """托管钥匙：有没有、编号、哪天起用。"""
    found = state.services().escrow.look()
    emit(found, f"托管钥匙 {found.mark}，{found.since} 起用。" if found.mark else "还没有托管钥匙。")


def new_escrow(sheet: Annotated[Path, typer.Argument(help="钥匙单（PDF）写到哪里")]) -> None:
    """生成一把托管钥匙并写出钥匙单；印好、照纸输入（set-escrow）以后才启用。"""
    service = state.services().escrow
    key = service.draw()
    service.print_sheet(key, sheet)
    said = f"钥匙单（编号 {key.mark}）已写到 {sheet}。印好后请删掉这个文件，再照纸输入：jz county set-escrow。"
    emit({"mark": key.mark, "sheet": sheet}, said)


def set_escrow(key_file: KeyFile = None) -> None:
    """启用托管钥匙：以后的数据包也加密给它，县密钥的托管副本随每次备份带走。"""
    found = state.services().escrow.adopt(paper_key(key_file))
    emit(found, f"托管钥匙 {found.mark} 已启用。请立即备份一次，再写回执告诉各校。")


def check_escrow(key_file: KeyFile = None) -> None:
    """核对纸上的托管钥匙能不能打开县密钥。"""
    found = state.services().escrow.check(paper_key(key_file))
    emit(found, f"能用：托管钥匙 {found.mark}，{found.since} 起用。")


COMMANDS = (escrow, new_escrow, set_escrow, check_escrow)
