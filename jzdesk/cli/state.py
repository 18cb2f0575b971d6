"""What the options before the command say: which station, whose password, and how to print."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.errors import UserError

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services


@dataclass(slots=True)
class State:
    """The options common to all commands, and the open station once one was needed."""

    station: Path | None = None
    password_file: Path | None = None
    account: str | None = None
    json: bool = False
    services: Services | None = None


_state = State()


def current() -> State:
    """The state of this run."""
    return _state


def reset() -> None:
    """Forget everything: a process can run several commands (tests do)."""
    global _state
    if _state.services is not None:
        _state.services.close()
    _state = State()


def folder() -> Path:
    """The station's folder: as given, else the usual place."""
    from jzdesk.services.stations import default_folder

    return _state.station or default_folder()


def password() -> str:
    """From the password file, else asked for; raises UserError when there is no way to ask."""
    if _state.password_file is None:
        if not sys.stdin.isatty():
            raise UserError("没有给出密码", "请用 --password-file 指明存放密码的文件。", "登录")
        return getpass.getpass("密码：")
    return read_secret(_state.password_file)


def read_secret(path: Path, what: str = "密码") -> str:
    """The password (or `what`) in a file; raises UserError when it cannot be read."""
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except OSError:
        raise UserError(f"存放{what}的文件读不了", "请检查命令里写的路径。", str(path)) from None
    except UnicodeDecodeError:
        raise UserError(f"存放{what}的文件不是文本", f"请把{what}存成 UTF-8 文本文件。", str(path)) from None


def there(path: Path) -> Path:
    """A file or folder to read; raises UserError when it is not there."""
    if not path.exists():
        raise UserError("找不到这个文件或文件夹", "请检查路径，U 盘是否插好。", str(path))
    return path


def stick(to: Path) -> Path:
    """A folder of the stick that is about to be written, rid of what a killed export had left there."""
    if cleared := services().exchange.tidy(to):
        print(f"U 盘上有先前中断的导出留下的 {len(cleared)} 个未写完的文件，已清除。", file=sys.stderr)
    return to


def services() -> Services:
    """The open station; opened at the first call."""
    from jzdesk.services.stations import open_station

    if _state.services is None:
        _state.services = open_station(folder(), password(), _state.account)
    return _state.services


def school_namer() -> Callable[[str], str]:
    """School code (or "county") → name, for sentences; what has none keeps its code, and so does `--json`."""
    info = services().info
    named = {**dict(services().ledger.schools()), "county": info.name if info.kind == "county" else "县教育局"}
    return lambda code: named.get(code, code)
