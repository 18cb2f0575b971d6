"""Commands for erasure by law: look and erase, see how far it has got, and clear copies that still hold it."""

from __future__ import annotations

from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.bulk import Yes
from jzdesk.cli.output import emit

_RECORDS = (
    ("label", "台账"),
    ("title", "记录"),
    ("entries", "条数"),
    ("fields", "删除的栏目"),
    ("stays", "保留的原因"),
)
_ERASURES = (
    ("label", "台账"), ("uid", "编号"), ("title", "记录"), ("fields", "内容"), ("entries", "条数"), ("when", "时间"),
    ("who", "办理人"),
    ("ground", "依据"), ("heard", "各校"), ("waiting", "还没删的学校"), ("again", "之后又有写入"),
)  # fmt: skip


def erase(
    uid: Annotated[str, typer.Argument(help="学生（或别的记录）的编号")],
    ground: Annotated[str, typer.Option(help="依据和申请文号，不要写姓名；会随回执发到有关学校")] = "",
    fields: Annotated[
        list[str] | None, typer.Option("--field", help="只删这一栏（代码，可以写几次）；不写就整条删除")
    ] = None,
    ledger: Annotated[str, typer.Option(help="台账（代码），不是学生时写明")] = "student",
    yes: Annotated[bool, typer.Option("--yes", help="真的删除，不能恢复；不加只查看会删什么")] = False,
) -> None:
    """依法删除一名学生的个人信息（或一条记录、几栏内容）：县里和有关学校都删，会计凭证保留。

    先查看，加 --yes 才删除；删除后不能恢复。
    """
    erasures = state.services().erasures
    if not yes:
        look = erasures.look(ledger, uid, fields)
        schools = "、".join(look.schools) or "没有"
        goes, stays = len(look.going), len(look.staying)
        said = f"{look.title}：将删除 {goes} 条记录的内容（{look.entries} 条变更），保留 {stays} 条。"
        emit(look if state.current().json else (*look.going, *look.staying), f"{said}有关学校：{schools}。", _RECORDS)
        return
    done = erasures.erase(ledger, uid, ground, fields)
    then = "请给有关学校写回执；旧备份用 jz backup clear-copies 清除。"
    emit(done, f"已删除 {done.records} 条记录的内容（{done.entries} 条变更）。{then}")


def erasures() -> None:
    """列出依法删除的记录，哪些学校还没有删。"""
    emit(state.services().erasures.listed(), "", _ERASURES)


def clear_copies(yes: Yes = False) -> None:
    """清除还含有依法删除内容的旧备份和移到一旁的旧数据库：先做一份新备份，再删旧的。"""
    erasures = state.services().erasures
    if not yes:
        found = erasures.old_copies()
        words = (
            f"要清除 {len(found.names)} 份：{'、'.join(found.names)}。加 --yes 才清除。"
            if found.names
            else "没有要清除的。"
        )
        emit(found, words)
        return
    done = erasures.clear_copies()
    emit(done, f"已做一份新备份，清除了 {len(done.names)} 份旧的。另存在 U 盘和别的电脑上的请自行销毁。")


COMMANDS = (erase, erasures)
