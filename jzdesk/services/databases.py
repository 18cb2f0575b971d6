"""数据库: where a county keeps its data, in the station's encrypted file or on a PostgreSQL server, and moving it.

Either way everything is copied and proved equal first; only then is the station switched over, at one stroke.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.errors import UserError
from jzdesk.services.context import Context
from jzdesk.services.disk import files
from jzdesk.store import location
from jzdesk.store.databases import Database, FileDatabase

if TYPE_CHECKING:
    from jzdesk.store.carrying import Carried
    from jzdesk.store.server import Server

FILE, SERVER = "file", "server"
LABELS = {FILE: "本机加密文件", SERVER: "PostgreSQL 服务器"}
# What a person must have read before a county's data lies on a server (decision 20).
WARNING = (
    "服务器上的数据不由本软件加密：请确认服务器的硬盘已加密、只有授权的人能登录，并且连接使用 TLS"
    "（地址末尾加 ?sslmode=require）。本站的签名钥匙和密码仍在本机。"
)
Progress = Callable[[int, int, str], None]  # (done, of how many, what is done); may raise to stop


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data is now; `shown` is a path, or an address without its password."""

    kind: str
    label: str
    shown: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A server that answers: its version, whether the line is encrypted (or stays on this machine)."""

    shown: str
    version: str
    encrypted: bool
    here: bool

    @property
    def sentence(self) -> str:
        """What to tell the person."""
        line = "在本机，不经网络" if self.here else "已加密" if self.encrypted else "没有加密"
        return f"可以连接：PostgreSQL {self.version.split()[0]}，数据库是空的，连接{line}。"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was carried, and the digest of the station before and after (they are equal)."""

    place: Place
    tables: int
    rows: int
    digest: str
    seconds: float


class DatabaseService:
    """Where the county's data is."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def place(self) -> Place:
        """Where the data is now."""
        database = self._context.store.database
        if isinstance(database, FileDatabase):
            return Place(FILE, LABELS[FILE], str(database.path))
        return Place(SERVER, LABELS[SERVER], str(database))

    def try_server(self, address: str, password: str | None = None) -> Tried:
        """Look whether the data can move to this server; raises UserError and StationFault in words."""
        self._only_county()
        server = self._server(address, password)
        looked = server.look()
        if looked.problem is not None:
            raise looked.problem
        return Tried(str(server), looked.version, looked.encrypted, looked.here)

    def use_server(self, address: str, password: str | None = None, progress: Progress | None = None) -> Moved:
        """Move to an empty database on a server; the file is kept as it was. Raises UserError and StationFault.

        Nobody can write meanwhile. `progress` may raise to stop: then nothing has changed.
        """
        self.try_server(address, password)
        if self.place().kind == SERVER:
            raise UserError(
                "本站已经在用服务器上的数据库", "要换一台服务器，请先用 jz county use sqlite 搬回文件。", "数据库"
            )
        server, context = self._server(address, password), self._context

        def switch() -> Database:
            location.seal(context.folder, context.key, server.url.render_as_string(hide_password=False))
            return server

        return self._move(server, switch, progress)

    def use_file(self, progress: Progress | None = None) -> Moved:
        """Move back into the station's encrypted file; the one that lay there is set aside, the server's data stays."""
        self._only_county()
        if self.place().kind == FILE:
            raise UserError("本站用的就是本机的加密文件", "不需要搬动。", "数据库")
        context, home = self._context, self._context.folder
        fresh = FileDatabase(home.path / f"jzdesk.{secrets.token_hex(4)}.part", context.key)

        def switch() -> Database:
            with files("换上新的数据库文件"):
                set_aside(home.path, "jzdesk.db", "jzdesk.db-wal", "jzdesk.db-shm", home.server.name)
                fresh.path.replace(home.database)
            return FileDatabase(home.database, context.key)

        try:
            return self._move(fresh, switch, progress)
        finally:
            for end in ("", "-wal", "-shm"):
                fresh.path.with_name(fresh.path.name + end).unlink(missing_ok=True)

    def _move(self, fresh: Database, switch: Callable[[], Database], progress: Progress | None) -> Moved:
        begun = dt.datetime.now(dt.UTC)
        carried: Carried = self._context.store.move(fresh, switch, progress or _silent)
        seconds = (dt.datetime.now(dt.UTC) - begun).total_seconds()
        return Moved(self.place(), carried.tables, carried.rows, carried.verified.digest, round(seconds, 1))

    def _server(self, address: str, password: str | None) -> Server:
        driver()
        from jzdesk.store.server import Server, read_url

        return Server(read_url(address, password), self._context.key, self._context.actor.account)

    def _only_county(self) -> None:
        if self._context.info.kind != "county":
            raise UserError("只有县教育局的工作站能把数据放在服务器上", "学校和乡镇用本机的加密文件。", "数据库")


def driver() -> None:
    """Raise UserError where the program was installed without what speaks to PostgreSQL."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise UserError(
            "没有安装 PostgreSQL 的驱动", "请安装带县级组件的软件包（pip install jzdesk[county]）。", "数据库"
        ) from None


def set_aside(folder: Path, *names: str) -> Path:
    """Move what of these files is there into a folder of its own; returns it. Raises OSError."""
    stamp = dt.datetime.now(dt.UTC).astimezone().strftime("%Y%m%d_%H%M%S")
    aside = folder / f"replaced-{stamp}-{os.urandom(2).hex()}"
    aside.mkdir()
    for name in names:
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    return aside


def _silent(_done: int, _total: int, _what: str) -> None:
    """Nobody watches."""
