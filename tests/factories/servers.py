"""A real PostgreSQL server for the tests, on loopback, in a temporary folder, as an unprivileged user.

One serves the whole run: whichever worker needs it first starts it. It ends when the process that runs the tests does.
Its texts sort as Chinese ones by default, so whatever we forget to order by code would be ordered otherwise.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from jzdesk.store.server import read_url

SAFE_USER, SAFE_PASSWORD = "guarded", "Fuwuqi@2025:/mima"  # the one who must say a password
_QUICK = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
    "wal_level": "minimal", "max_wal_senders": "0", "shared_buffers": "64MB", "max_connections": "80",
    "listen_addresses": "127.0.0.1", "log_min_messages": "fatal", "client_min_messages": "error",
}  # fmt: skip
_ACCESS = f"host all {SAFE_USER} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
_WATCH = 'while [ -d "/proc/$1" ]; do sleep 0.5; done; "$2/pg_ctl" -D "$3/data" -m immediate stop; rm -rf "$3"'
_numbers = itertools.count(1)
_watching: list[subprocess.Popen[bytes]] = []


class TestServer:
    """A server that takes databases; stop and start it to see what a lost server does."""

    __test__ = False

    def __init__(self, folder: Path, port: int, mine: Path) -> None:
        """`folder` and `port` of the server; `mine` is a folder for this process alone."""
        self.folder, self.port, self.mine = folder, port, mine
        self.made: list[str] = []

    def url(self, database: str, user: str = "postgres", password: str | None = None) -> URL:
        """The address of one of its databases."""
        return read_url(f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}", password)

    def database(self, template: str = "template1", owner: str = "postgres") -> URL:
        """A new database like the template."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER "{owner}"')
        self.made.append(name)
        return self.url(name)

    def renamed(self, database: URL) -> URL:
        """Give a database another name; returns its new address."""
        old = str(database.database)
        self.run(f'ALTER DATABASE "{old}" RENAME TO "{old}_new"')
        self.made[self.made.index(old)] = f"{old}_new"
        return self.url(f"{old}_new")

    def clear(self, kept: Collection[str]) -> None:
        """Drop the databases made so far, but for these: hundreds of tests would fill a small disk."""
        for name in self.made:
            if name not in kept:
                self.run(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.made = [name for name in self.made if name in kept]

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute one statement as the administrator."""
        where = f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            done = connection.execute(sql.encode())
            return done.fetchall() if done.description else []

    def end_sessions(self, database: str) -> None:
        """Cut every line to a database, as a server that goes down does."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")


@cache
def binaries() -> Path:
    """Where the programs of the newest server are; Debian keeps them out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    return Path(shutil.which("initdb") or "/usr/local/bin/initdb").parent


def server(shared: Path, mine: Path, runner: int) -> TestServer:
    """The server of this run: `shared` is a folder of the whole run, `runner` the process that ends last."""
    with _alone(shared):
        told = shared / "postgres.txt"
        if not told.exists():
            folder, port = _started(runner)
            told.write_text(f"{folder}\n{port}", "utf-8")
        folder_line, port_line = told.read_text("utf-8").split("\n")
    return TestServer(Path(folder_line), int(port_line), mine)


@contextmanager
def _alone(shared: Path) -> Iterator[None]:
    with (shared / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _started(runner: int) -> tuple[Path, int]:
    """Make a cluster and start it; root may not run one, so somebody without rights does."""
    folder = Path(tempfile.mkdtemp(prefix="jzdesk-postgres-"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(folder, user.pw_uid, user.pw_gid)
    port = _free_port()
    _run(user, "initdb", "-D", folder / "data", "--no-sync", "--no-instructions", "-U", "postgres", "-E", "UTF8",
         "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=zh-CN", "--auth=trust")  # fmt: skip
    data = folder / "data"
    (data / "pg_hba.conf").write_text(_ACCESS)
    settings = {**_QUICK, "port": str(port), "unix_socket_directories": ""}
    (data / "postgresql.auto.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
    _run(user, "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")
    _watch(user, runner, folder)
    made = TestServer(folder, port, folder)
    made.run(f"CREATE ROLE {SAFE_USER} LOGIN PASSWORD '{SAFE_PASSWORD}'")
    return folder, port


def _run(user: pwd.struct_passwd, program: str, *words: str | Path) -> None:
    rights: dict[str, Any] = {} if os.geteuid() else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [binaries() / program, *words], capture_output=True, cwd="/", check=False, **rights, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.returncode == 0, done.stderr.decode()


def _watch(user: pwd.struct_passwd, runner: int, folder: Path) -> None:
    """End the server when the run has ended, however it ended."""
    rights: dict[str, Any] = {} if os.geteuid() else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    watching = subprocess.Popen(
        ["sh", "-c", _WATCH, "watch", str(runner), binaries(), folder], cwd="/", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **rights,
    )  # fmt: skip
    _watching.append(watching)  # it outlives us


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
