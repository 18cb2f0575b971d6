"""`jz demo`: plays one term on a folder of workbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli.output import emit, progress


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    data: Annotated[Path, typer.Option(help="样例文件夹")],
    out: Annotated[Path, typer.Option(help="结果文件夹（会先清空旧的演练结果）")],
) -> None:
    """演练一个学期：建站、发证、导入、比对、认定、发放、打印、上报、合并、回执、核对。"""
    from jzdesk.services.rehearsal import play

    with progress("演练") as bar:
        summary = play(data, out, progress=bar)
    county = summary["county"]
    emit(
        summary,
        f"演练完成：{len(summary['schools'])} 所学校，县里 {county['students']} 名学生，"
        f"重复登记 {county['duplicate_cases']} 例。结果见 {out / 'summary.json'}。",
    )
