"""Which database a station uses: the file in its folder, or a server whose address is sealed beside it.

The address may hold a password, so it is stored encrypted under a key derived from the database key: it opens with
the password of any account, and with nothing less.
"""

from __future__ import annotations

import os
from hashlib import sha256

from jzdesk.core.errors import UserError
from jzdesk.store.databases import Database, FileDatabase
from jzdesk.store.folder import StationFolder, write_durably

_ABOUT = b"jzdesk-server-1"


def database_of(home: StationFolder, key: bytes, who: str = "") -> Database:
    """The database of the station in this folder; UserError when the address of its server is damaged."""
    if not home.server.is_file():
        return FileDatabase(home.database, key)
    from jzdesk.store.server import Server, read_url

    return Server(read_url(_unsealed(home, key)), key, who)


def seal(home: StationFolder, key: bytes, url: str) -> None:
    """From now on the station uses this server."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    write_durably(home.server, nonce + AESGCM(_sealing(key)).encrypt(nonce, url.encode(), _ABOUT))


def _unsealed(home: StationFolder, key: bytes) -> str:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = home.server.read_bytes()
    try:
        return AESGCM(_sealing(key)).decrypt(sealed[:12], sealed[12:], _ABOUT).decode()
    except (InvalidTag, ValueError):
        raise UserError(
            "数据库服务器的地址打不开，文件已损坏", "请从备份恢复本站，或联系维护人员。", home.server.name
        ) from None


def _sealing(key: bytes) -> bytes:
    return sha256(_ABOUT + b"\n" + key).digest()
