"""A station's tables on a PostgreSQL server: how to reach it, one writer at a time, and what it says when it fails."""

from __future__ import annotations

import platform
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.schema import CreateIndex, CreateTable

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Record
from jzdesk.store import engine as engines
from jzdesk.store import search
from jzdesk.store.carrying import carry
from jzdesk.store.databases import KEPT, FileDatabase, moved
from jzdesk.store.dialects import postgres
from jzdesk.store.tables import local

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

T = TypeVar("T")
WAIT = 10_000  # ms that a writer waits for the other one
LOCK = 0x6A7A6401  # the advisory lock of whoever writes; locks are of one database
_OLDEST = 130000
_NAMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_ALIVE = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3}
# The server, too, notices soon that a writer is gone, and gives the lock to the next.
_OPTIONS = (
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c client_min_messages=error"
)
_WHO = "jzdesk:"
_STATION = """
CREATE TABLE jzdesk_station (application BIGINT NOT NULL, schema BIGINT NOT NULL, moved TEXT);
INSERT INTO jzdesk_station (application, schema) VALUES ({application}, {schema});
"""
_HOLDER = (
    "SELECT a.application_name, to_char(a.xact_start, 'HH24:MI') FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objid = %s "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_REMEDIES = (  # what libpq and the server say → what helps
    ("password authentication failed", "用户名或密码不对，请核对后重试。"),
    ("no password supplied", "没有给出密码：请填上密码（命令用 --server-password-file），或写进 ~/.pgpass。"),
    ("no pg_hba.conf entry", "服务器不让这台电脑或这个用户连接，请管理员在 pg_hba.conf 里允许。"),
    ("does not support SSL|invalid sslmode|certificate", "请管理员在服务器上启用 TLS，或核对地址末尾的 sslmode。"),
    ('database "[^"]*" does not exist', "服务器上没有这个数据库，请核对地址末尾的数据库名，或请管理员先建好。"),
    ('role "[^"]*" does not exist', "服务器上没有这个用户，请核对地址里的用户名。"),
    ("resolve host|translate host name", "找不到这台服务器，请核对地址里的服务器名和网络。"),
    ("refused|timeout|timed out|unreachable", "服务器没有开、端口不对，或网络不通，请检查后重试。"),
    ("too many|remaining connection slots", "连接太多，请稍后再试，或请管理员增加 max_connections。"),
)
registry.register("postgresql.jzdesk", "jzdesk.store.dialects.postgres_sql", "StationDialect")


class Looked(NamedTuple):
    """What a server says of itself: its version, whether the line to it is encrypted, whether our tables fit in."""

    version: str
    encrypted: bool
    here: bool  # on this very machine: nothing goes over a network
    problem: UserError | None


class Server:
    """A database on a PostgreSQL server; `who` is what others are told when they wait for us."""

    def __init__(self, url: URL, key: bytes, who: str = "") -> None:
        self.url, self._key, self._who = url, key, who

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def engine(self, *, writing: bool) -> Engine:
        """The writing engine waits its turn at the beginning of every transaction; the other shows snapshots."""
        query = {"application_name": _named(self._who), "options": _OPTIONS, **self.url.query}
        engine = create_engine(
            self.url.set(drivername="postgresql+jzdesk", query=query),
            connect_args=_ALIVE if writing else {**_ALIVE, "prepare_threshold": None},
            isolation_level="READ COMMITTED" if writing else "REPEATABLE READ",
            execution_options={} if writing else {"postgresql_readonly": True},
            pool_size=1 if writing else 4,
            max_overflow=0 if writing else 8,
            pool_pre_ping=True,
        )
        event.listen(engine, "connect", lambda raw, _record: _prepare(raw))
        event.listen(engine, "handle_error", _let_go)
        if writing:
            event.listen(engine, "begin", _wait_for_turn)
        return engine

    def check(self, reader: Engine) -> int:
        """The schema of our tables on the server."""
        with reader.connect() as connection:
            if connection.exec_driver_sql("SELECT to_regclass('jzdesk_station')").scalar() is None:
                raise UserError("服务器上的这个数据库里没有本站的数据", "请核对服务器地址和数据库名。", str(self))
            station = connection.exec_driver_sql("SELECT application, schema, moved FROM jzdesk_station").one()
        if station.moved:
            raise UserError(
                f"本站的数据已于 {station.moved} 从服务器搬回文件", "请用搬回后的工作站文件夹打开。", str(self)
            )
        engines.check_schema(station.application, station.schema, str(self))
        return int(station.schema)

    def check_current(self, connection: Connection) -> None:
        """Somebody may have moved the station back into a file."""
        if connection.exec_driver_sql("SELECT moved FROM jzdesk_station").scalar_one():
            raise moved("文件")

    def settle(self, engine: Engine) -> None:
        """The server clears its own logs."""

    def leave(self, connection: Connection, when: str) -> None:
        """Note that the station has moved away: from now on nobody writes here."""
        connection.exec_driver_sql("UPDATE jzdesk_station SET moved = %s", (when,))

    def fill(self, put: Callable[[Connection], T]) -> T:
        """All tables and all rows in one transaction: the server shows all of it or nothing."""
        engine = self.engine(writing=True)
        try:
            with engine.begin() as connection:
                create(connection)
                done = put(connection)
                _count_on(connection)
                connection.exec_driver_sql("ANALYZE")
            return done
        finally:
            engine.dispose()

    def keep_copy(self, engine: Engine, schema: int) -> None:
        """Every table once more, in a schema of its own on the server; an older copy is not overwritten."""
        aside = f"jzdesk_v{schema}"
        with engine.begin() as connection:
            if connection.exec_driver_sql("SELECT to_regnamespace(%s)", (aside,)).scalar() is not None:
                return
            connection.exec_driver_sql(f'CREATE SCHEMA "{aside}"')
            for name in _tables(connection):
                connection.exec_driver_sql(f'CREATE TABLE "{aside}"."{name}" AS TABLE "{name}"')

    def mark_schema(self, connection: Connection, schema: int) -> None:
        """The schema stands in a table of its own."""
        connection.exec_driver_sql("UPDATE jzdesk_station SET schema = %s", (schema,))

    def copy_to(self, connection: Connection, target: Path) -> None:
        """Row by row into a file that opens as a station's."""
        FileDatabase(target, self._key).fill(lambda file: carry(connection, file))

    def fault(self, fault: DatabaseError) -> StationFault | None:
        """What the server could not do, in words."""
        return _fault(fault, self._place())

    def look(self) -> Looked:
        """Try the server: raises StationFault when it cannot be reached; `problem` when our tables cannot be there."""
        engine = self.engine(writing=False)
        try:
            with engine.connect() as connection:
                return _look(connection, str(self))
        except DatabaseError as fault:
            raise self.fault(fault) or fault from fault
        finally:
            engine.dispose()

    def _place(self) -> str:
        return f"{self.url.host or '本机'}:{self.url.port or 5432}"


def read_url(text: str, password: str | None = None) -> URL:
    """The address of a database as a person writes it; raises UserError. `password` takes the place of one in it."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise _no_url() from None
    if url.drivername not in _NAMES or not url.database:
        raise _no_url()
    for name in url.query:
        _check_option(name)
    return url.set(password=password) if password else url


def _no_url() -> UserError:
    return UserError(
        "数据库地址的写法不对",
        "请写成 postgresql+psycopg://用户名@服务器/数据库名，例如 …://jzdesk@10.0.0.5/jzdesk。",
        "地址",
    )


def _check_option(name: str) -> None:
    """What stands behind the `?` must be something that the driver knows."""
    from psycopg.conninfo import make_conninfo

    try:
        make_conninfo(f"{name}=x")
    except _driver().Error:
        raise UserError(
            f"数据库地址末尾的“{name}”看不懂", "请核对写法，例如 ?sslmode=require；不需要就去掉。", "地址"
        ) from None


def create(connection: Connection) -> None:
    """Make every table, index and guard."""
    postgres.script(connection, _schema())
    postgres.script(connection, _STATION.format(application=engines.APPLICATION_ID, schema=engines.SCHEMA))
    search.create(connection)


@cache
def _schema() -> str:
    """The statements that make everything SQLAlchemy knows of, and the guard."""
    from jzdesk.store.dialects.postgres_sql import StationDialect

    make: Any = StationDialect
    dialect = make()
    made = []
    for metadata in (Record.metadata, local):
        for table in metadata.sorted_tables:
            made.append(str(CreateTable(table).compile(dialect=dialect)))
            made += [str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    return ";\n".join(made) + ";\n" + postgres.GUARD


def _tables(connection: Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    return list(connection.exec_driver_sql(query).scalars())


def _count_on(connection: Connection) -> None:
    """Rows came with their numbers; new ones are numbered after them."""
    for table in local.sorted_tables:
        column = table._autoincrement_column
        if column is not None:
            sequence, name = "pg_get_serial_sequence(%s, %s)", f'"{column.name}"'
            text = f'SELECT setval({sequence}, (SELECT coalesce(max({name}), 0) + 1 FROM "{table.name}"), false)'
            connection.exec_driver_sql(text, (table.name, column.name))


def _prepare(raw: Any) -> None:
    """Sums of whole numbers are whole numbers, as everywhere."""
    from psycopg.types.numeric import IntLoader

    raw.adapters.register_loader("numeric", IntLoader)


def _let_go(failed: ExceptionContext) -> None:
    """SQLAlchemy leaves the cursor of a broken line open."""
    statement = failed.execution_context
    if failed.is_disconnect and statement is not None and statement.cursor is not None:
        with suppress(_driver().Error):
            statement.cursor.close()


def _wait_for_turn(connection: Connection) -> None:
    """Begin to write once nobody else does; StationFault, which says who writes, after `WAIT`."""
    from psycopg.errors import LockNotAvailable

    raw = postgres.raw(connection)
    try:
        raw.execute(f"SET LOCAL lock_timeout = {WAIT}; SELECT pg_advisory_xact_lock({LOCK})".encode())
    except LockNotAvailable:
        raw.rollback()
        holder = raw.execute(_HOLDER, (LOCK,)).fetchone()
        raw.rollback()
        raise _taken(holder) from None


def _taken(holder: tuple[str | None, str | None] | None) -> StationFault:
    name, since = holder or (None, None)
    who = _who(name or "") or "另一个窗口"
    told = f"，从 {since} 开始" if since else ""
    return StationFault(f"“{who}”正在并入或保存数据{told}，这一步没有轮到", KEPT, "请等对方做完，再试一次。")


def _named(who: str) -> str:
    """A name that PostgreSQL keeps as it is: 63 letters of ASCII."""
    told = f"{who}@{platform.node()}" if who else platform.node()
    return _WHO + urlsafe_b64encode(told.encode()[:39]).decode()


def _who(name: str) -> str:
    """Who goes by this name on the server."""
    if not name.startswith(_WHO):
        return name
    return urlsafe_b64decode(name.removeprefix(_WHO)).decode(errors="ignore")


def _look(connection: Connection, place: str) -> Looked:
    def ask(sql: str) -> Any:
        return connection.exec_driver_sql(sql).scalar()

    encrypted = bool(ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    here = ask("SELECT host(inet_client_addr())") in (None, "127.0.0.1", "::1")
    return Looked(str(ask("SHOW server_version")), encrypted, here, _problem(connection, ask, place))


def _problem(connection: Connection, ask: Callable[[str], Any], place: str) -> UserError | None:
    """Why our tables cannot be made there."""
    if int(ask("SHOW server_version_num")) < _OLDEST:
        return UserError("服务器上的 PostgreSQL 太旧", "请使用 13 或更新的版本。", place)
    if ask("SHOW server_encoding") != "UTF8":
        return UserError("这个数据库不是 UTF8 编码", "请用 createdb -E UTF8 -T template0 新建一个数据库。", place)
    if not ask("SELECT has_schema_privilege(current_schema(), 'CREATE')"):
        return UserError("这个用户不能在数据库里建表", "请让管理员把数据库的所有者改为这个用户。", place)
    if _tables(connection):
        return UserError("这个数据库里已经有别的数据", "请新建一个空的数据库再试；已有的数据没有改动。", place)
    return None


def _fault(fault: DatabaseError, place: str) -> StationFault | None:
    state = getattr(fault.orig, "sqlstate", None) or ""
    if fault.connection_invalidated or state[:2] in ("08", "57"):
        return StationFault(f"与数据库服务器 {place} 的连接断了", KEPT, "请检查网络和服务器，再试一次。")
    if state[:2] == "53":
        return StationFault("数据库服务器的磁盘或内存不够了", KEPT, "请让管理员清理服务器后重试。")
    if state == "25006":
        return StationFault("数据库服务器现在只能读", KEPT, "请让管理员检查服务器（可能连到了备机）。")
    if state == "55P03":
        return _taken(None)
    if isinstance(fault.orig, _driver().DataError):
        return StationFault("内容里有服务器存不下的字符（例如空字符）", KEPT, "请检查录入或导入的内容。")
    if isinstance(fault.orig, _driver().OperationalError):
        said = " ".join(str(fault.orig).split())
        return StationFault(f"数据库服务器 {place} 连不上或出错（{said[:200]}）", KEPT, _remedy(said))
    return None


def _remedy(said: str) -> str:
    """What to do about a connection that failed; of a server that speaks another language, everything there is."""
    return next(
        (remedy for part, remedy in _REMEDIES if re.search(part, said)), "请检查地址、用户名、密码和网络后重试。"
    )


def _driver() -> Any:
    import psycopg

    return psycopg
