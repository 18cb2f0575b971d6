"""服务器换了地址或密码: a county's folder learns where its database is now, before anybody can log in."""

from __future__ import annotations

from pathlib import Path

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.store import slots
from jzdesk.store.folder import StationFolder


def on_server(folder: Path) -> bool:
    """Whether the station of a folder has its data on a server."""
    return StationFolder(folder).server.is_file()


def relocate(folder: Path, password: str, account: str | None, address: str, server_password: str | None = None) -> str:
    """Use this address from now on; returns it without its password. Nothing is copied: it must lead to our own data.

    Raises UserError for a wrong password of the account, a wrong address or somebody else's data; StationFault when
    the server cannot be reached. Then the old address stays.
    """
    from jzdesk.services.databases import driver
    from jzdesk.store import location

    home = StationFolder(folder)
    facts = home.facts()
    if not home.server.is_file():
        raise UserError("本站的数据不在服务器上", "要搬到服务器，请登录后用“维护”页或 jz county use。", "数据库")
    key, slot = slots.unlock(slots.load(home.slots), password, account, "account")
    driver()
    from jzdesk.store.server import Server, read_url
    from jzdesk.store.store import Store

    server = Server(read_url(address, server_password), key, slot.name)
    store = Store(server, key, Clock())
    try:
        if store.own_chain().dev != facts.device:
            raise UserError("这个数据库里是别的站的数据", "请核对服务器地址和数据库名。", str(server))
    finally:
        store.close()
    location.seal(home, key, server.url.render_as_string(hide_password=False))
    return str(server)
