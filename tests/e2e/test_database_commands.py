"""`jz county use` and `jz county database`: a county moves to a server and back from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main
from jzdesk.services.bundle import Services
from tests.factories.servers import SAFE_PASSWORD, SAFE_USER, TestServer
from tests.factories.stations import PASSWORD, new_station

Run = Callable[..., Any]


@pytest.fixture
def jz(county: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`jz` on the county, closed before; returns the JSON, or the words of what failed with `code`."""
    county.close()
    password = tmp_path / "password"
    password.write_text(PASSWORD, "utf-8")
    station = ("--station", county.info.folder, "--password-file", password)

    def run(*words: object, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([str(word) for word in (*station, *words, "--json")]) == code
        said = capsys.readouterr()
        return said.err if code else json.loads(said.out)

    return run


def test_a_county_moves_to_a_server_and_back(jz: Run, postgres: TestServer, tmp_path: Path) -> None:
    name = str(postgres.database().database)
    postgres.run(f'ALTER DATABASE "{name}" OWNER TO {SAFE_USER}')
    address, secret = str(postgres.url(name, SAFE_USER)), tmp_path / "secret"
    secret.write_text(f"{SAFE_PASSWORD}\n", "utf-8")
    words = ("county", "use", address, "--server-password-file", secret)
    before = jz("verify")
    assert jz("county", "database")["kind"] == "file"
    assert "加上 --yes" in jz(*words, code=1)
    assert "连不上" in jz("county", "use", address, "--yes", code=2)
    moved = jz(*words, "--yes")
    assert (moved["digest"], moved["place"]) == (before["digest"], jz("county", "database"))
    assert moved["place"] == {"kind": "server", "label": "PostgreSQL 服务器", "shown": address.replace("@", ":***@")}
    assert jz("verify") == before
    assert len(jz("county", "certificates")) == 0
    assert jz("backup", "make")["entries"] == before["entries"]
    assert jz("county", "use", "sqlite")["digest"] == before["digest"]
    assert "不需要搬动" in jz("county", "use", "sqlite", code=1)
    assert jz("verify") == before


def test_what_is_no_address_is_said(jz: Run) -> None:
    assert "地址的写法不对" in jz("county", "use", "mysql://a@b/c", "--yes", code=1)


def test_a_server_that_has_a_new_name_is_told_by_command(jz: Run, postgres: TestServer) -> None:
    url = postgres.database()
    assert "不在服务器上" in jz("county", "relocate", str(url), code=1)
    before = jz("county", "use", str(url), "--yes")
    moved = str(postgres.renamed(url))
    assert "没有这个数据库" in jz("verify", code=2)
    assert "没有本站的数据" in jz("county", "relocate", str(postgres.database()), code=1)
    assert jz("county", "relocate", moved)["shown"] == moved
    assert jz("verify")["digest"] == before["digest"]


def test_a_database_of_another_station_is_not_taken_for_ours(jz: Run, postgres: TestServer, tmp_path: Path) -> None:
    ours, theirs = postgres.database(), postgres.database()
    jz("county", "use", str(ours), "--yes")
    other = new_station(tmp_path / "other", "county", "431098", "另一县教育局")
    other.databases.use_server(str(theirs))
    other.close()
    assert "别的站" in jz("county", "relocate", str(theirs), code=1)
    assert jz("county", "database")["shown"] == str(ours)
