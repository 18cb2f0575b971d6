"""The `jz` program: options, groups of commands, and the three kinds of failure as exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from jzdesk import __version__
from jzdesk.cli import (
    aid,
    backups,
    bulk,
    chinese,
    county,
    exchange,
    fill,
    lists,
    merged,
    people,
    records,
    rehearse,
    roll,
    sheets,
    state,
    station,
    township,
    transfers,
    work,
)
from jzdesk.core.errors import StationFault, UserError, ValueFault

DONE, PERSON, MACHINE, OURS = 0, 1, 2, 3
app = typer.Typer(
    help="教育帮扶台账：命令行。", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
for part in (
    station, backups, records, bulk, people, roll, transfers, sheets, fill, work, aid, exchange, merged, county,
    township, rehearse, lists,
):  # fmt: skip
    part.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    station_folder: Annotated[Path | None, typer.Option("--station", help="工作站文件夹")] = None,
    password_file: Annotated[Path | None, typer.Option("--password-file", help="存放密码的文件")] = None,
    account: Annotated[str | None, typer.Option("--account", help="账户名；只有一个账户时可省")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="显示版本")] = False,
) -> None:
    """教育帮扶台账。"""
    now = state.current()
    now.station, now.password_file, now.account = station_folder, password_file, account


@cache
def _program() -> Callable[..., Any]:
    """All commands, read from their signatures once: of two hundred that takes longer than most of them do."""
    program = typer.main.get_command(app)
    chinese.explain(program)
    return program


def _program_for(argv: list[str]) -> Callable[..., Any]:
    program = _program()
    if chinese.asks_for_help(program, argv):
        chinese.translate(program)
    return program


def run(argv: list[str]) -> int:
    """Run one command; see `jzdesk.cli.main` for the exit codes."""
    state.reset()
    if "--json" in argv:
        argv = [word for word in argv if word != "--json"]
        state.current().json = True
    try:
        code = _program_for(argv)(argv, standalone_mode=False)
        return code if isinstance(code, int) else DONE
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _say("已取消，没有改动。", PERSON)
    except (UserError, ValueFault) as fault:
        return _say(fault.sentence(), PERSON)
    except StationFault as fault:
        return _say(fault.sentence(), MACHINE)
    except TyperException as wrong:
        return _say(chinese.wrong(wrong), PERSON)
    except Exception:
        logging.getLogger("jzdesk").exception("unexpected failure")
        return _say("程序出错了，数据没有改动。请把上面的信息发给维护人员。", OURS)
    finally:
        state.reset()


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(sentence, file=sys.stderr)
    return code
