"""The county's own keys: the newest pair signs, every earlier one still opens what was sealed to it (sync §6).

New pairs lie beside the database in a folder of their own; that a pair is in use is said by the succession that the
pair before it signed. Both stand outside every backup, but for the copy
that only the key on paper opens (`services.escrow`): an older database restored here does not bring an old key back.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.services.context import Context
from jzdesk.services.device import device_key
from jzdesk.services.disk import files
from jzdesk.store.folder import StationFolder, write_durably
from jzdesk.sync.keys import StationKeys, device_id
from jzdesk.sync.succession import Link

FOLDER, LIST = "county-keys", "successions.json"
SETTING = "successions"


def successions(context: Context) -> list[Link]:
    """The hand-overs so far, the oldest first: as kept beside the keys or in the database, whichever knows more."""
    kept = [_read(context.folder), context.store.setting(SETTING) or []]
    return [Link(b64decode(one["raw"]), b64decode(one["signature"])) for one in max(kept, key=len)]


def changes(context: Context) -> list[Link]:
    """Those hand-overs that brought another pair of keys; others only told of a new paper key (`services.escrow`)."""
    return [link for link in successions(context) if link.said.previous != link.said.card.signing]


def escrow_recipient(context: Context) -> str | None:
    """The paper key that packages are also sealed to, as the newest hand-over says."""
    links = successions(context)
    return links[-1].said.card.escrow if links else None


def all_keys(context: Context) -> list[StationKeys]:
    """Every pair the county has had, the newest first; raises UserError when the newest is not on this computer."""
    wrapping = device_key(context.key)
    found = [StationKeys.load(context.folder.keys, wrapping)]
    links = changes(context)
    for link in links:
        path = _key_file(context.folder, device_id(link.said.card.keys))
        if path.exists():
            found.insert(0, StationKeys.load(path, wrapping))
        elif link is links[-1]:
            raise UserError(
                "县里现在的密钥不在这台电脑上", f"请把换密钥那台电脑工作站文件夹里的“{FOLDER}”拷到本机。", FOLDER
            )
    return found


def save(context: Context, keys: StationKeys) -> None:
    """Keep a new pair; it is not in use before `hand_over` says so."""
    context.folder.sub(FOLDER)
    with files("存放新的县密钥"):
        keys.save(_key_file(context.folder, keys.device), device_key(context.key))


def hand_over(context: Context, link: Link) -> None:
    """From now on the pair that this succession names signs; one durable write decides."""
    listed = _listed([*successions(context), link])
    write_durably(context.folder.sub(FOLDER) / LIST, msgspec.json.encode(listed))
    context.store.set_setting(SETTING, listed)


def keep(home: StationFolder, wrapping: bytes, keys: Sequence[StationKeys], links: Sequence[Link]) -> None:
    """Put all keys of a county, the oldest first, with their hand-overs into a folder that has none."""
    keys[0].save(home.keys, wrapping)
    for pair in keys[1:]:
        home.sub(FOLDER)
        pair.save(_key_file(home, pair.device), wrapping)
    if links:
        write_durably(home.sub(FOLDER) / LIST, msgspec.json.encode(_listed(links)))


def _listed(links: Sequence[Link]) -> list[dict[str, str]]:
    return [{"raw": b64encode(one.raw).decode(), "signature": b64encode(one.signature).decode()} for one in links]


def _read(home: StationFolder) -> list[dict[str, Any]]:
    path = home.path / FOLDER / LIST
    if not path.is_file():
        return []
    with files("读取县密钥的清单"):
        found: list[dict[str, Any]] = msgspec.json.decode(path.read_bytes())
    return found


def _key_file(home: StationFolder, device: str) -> Path:
    return home.path / FOLDER / f"{device}.key"
